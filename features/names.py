"""Names of columns: lower case, words joined by underscores, unit at the end, each only once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from features.spec import Feature


def snake(text: str) -> str:
    """A name in letters, digits and underscores, which every tool takes.

    >>> snake("account.Nombre d'employés")
    'account_nombre_d_employes'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_") or "unnamed"


def unique(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """The features with clean names; names that clash get ``_2``, ``_3`` … in their order."""
    taken: set[str] = set()
    named = []
    for feature in features:
        stem = name = snake(feature.name)
        number = 1
        while name in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(name)
        named.append(replace(feature, name=name))
    return tuple(named)
