"""The sheet as people read, print and sign it: as text and as one HTML page, in English and French.

Both say the same and nothing more than the sheet holds: the story, what counts, the promise of each grade, the two
voices, the fields left out or kept, and the signatures, given or still to be given.
"""

from training.sheets.forms import html, promise_in_words, text
from training.sheets.words import Signed

__all__ = ["Signed", "html", "promise_in_words", "text"]
