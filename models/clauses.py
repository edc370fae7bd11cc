"""Facts as the clauses of one sentence: what belongs together is told together."""

from __future__ import annotations

import math
from collections.abc import Sequence

from features.spec import Family, Feature
from models.company import Company
from models.definition import Language
from models.mentions import Mentions
from models.seen import Seen
from models.translations import translations

_ARRIVAL = frozenset({"created", "handed_off"})


class Clauses:
    """Puts mentions together in one language: a company's size and industry, what came on one day, and the arrival."""

    def __init__(self, features: Sequence[Feature], mentions: Mentions, language: Language) -> None:
        self._features = features
        self._mentions = mentions
        self._text = translations(language)
        self.company = Company(features, language)
        ages = (i for i, f in enumerate(features) if f.family is Family.LEAD_AGE)
        self._arrival = {i for i in ages if features[i].measure in _ARRIVAL}

    def told(self, features: Sequence[int], seen: Seen) -> list[str]:
        """The words for these features, in their order.

        A company's size and industry are told together, and so are the kinds of activity that came last on one day.
        """
        together = self._together(features, seen)
        told = dict.fromkeys(together.get(i) or self._mentions.say(i, seen) for i in features)
        return [fact for fact in told if fact]

    def _together(self, features: Sequence[int], seen: Seen) -> dict[int, str]:
        """The words for features that are told with others, by feature."""
        together: dict[int, str] = {}
        if parts := self.company.parts(features, seen):
            together |= dict.fromkeys(parts, self.company.say(parts, seen))
        for day, kinds in self._days(features, seen).items():
            if len(kinds) > 1:
                things = ", ".join(self._mentions.activities(self._features[i].activity, 1) for i in kinds)
                said = self._text.gettext("%(when)s: %(things)s") % {"when": day, "things": things}
                together |= dict.fromkeys(kinds, said)
        arrival = [i for i in features if i in self._arrival and not math.isnan(seen.row[i])]
        if len(arrival) == len(_ARRIVAL):
            days = {self._mentions.when(float(seen.row[i]), seen) for i in arrival}
            if len(days) == 1:
                said = self._text.gettext("came in and was handed to sales %(when)s") % {"when": days.pop()}
                together |= dict.fromkeys(arrival, said)
        return together

    def _days(self, features: Sequence[int], seen: Seen) -> dict[str, list[int]]:
        """The kinds of activity that came last on one and the same day, by that day."""
        days: dict[str, list[int]] = {}
        for i in features:
            if day := self._day(i, seen):
                days.setdefault(day, []).append(i)
        return days

    def _day(self, feature: int, seen: Seen) -> str:
        """The day on which a kind of activity came last; empty where something else is told."""
        spec, days = self._features[feature], float(seen.row[feature])
        came = spec.family is Family.RECENCY and spec.activity is not None and not math.isnan(days)
        return self._mentions.when(days, seen) if came and not seen.tells_silence(days) else ""
