"""From volume to promise: what each cut-off of the score would give sales, and what it would leave."""

from training.negotiation.offers import Moved, Negotiation, Offer, moved, negotiate
from training.negotiation.page import page
from training.negotiation.terminal import render
from training.negotiation.words import say_moved

__all__ = ["Moved", "Negotiation", "Offer", "moved", "negotiate", "page", "render", "say_moved"]
