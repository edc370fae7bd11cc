"""Facts within a sentence: what a feature says of a lead, as a few words that can stand in a list.

Nouns come from the definition and have no known gender, so French is only given what is right for either: « sans appel
jusqu’ici », « visites des tarifs en hausse », never an article or a participle of a noun that is not ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial

from crm.history import Field, Kind
from features.instants import DAY
from features.spec import Family, Feature, FeatureKind
from models.definition import Definition, Language
from models.phrases import silent_from
from models.quoted import quoted
from models.seen import Say, Seen
from models.sentences import Sentences
from models.translations import translations
from models.vocabulary import M_, N_, Vocabulary

_SECOND = 1_000_000

_MOMENTS: Mapping[str, tuple[str, str]] = {
    "created": (M_("came in %(when)s"), M_("date of creation not known")),
    "handed_off": (M_("handed to sales %(when)s"), M_("not handed to sales so far")),
    "accepted": (M_("accepted by sales %(when)s"), M_("not accepted by sales so far")),
    "since_won": (M_("last sale to the company %(when)s"), M_("no lead of the company won so far")),
}
_COMPANY: Mapping[str, tuple[tuple[str, str], str]] = {
    "known": (N_("one colleague known", "%(n)s colleagues known"), M_("no colleague known")),
    "active": (
        N_("one colleague active %(window)s", "%(n)s colleagues active %(window)s"),
        M_("no colleague active %(window)s"),
    ),
    "activities": (
        N_("one activity of colleagues %(window)s", "%(n)s activities of colleagues %(window)s"),
        M_("no activity of colleagues %(window)s"),
    ),
    "won": (
        N_("one lead of the company already won", "%(n)s leads of the company already won"),
        M_("no lead of the company won so far"),
    ),
    "lost": (
        N_("one lead of the company decided without a sale", "%(n)s leads of the company decided without a sale"),
        M_("no lead of the company decided without a sale"),
    ),
}
_REACHED: Mapping[str, tuple[str, str]] = {
    "handed_off": (M_("handed to sales"), M_("not handed to sales so far")),
    "accepted": (M_("accepted by sales"), M_("not accepted by sales so far")),
}
_OWNED = frozenset({"company", "free", "academic", "government", "disposable"})
"""What an e-mail address is *of*; the other levels say that it is not known."""


class Mentions:
    """What the features say within a sentence of one language; an empty text where there is nothing to tell."""

    def __init__(
        self, features: Sequence[Feature], fields: Sequence[Field], definition: Definition, language: Language
    ) -> None:
        self._features = features
        self._text = translations(language)
        self._sentences = Sentences(language)
        self._words = Vocabulary(definition, language)
        self._name = lru_cache(maxsize=1024)(self._words.name)
        self.activities = lru_cache(maxsize=4096)(self._activities)
        self._ours = {field.name for field in fields if field.actor}
        self._yes_no = {field.name for field in fields if field.kind is Kind.BOOLEAN}
        self._say = [self._mention(feature) for feature in features]
        self._silent_from = silent_from(features)

    def say(self, feature: int, seen: Seen) -> str:
        """The words for feature number ``feature``."""
        value = float(seen.row[feature])
        if value == 0 and feature in self._silent_from:
            recency, days = self._silent_from[feature]
            if not float(seen.row[recency]) < days:
                return self._say[recency](float(seen.row[recency]), seen)
        return self._say[feature](value, seen)

    def name(self, feature: int) -> str:
        """What feature number ``feature`` is about."""
        spec = self._features[feature]
        return self._name(spec.field) if spec.field else self.activities(spec.activity, 2)

    def _activities(self, kind: str | None, count: int) -> str:
        """The noun for ``count`` activities of a kind, which may be one that nobody has words for."""
        return self._words.activities(kind if self._words.knows(kind) else quoted(str(kind)), count)

    def _mention(self, feature: Feature) -> Say:
        make = {
            Family.ATTRIBUTE: self._attribute,
            Family.PRESENCE: self._presence,
            Family.AGE: self._age,
            Family.LEAD_AGE: self._moment,
            Family.SENIORITY: self._category,
            Family.DOMAIN: self._domain,
            Family.COUNT: self._count,
            Family.RECENCY: self._recency,
            Family.TREND: self._trend,
            Family.ACTIVE_DAYS: self._active_days,
            Family.PROGRESS: self._progress,
            Family.BUYING_GROUP: self._colleagues,
            Family.ACCOUNT_RECORD: self._colleagues,
            Family.RATE: self._rate,
        }
        return make[feature.family](feature)

    def _attribute(self, feature: Feature) -> Say:
        if feature.kind is FeatureKind.CATEGORY:
            return self._category(feature)
        if feature.field in self._yes_no:
            yes, no = (self._fact(feature, self._text.gettext(word)) for word in ("yes", "no"))
            return self._if_known(feature, lambda value, _: yes if value else no)
        return self._if_known(feature, lambda value, _: self._fact(feature, self._sentences.number(value)))

    def _category(self, feature: Feature) -> Say:
        def say(_: float, seen: Seen) -> str:
            own = seen.word(feature)
            return self._value(feature, own) if own else ""

        return self._if_known(feature, say)

    def _rate(self, feature: Feature) -> Say:
        """Only the value that has the rate: how others fared with it is nothing the request holds.

        One of our own people is not told as a reason at all: it says nothing of the lead.
        """
        unknown = self._unknown(feature)
        if feature.field in self._ours:
            return lambda _value, _seen: ""

        def say(value: float, seen: Seen) -> str:
            own = seen.word(feature)
            if not own:
                return unknown(seen)
            return "" if math.isnan(value) else self._value(feature, own)

        return say

    def _domain(self, feature: Feature) -> Say:
        levels = feature.levels or ()
        of = self._text.gettext("%(field)s %(level)s")
        told = [
            of % {"field": self._name(str(feature.field)), "level": self._words.level(level)}
            if level in _OWNED
            else self._fact(feature, self._words.level("unknown"))
            for level in levels
        ]
        return self._if_known(feature, lambda code, _: told[int(code)])

    def _presence(self, feature: Feature) -> Say:
        name = {"field": self._name(str(feature.field))}
        absent, given = (self._text.gettext(m) % name for m in (M_("without %(field)s"), M_("with %(field)s")))
        if feature.measure != "length":
            return lambda value, _: "" if math.isnan(value) else given if value > 0 else absent
        length = partial(self._text.ngettext, *N_("%(n)s character", "%(n)s characters"))

        def say(value: float, _: Seen) -> str:
            if not value > 0:
                return "" if math.isnan(value) else absent
            return self._fact(feature, length(int(value)) % {"n": self._sentences.number(value)})

        return say

    def _age(self, feature: Feature) -> Say:
        def say(days: float, seen: Seen) -> str:
            instant = seen.as_of - round(days * DAY / _SECOND) * _SECOND  # old dates are exact to the second
            return self._fact(feature, self._sentences.date(instant))

        return self._if_known(feature, say)

    def _moment(self, feature: Feature) -> Say:
        since, never = (self._text.gettext(message) for message in _MOMENTS[str(feature.measure)])
        return lambda days, seen: never if math.isnan(days) else since % {"when": self.when(days, seen)}

    def _progress(self, feature: Feature) -> Say:
        reached, not_yet = (self._text.gettext(message) for message in _REACHED[str(feature.measure)])
        return lambda value, _: reached if value > 0 else not_yet

    def _count(self, feature: Feature) -> Say:
        things, window = partial(self.activities, feature.activity), self._sentences.window(feature.window_days)
        none = self._text.gettext("no %(thing)s %(window)s") % {"thing": things(1), "window": window}
        some = partial(self._text.ngettext, *N_("one %(thing)s %(window)s", "%(n)s %(thing)s %(window)s"))

        def say(value: float, _: Seen) -> str:
            n = int(value)
            if n < 1:
                return none
            return some(n) % {"n": self._sentences.number(n), "thing": things(n), "window": window}

        return say

    def _recency(self, feature: Feature) -> Say:
        thing = self.activities(feature.activity, 1)
        window = self._sentences.window(None)
        none = self._text.gettext("no %(thing)s %(window)s") % {"thing": thing, "window": window}
        last, since = self._text.gettext("last %(thing)s %(when)s"), self._text.gettext("no %(thing)s since %(date)s")

        def say(days: float, seen: Seen) -> str:
            if math.isnan(days):
                return none
            instant = seen.as_of - round(days * DAY)
            if seen.tells_silence(days):
                return since % {"thing": thing, "date": self._sentences.date(instant, seen.as_of)}
            return last % {"thing": thing, "when": self._sentences.when(instant, seen.as_of)}

        return say

    def _trend(self, feature: Feature) -> Say:
        things = {"things": self.activities(feature.activity, 2)}
        more = self._text.gettext("more %(things)s than before") % things
        less = self._text.gettext("fewer %(things)s than before") % things
        same = self._text.gettext("as many %(things)s as before") % things
        return lambda value, _: more if value > 0 else less if value < 0 else same

    def _active_days(self, feature: Feature) -> Say:
        window = self._sentences.window(feature.window_days)
        days = partial(self._text.ngettext, *N_("active on one day %(window)s", "active on %(n)s days %(window)s"))
        none = self._text.gettext("not active %(window)s") % {"window": window}

        def say(value: float, _: Seen) -> str:
            return days(int(value)) % {"n": self._sentences.number(value), "window": window} if value > 0 else none

        return say

    def _colleagues(self, feature: Feature) -> Say:
        if feature.measure in _MOMENTS:
            return self._moment(feature)
        (one, other), zero = _COMPANY[str(feature.measure)]
        window = {"window": self._sentences.window(feature.window_days)}
        none = self._text.gettext(zero) % window

        def say(value: float, _: Seen) -> str:
            some = self._text.ngettext(one, other, int(value))
            return some % {"n": self._sentences.number(value), **window} if value > 0 else none

        return say

    def _if_known(self, feature: Feature, say: Say) -> Say:
        unknown = self._unknown(feature)
        return lambda value, seen: unknown(seen) if math.isnan(value) else say(value, seen)

    def _unknown(self, feature: Feature) -> Callable[[Seen], str]:
        said = self._text.gettext("%(field)s not known") % {"field": self._name(str(feature.field))}
        return lambda seen: said if seen.against and seen.may_know(feature) else ""

    def _fact(self, feature: Feature, fact: str) -> str:
        return self._text.gettext("%(name)s (%(fact)s)") % {"name": self._name(str(feature.field)), "fact": fact}

    def _value(self, feature: Feature, own: str) -> str:
        name = self._name(str(feature.field))
        return self._text.gettext("%(name)s “%(value)s”") % {"name": name, "value": own}

    def when(self, days: float, seen: Seen) -> str:
        """The day that many days before the instant of the score."""
        return self._sentences.when(seen.as_of - round(days * DAY), seen.as_of)
