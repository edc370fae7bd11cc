"""Names of groups, made from what their leads have in common: ``source: webinar; employees: 200 or more``."""

from __future__ import annotations

import math
from collections.abc import Sequence

from models.definition import Definition
from models.vocabulary import Vocabulary, readable
from training.review.segments.portraits import Condition
from training.speaker import Speaker


class Names:
    """Names in one language, with the definition's words for fields."""

    def __init__(self, definition: Definition, speaker: Speaker) -> None:
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
            known = self._say("yes") if mine[0].holds else self._say("no, or not known")
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
            return self._say("under %(n)s, or not known", n=self._figure(high))
        return self._say("from %(low)s to under %(high)s", low=self._figure(low), high=self._figure(high))

    def _figure(self, value: float) -> str:
        digits = 0 if float(value).is_integer() else 2
        return self._speaker.number(value, digits).rstrip("0").rstrip(".,") if digits else self._speaker.number(value)

    def _level(self, condition: Condition) -> str:
        return self._words.level(readable(str(condition.test.equals)))
