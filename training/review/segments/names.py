"""Names of groups, made from what their leads have in common: ``source: webinar; employees: 200 or more``."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from crm.history import History
from models.definition import Definition
from models.vocabulary import Vocabulary, readable
from training.review.segments.portraits import Condition
from training.speaker import Speaker


class Names:
    """Names in one language, with the definition's words for fields; ``gaps`` are fields that some leads lack."""

    def __init__(self, definition: Definition, speaker: Speaker, gaps: Collection[str] = ()) -> None:
        self._gaps = frozenset(gaps)
        self._speaker, self._say = speaker, speaker.say
        self._words = Vocabulary(definition, speaker.language)

    def of(self, conditions: Sequence[Condition]) -> str:
        """The name of a group: what it is first, then what it is not; one part for each field."""
        by_field: dict[str, list[Condition]] = {}
        for condition in conditions:
            by_field.setdefault(condition.test.field, []).append(condition)
        order = sorted(by_field.values(), key=lambda mine: not any(c.holds for c in mine))
        return self._say("; ").join(self._part(mine) for mine in order)

    def _part(self, mine: Sequence[Condition]) -> str:
        field = mine[0].test.field
        name = self._words.name(field)
        if mine[0].test.at_least is not None:
            return self._say("%(name)s: %(fact)s", name=name, fact=self._number(mine))
        if isinstance(mine[0].test.equals, bool):
            no = self._say("no, or not known") if field in self._gaps else self._say("no")
            known = self._say("yes") if mine[0].holds else no
            return self._say("%(name)s: %(fact)s", name=name, fact=known)
        is_ = [self._level(c) for c in mine if c.holds]
        if is_:
            return self._say("%(name)s: %(fact)s", name=name, fact=is_[0])
        others = ", ".join(self._level(c) for c in mine)
        return self._say("%(name)s: other than %(fact)s", name=name, fact=others)

    def _number(self, mine: Sequence[Condition]) -> str:
        low = max((c.test.at_least or 0.0 for c in mine if c.holds), default=-math.inf)
        high = min((c.test.at_least or 0.0 for c in mine if not c.holds), default=math.inf)
        if math.isinf(high):
            return self._say("%(n)s or more", n=self._figure(low))
        if math.isinf(low):
            if mine[0].test.field in self._gaps:
                return self._say("under %(n)s, or not known", n=self._figure(high))
            return self._say("under %(n)s", n=self._figure(high))
        return self._say("from %(low)s to under %(high)s", low=self._figure(low), high=self._figure(high))

    def _figure(self, value: float) -> str:
        digits = 0 if float(value).is_integer() else max(2, 1 - math.floor(math.log10(abs(value))))
        return self._speaker.number(value, digits).rstrip("0").rstrip(".,") if digits else self._speaker.number(value)

    def _level(self, condition: Condition) -> str:
        return self._words.level(readable(str(condition.test.equals)))


def gaps_of(history: History) -> frozenset[str]:
    """The fields that are not known of some lead; of an account also where a lead has none."""
    alone = bool(history.leads["account_id"].isna().any())
    tables = {True: history.accounts, False: history.leads}
    return frozenset(
        field.name
        for field in history.fields
        if (field.of_account and alone) or tables[field.of_account][field.column].isna().any()
    )
