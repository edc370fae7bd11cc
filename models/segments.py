"""Marketing's segments: in which of them a lead is, told by the same rules and features in a report and in a reply.

A lead is in the first segment whose rule holds for it. Training refuses segments whose rules make no sense (`check`),
so a scorer carries all that its own segments ask for. Where a rule still cannot be told (a scorer of an earlier Accord,
whose training did not check), it is not known whether the lead is in it, nor in any after it: the segment is ``None``,
as it is where no rule holds. Scoring goes on.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from crm.history import Field, History
from features.catalog import Catalog
from features.facts import Facts, Record
from features.infer import infer
from features.instants import Ints
from models.conditions import Ground
from models.definition import Definition, Language
from models.loop import Segments
from models.rule_errors import RuleError, SegmentsError, Steps
from models.verdicts import Verdicts, wrong

PLACE: Steps = ("definition", "segments", "marketing")
"""Where marketing's segments stand in the file."""


@dataclass(frozen=True)
class Segmented:
    """The segments of a definition, made ready once. It may be asked from several threads at once.

    ``ready``: the rules in their order, up to the first that cannot be told; none of them is asked for where there are
    no segments.
    """

    ready: Verdicts | None

    @classmethod
    def of(cls, definition: Definition, catalog: Catalog, fields: tuple[Field, ...]) -> Segmented:
        """The segments of a scorer's definition, with its catalog and fields."""
        rules = definition.segments.marketing if definition.segments else {}
        ground = Ground(
            Facts.of_records([Record("")], fields), fields, catalog, never_use=definition.never_use, requests=True
        )
        ready = None
        for count in range(1, len(rules) + 1):
            try:
                ready = Verdicts.of(dict(list(rules.items())[:count]), PLACE, ground)
            except RuleError:
                break
        return cls(ready)

    def names(self, facts: Facts, lead: Ints, as_of: Ints) -> list[str | None]:
        """The segment of the lead ``lead[i]`` as known at ``as_of[i]`` (microseconds), ``None`` where it is in none."""
        if self.ready is None or not len(lead):
            return [None] * len(lead)
        told = self.ready.told(facts, lead, as_of)
        holds = np.array([*told.values(), np.ones(len(lead), dtype=bool)])
        names: list[str | None] = [*told, None]
        return [names[place] for place in holds.argmax(axis=0).tolist()]


def check(segments: Segments, ground: Ground) -> None:
    """Raises `SegmentsError` with every condition of the segments that makes no sense on this ground."""
    found = wrong(segments.marketing, PLACE, ground)
    if found:
        raise SegmentsError(found)


def check_on(history: History, definition: Definition, blocked: Collection[str]) -> None:
    """`check` on a history from which the audit takes these fields out; nothing to do without segments."""
    if definition.segments is None or not definition.segments.marketing:
        return
    out = frozenset(blocked) - definition.keep.keys()
    readable = history.without(out | set(definition.never_use))
    facts = Facts.of_history(readable, readable.fields)
    ground = Ground(facts, history.fields, infer(readable), blocked=out, never_use=frozenset(definition.never_use))
    check(definition.segments, ground)


def title_of(definition: Definition, name: str, language: Language) -> str:
    """What people call a segment: the team's words for it, else its name."""
    voice = definition.segments.marketing.get(name) if definition.segments else None
    return name if voice is None or voice.says is None else voice.says.told(language)
