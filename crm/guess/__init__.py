"""A first mapping for an export nobody described: guessed, explained, and written for a person to correct."""

from crm.guess.decide import guess
from crm.guess.draft import Guess, write

__all__ = ["Guess", "guess", "write"]
