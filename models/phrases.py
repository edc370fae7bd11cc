"""Facts in plain words: the phrase for a feature's value, prepared once a feature and language."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt
from babel.numbers import format_decimal, format_percent

from crm.history import Field, Kind
from features.spec import OTHER, Family, Feature, FeatureKind
from models.definition import Definition, Language
from models.translations import translations
from models.vocabulary import M_, N_, Vocabulary, capitalised

Row = npt.NDArray[np.float64]
Say = Callable[[float], str]
"""A feature's value, NaN where missing, to its phrase."""

_KEPT = 256
"""Phrases kept ready of each feature: with 4096 a service held 30 MiB more once it had read 4,000 leads back."""

_MOMENTS: Mapping[str, tuple[str, str]] = {
    "created": (M_("created %(ago)s"), M_("date of creation not known")),
    "handed_off": (M_("handed to sales %(ago)s"), M_("not handed to sales so far")),
    "accepted": (M_("accepted by sales %(ago)s"), M_("not accepted by sales so far")),
    "since_won": (M_("last lead of the company won %(ago)s"), M_("no lead of the company won so far")),
}
_REACHED: Mapping[str, tuple[str, str]] = {
    "handed_off": (M_("handed to sales"), M_("not handed to sales so far")),
    "accepted": (M_("accepted by sales"), M_("not accepted by sales so far")),
}
_COMPANY: Mapping[str, str] = {
    "known": M_("other leads of the company"),
    "active": M_("other leads of the company active %(window)s"),
    "activities": M_("activities of other leads of the company %(window)s"),
    "won": M_("other leads of the company won"),
    "lost": M_("other leads of the company decided and not won"),
}
_RATES: Mapping[str, str] = {
    "accept": M_("%(rate)s of earlier leads accepted"),
    "close": M_("%(rate)s of earlier leads won"),
}


