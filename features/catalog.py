"""The catalog: which features a scorer knows, as frozen specs that are stored with it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from features.activity import Activity
from features.ages import DateAges, Moments
from features.attributes import NumberAttributes, WordAttributes
from features.colleagues import AccountRecord, BuyingGroup
from features.part import Part
from features.rates import Rates
from features.spec import OTHER, Availability, Family, Feature, FeatureKind, RateTable

__all__ = ["OTHER", "Availability", "Catalog", "Family", "Feature", "FeatureKind", "RateTable"]

_PARTS = (NumberAttributes, WordAttributes, DateAges, Moments, Activity, BuyingGroup, AccountRecord)


@dataclass(frozen=True)
class Catalog:
    """Features, in the order of the matrix's columns, with the rate tables that some of them read.

    Names are unique. A catalog holds everything that `features.compute.matrix` needs beside the facts, so two equal
    catalogs give equal matrices anywhere.
    """

    features: tuple[Feature, ...]
    rates: tuple[RateTable, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The column names."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON: the same for equal catalogs on any machine."""
        return hashlib.sha256(msgspec.json.encode(self.to_json(), order="sorted")).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, from which `from_json` makes an equal catalog."""
        return {"features": msgspec.to_builtins(self.features), "rates": msgspec.to_builtins(self.rates)}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Catalog:
        """The catalog of `to_json`; raises `msgspec.ValidationError` where the values are not of one."""
        return msgspec.convert(stored, cls)

    def without(self, names: Sequence[str]) -> Catalog:
        """The same catalog without these features; rate tables that nothing reads any more are left out."""
        out = frozenset(names)
        kept = tuple(feature for feature in self.features if feature.name not in out)
        read = {(f.field, f.measure) for f in kept if f.family == Family.RATE}
        return Catalog(kept, tuple(t for t in self.rates if (t.field, t.outcome) in read))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The features compiled into parts that compute several at once; made once, for one lead and for a million."""
        placed = list(enumerate(self.features))
        parts: list[Part | None] = [part.of(placed) for part in _PARTS]
        return tuple(part for part in (*parts, Rates.of(placed, self.rates)) if part is not None)
