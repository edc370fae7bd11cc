"""Names of fields that say a protected trait, and what their values must look like before a name is believed.

A name is taken apart into words without accents, so `message_length` and `page_views` hold no "age". Some names cannot
mean anything but a person's trait. Others can (a genre of music, the age of a machine): they are believed only where
the values do not speak against it, and else a person is asked.
"""

from __future__ import annotations

import re

import numpy as np

from training.audit.checks.lexicon import plain
from training.audit.columns import Column

_SURE = re.compile(
    r"\b(gender|sexe?|ethnic\w*|ethnie|religio\w*|nationalit\w+|marital\w*|matrimonial\w*|maiden name"
    r"|nom de jeune fille|dob|birth\w*|naissance|(date|year|place|country) of birth|sexual orientation"
    r"|orientation sexuelle|trade union|union member\w*|syndicats?|syndique\w*|disabilit\w+|handicap\w*|pregnan\w+"
    r"|grossesse|enceinte|situation familiale|etat civil|civil status|family status|children count"
    r"|(has|have|number of|nb|nombre d?) ?(children|kids|enfants)|health (status|condition)|etat de sante"
    r"|medical (condition|history)|political (opinion|party)|opinions? politiques?)\b"
)
_OF_FEW_VALUES = re.compile(
    r"\b(genre|race|civilite|civility|salutation|honorific|age (group|band|bracket|range|class)"
    r"|(tranche|classe|groupe) d ?age)\b"
)
_AGE = re.compile(r"\bages?\b")
_BAND = re.compile(r"^\D*(1[4-9]|[2-9]\d)\s*(-|\u2013|to|a|et|and|/)\s*\d{2}\D*$|^\D*[1-9]\d\s*\+?\D*$")

_FEW = 8
_YOUNGEST, _OLDEST = 14.0, 100.0
_MOSTLY = 0.6


def words_of(name: str) -> str:
    """A field's name as words: ``birthDate``, ``birth_date`` and ``Birth date`` are one.

    >>> words_of("messageLength"), words_of("Tranche_d'âge")
    ('message length', 'tranche d age')
    """
    parted = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", name)
    return re.sub(r"[^a-z]+", " ", plain(parted)).strip()


def named(column: Column) -> tuple[str, bool] | None:
    """The words of the name that say a protected trait, and whether its values leave that beyond doubt."""
    words = words_of(column.field.column)
    person = not column.field.of_account  # a company has no trait of its own, but its record may tell a person's
    if found := _SURE.search(words):
        return found[0], person
    if found := _OF_FEW_VALUES.search(words):
        return found[0], person and column.distinct <= _FEW
    if found := _AGE.search(words):
        return found[0], person and _ages_of_people(column)
    return None


def _ages_of_people(column: Column) -> bool:
    """Whether the values could be ages of grown-ups: an age in days, or of companies and things, begins at nought."""
    if column.number is not None:
        low, high = np.quantile(column.number[column.filled], (0.05, 0.95))
        return bool(low >= _YOUNGEST and high <= _OLDEST)
    counts = column.counts(column.filled)[:-1]
    bands = [i for i, level in enumerate(column.levels) if _BAND.match(plain(level))]
    return bool(counts[bands].sum() >= _MOSTLY * counts.sum())