class Phrases:
    """What the features say in one language; ``fields`` tell which numbers are yes or no."""

    def __init__(
        self, features: Sequence[Feature], fields: Sequence[Field], definition: Definition, language: Language
    ) -> None:
        self._features = features
        self._language = language
        self._text = translations(language)
        self._words = Vocabulary(definition, language)
        self._yes_no = {field.name for field in fields if field.kind is Kind.BOOLEAN}
        self._say = [self._phrase(feature) for feature in features]
        self._silent_from = silent_from(features)

    def say(self, feature: int, row: Sequence[float] | Row) -> str:
        """The phrase for feature number ``feature`` in a row of all features.

        A pace that is the same because nothing came of late or before is told as the last time, or as none.
        """
        value = float(row[feature])
        if value == 0 and feature in self._silent_from:
            recency, days = self._silent_from[feature]
            last = float(row[recency])
            if not last < days:
                return self._say[recency](last)
        return self._say[feature](value)

    def name(self, feature: int) -> str:
        """What feature number ``feature`` is about."""
        spec = self._features[feature]
        return self._words.field(spec.field) if spec.field else capitalised(self._words.activities(spec.activity, 2))

    def number(self, value: float) -> str:
        """A number as phrases write it."""
        return self._number(value)

    def _phrase(self, feature: Feature) -> Say:
        make = {
            Family.ATTRIBUTE: self._attribute,
            Family.PRESENCE: self._presence,
            Family.AGE: self._age,
            Family.LEAD_AGE: self._moment,
            Family.SENIORITY: self._attribute,
            Family.DOMAIN: self._attribute,
            Family.COUNT: self._count,
            Family.RECENCY: self._recency,
            Family.TREND: self._trend,
            Family.ACTIVE_DAYS: self._active_days,
            Family.PROGRESS: self._progress,
            Family.BUYING_GROUP: self._company,
            Family.ACCOUNT_RECORD: self._company,
            Family.RATE: self._rate,
        }
        phrase = make[feature.family](feature)
        return lru_cache(maxsize=_KEPT)(lambda value: capitalised(phrase(value)))

    def _attribute(self, feature: Feature) -> Say:
        fact = partial(self._fact, str(feature.field))
        if feature.kind is FeatureKind.CATEGORY:
            said = [fact(self._level(feature, level)) for level in feature.levels or ()]
            return self._unless_missing(fact, lambda code: said[int(code)])
        if feature.field in self._yes_no:
            yes, no = fact(self._text.gettext("yes")), fact(self._text.gettext("no"))
            return self._unless_missing(fact, lambda value: yes if value else no)
        return self._unless_missing(fact, lambda value: fact(self._number(value)))

    def _level(self, feature: Feature, level: str) -> str:
        ours = feature.family is not Family.ATTRIBUTE or level == OTHER
        return self._words.level(level) if ours else level

    def _presence(self, feature: Feature) -> Say:
        fact = partial(self._fact, str(feature.field))
        absent = fact(self._text.gettext("not given"))
        if feature.measure == "length":
            length = partial(self._text.ngettext, *N_("%(n)s character", "%(n)s characters"))
            return lambda value: fact(length(int(value)) % {"n": self._number(value)}) if value > 0 else absent
        given = fact(self._text.gettext("given"))
        return lambda value: given if value > 0 else absent

    def _age(self, feature: Feature) -> Say:
        fact = partial(self._fact, str(feature.field))
        return self._unless_missing(fact, lambda days: fact(self._ago(days)))

    def _moment(self, feature: Feature) -> Say:
        since, never = (self._text.gettext(message) for message in _MOMENTS[str(feature.measure)])
        return lambda days: never if math.isnan(days) else since % {"ago": self._ago(days)}

    def _progress(self, feature: Feature) -> Say:
        reached, not_yet = (self._text.gettext(message) for message in _REACHED[str(feature.measure)])
        return lambda value: reached if value > 0 else not_yet

    def _count(self, feature: Feature) -> Say:
        window, things = self._window(feature), partial(self._words.activities, feature.activity)
        none = self._text.gettext("%(things)s: none %(window)s") % {"things": things(2), "window": window}

        def say(value: float) -> str:
            if not value > 0:
                return none
            return f"{self._number(value)} {things(int(value))} {window}"

        return say

    def _recency(self, feature: Feature) -> Say:
        things = self._words.activities(feature.activity, 2)
        none = self._text.gettext("%(things)s: none so far") % {"things": things}
        last = self._text.gettext("%(things)s: most recently %(ago)s")
        return lambda days: none if math.isnan(days) else last % {"things": things, "ago": self._ago(days)}

    def _trend(self, feature: Feature) -> Say:
        things = self._words.activities(feature.activity, 2)
        more = self._fact_of(things, self._text.gettext("more often than before"))
        less = self._fact_of(things, self._text.gettext("less often than before"))
        same = self._fact_of(things, self._text.gettext("no more and no less often than before"))
        return lambda value: more if value > 0 else less if value < 0 else same

    def _active_days(self, feature: Feature) -> Say:
        window = self._window(feature)
        days = partial(self._text.ngettext, *N_("active on %(n)s day %(window)s", "active on %(n)s days %(window)s"))
        none = self._text.gettext("not active %(window)s") % {"window": window}
        return lambda value: days(int(value)) % {"n": self._number(value), "window": window} if value > 0 else none

    def _company(self, feature: Feature) -> Say:
        if feature.measure in _MOMENTS:
            return self._moment(feature)
        what = self._text.gettext(_COMPANY[str(feature.measure)]) % {"window": self._window(feature)}
        fact = partial(self._fact_of, what)
        return self._unless_missing(fact, lambda value: fact(self._number(value)))

    def _rate(self, feature: Feature) -> Say:
        fact = partial(self._fact, str(feature.field))
        won = self._text.gettext(_RATES[str(feature.measure)])
        return self._unless_missing(fact, lambda rate: fact(won % {"rate": self._percent(rate)}))

    def _unless_missing(self, fact: Callable[[str], str], say: Say) -> Say:
        missing = fact(self._text.gettext("not known"))
        return lambda value: missing if math.isnan(value) else say(value)

    def _fact(self, field: str, fact: str) -> str:
        return self._fact_of(self._words.field(field), fact)

    def _fact_of(self, name: str, fact: str) -> str:
        return self._text.gettext("%(name)s: %(fact)s") % {"name": name, "fact": fact}

    def _window(self, feature: Feature) -> str:
        if feature.window_days is None:
            return self._text.gettext("so far")
        days = feature.window_days
        message = self._text.ngettext("in the last day", "in the last %(days)s days", math.ceil(days))
        return message % {"days": self._number(days)}

    def _ago(self, days: float) -> str:
        whole = int(days)
        if whole < 1:
            return self._text.gettext("less than a day ago")
        return self._text.ngettext("%(n)s day ago", "%(n)s days ago", whole) % {"n": self._number(whole)}

    def _percent(self, rate: float) -> str:
        return str(format_percent(round(rate, 3), locale=self._language, decimal_quantization=False))

    def _number(self, value: float) -> str:
        return str(format_decimal(value, format="#,##0.##", locale=self._language))


def silent_from(features: Sequence[Feature]) -> dict[int, tuple[int, float]]:
    """For each trend the recency of the same activity, and the days from which both windows are empty."""
    recency = {f.activity: i for i, f in enumerate(features) if f.family is Family.RECENCY}
    return {
        i: (recency[f.activity], 2 * f.window_days)
        for i, f in enumerate(features)
        if f.family is Family.TREND and f.window_days is not None and f.activity in recency
    }
