"""What others wrote, made fit to stand in a sentence of ours: values, names and words are data, never instructions."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LONGEST = 40
"""Characters of a value that are told."""

_SPACES = re.compile(r"[^\S\u00a0\u202f]+")
"""Any white space but the two that typography puts on purpose."""

_TYPOGRAPHY = re.compile("[\u00a0\u202f]")
_MARKS = re.compile("[“”«»_]")


def plain(text: str) -> str:
    r"""The text on one line: no control, formatting or unassigned characters, no white space but single spaces.

    >>> plain("one\n two\u202e\x00  three")
    'one two three'
    """
    if _TYPOGRAPHY.sub("", text).isprintable() and "  " not in text:
        return text.strip()
    on_one_line = _SPACES.sub(" ", text)
    shown = (c for c in on_one_line if c in "\u00a0\u202f" or unicodedata.category(c)[0] != "C")
    return re.sub(" +", " ", "".join(shown)).strip()


@lru_cache(maxsize=4096)
def quoted(text: str, longest: int = LONGEST) -> str:
    r"""A value as a story puts it between quotation marks: on one line, without any of its own, and shortened.

    The underscores of codes are spaces to people.

    >>> quoted("Head of\tlogistics"), quoted("public_sector"), quoted("“ab”" * 9, longest=8)
    ('Head of logistics', 'public sector', 'ab ab a…')
    """
    on_one_line = plain(_MARKS.sub(" ", text[: 10 * longest]))
    return on_one_line if len(on_one_line) <= longest else f"{on_one_line[: longest - 1].rstrip()}…"
