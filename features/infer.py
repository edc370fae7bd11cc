"""Infers a catalog: which features a history allows, with levels and rate tables fixed from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from crm.history import Field, History, Kind, Known, Milestone
from features.catalog import Catalog
from features.columns import readable
from features.facts import Facts
from features.inferred_attributes import attribute_features
from features.inferred_events import account_features, activity_features, progress_features
from features.instants import micros_of
from features.names import unique
from features.rates import ACCEPT, CLOSE, learn
from features.spec import Availability, Family, Feature, FeatureKind, RateTable

_AVAILABLE = {Known.AT_CREATION: Availability.AT_CREATION, Known.AT_HANDOFF: Availability.AT_HANDOFF}


@dataclass(frozen=True, slots=True)
class InferSettings:
    """How much a history must say before something becomes a feature."""

    min_leads: int = 20  # leads that must show a level or an activity kind
    min_share: float = 0.002  # and the share of leads
    most_levels: int = 40  # of one category, the frequent first
    most_kinds: int = 12  # of activity
    windows: tuple[float, ...] = (1, 7, 30, 90)  # days, of which those that tell something apart are taken
    most_rated: int = 200  # values of a category that get a rate of their own
    rated_fields: int = 8  # categories that get rates, in the order of the fields
    strength: float = 20  # leads that the overall rate counts as

    def support(self, leads: int) -> int:
        """Leads that must show a thing in a history of this many; small histories are held to less."""
        return max(min(self.min_leads, leads // 20), round(self.min_share * leads), 2)


def infer(history: History, settings: InferSettings | None = None) -> Catalog:
    """The features that this history allows. Deterministic, and the same whatever the order of the rows.

    Fields whose values are alike for all leads, identifiers, and what is known only after the outcome give none; nor do
    those that name a person on our side: a lead is no better for who happens to judge it. A history without times gives
    attributes only.
    """
    settings = settings or InferSettings()
    history = history.without(field.name for field in history.fields if field.actor)
    facts = Facts.of_history(history, history.fields)
    support = settings.support(len(facts))
    available = {field.name: availability(field, facts) for field in history.fields}
    features = list(attribute_features(history.fields, facts, available, support, settings.most_levels))
    rates: tuple[RateTable, ...] = ()
    if history.timed:
        features += progress_features(facts)
        features += activity_features(facts, settings.windows, support, settings.most_kinds)
        features += account_features(facts, settings.windows)
        rates = tuple(_rates(history, facts, settings))
        features += (_rate_feature(table, available[table.field]) for table in rates)
    return Catalog(unique(features), rates)


def availability(field: Field, facts: Facts) -> tuple[Availability, str]:
    """From when on a field is known; hand-off counts only where hand-offs are recorded with their time."""
    known_from = _AVAILABLE.get(field.known, Availability.UNDECLARED)
    if known_from == Availability.AT_HANDOFF and not (facts.moment(Milestone.HANDED_OFF) > 0).any():
        known_from = Availability.UNDECLARED
    return known_from, field.why


def _rates(history: History, facts: Facts, settings: InferSettings) -> Iterator[RateTable]:
    _, words = readable(history.fields)
    chosen = [f for f in words if f.kind == Kind.CATEGORY and _varies(f, facts)][: settings.rated_fields]
    until = micros_of(history.exported_at)
    for outcome in (ACCEPT, CLOSE) if history.tracks_acceptance else (CLOSE,):
        for field in chosen:
            table = learn(facts, field.name, outcome, until, settings.strength, settings.most_rated)
            if table is not None:
                yield table


def _varies(field: Field, facts: Facts) -> bool:
    code = facts.codes[:, facts.word_names.index(field.name)]
    return bool(len(code)) and bool((code != code[0]).any())


def _rate_feature(table: RateTable, available: tuple[Availability, str]) -> Feature:
    feature = Feature(
        name=f"{table.field}_{table.outcome}_rate",
        kind=FeatureKind.NUMBER,
        family=Family.RATE,
        topic=table.field,
        field=table.field,
        measure=table.outcome,
        available=Availability.THE_DAY_AFTER,
        why="counts leads that came of age by the end of the day before, without the lead itself",
    )
    return replace(feature, available=available[0]) if available[0] == Availability.AT_HANDOFF else feature
