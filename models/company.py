"""What a company is, in a few words: "a 250-person logistics company"."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from features.spec import Family, Feature, FeatureKind
from models.definition import Language
from models.seen import Seen
from models.sentences import Sentences
from models.translations import translations
from models.vocabulary import M_

_LARGEST = 100_000
"""From so many employees on a number is rounded, and not part of a name."""

_COMPANIES: Mapping[str, tuple[str, str, str]] = {
    "alone": (M_("a one-person company"), M_("an %(n)s-person company"), M_("a %(n)s-person company")),
    "named": (
        M_("a one-person %(industry)s company"),
        M_("an %(n)s-person %(industry)s company"),
        M_("a %(n)s-person %(industry)s company"),
    ),
    "apart": (
        M_("a one-person company (%(industry)s)"),
        M_("an %(n)s-person company (%(industry)s)"),
        M_("a %(n)s-person company (%(industry)s)"),
    ),
}
"""For one person, for a number with a vowel first, and for any other."""

_EMPLOYEES = frozenset(
    {"employees", "employeecount", "numberofemployees", "nbemployees", "headcount", "companysize", "staff"}
    | {"effectif", "effectifs", "nbsalaries", "nombredesalaries"}
)
"""What the number of employees is called, letters only; *salaries* alone would be something else."""

_INDUSTRY = frozenset({"industry", "sector", "businesssector", "secteur", "secteuractivite", "secteurdactivite"})
_ADJECTIVE = re.compile(r"(?!(?:other|public|private|unknown|misc|various|n a)\b)[a-z]{3,}(?: [a-z]{3,})?")
"""An industry that can stand before *company*; *public company* would say something else."""

_PLAIN = re.compile(r"\w[\w &'’/+,-]*…?")
"""An industry that needs no quotation marks."""


class Company:
    """Tells size and industry together in one language. ``features`` are the numbers of those that hold either."""

    def __init__(self, features: Sequence[Feature], language: Language) -> None:
        self._all = features
        self._text = translations(language)
        self._sentences = Sentences(language)
        self._employees = _named(features, FeatureKind.NUMBER, _EMPLOYEES)
        self._industry = _named(features, FeatureKind.CATEGORY, _INDUSTRY)
        self.features = self._employees | self._industry

    def completes(self, feature: int, others: Sequence[int], seen: Seen) -> bool:
        """Whether a feature can be told in the same breath as one of these: the size of a company with its industry."""
        return any(i in self.features for i in others) and len(self.parts((feature, *others), seen)) > 1

    def parts(self, features: Sequence[int], seen: Seen) -> tuple[int, ...]:
        """The features that tell a company's size and, where it is known, its industry; none without a size."""
        known = [i for i in features if i in self.features and not math.isnan(seen.row[i])]
        size = next((i for i in known if i in self._employees and _headcount(float(seen.row[i]))), None)
        named = (i for i in known if i in self._industry and _PLAIN.fullmatch(seen.word(self._all[i])))
        industry = next(named, None)
        return () if size is None else (size,) if industry is None else (size, industry)

    def say(self, parts: Sequence[int], seen: Seen) -> str:
        """The words for these `parts`."""
        size, industry = parts[0], parts[1] if len(parts) > 1 else None
        people = float(seen.row[size])
        own = "" if industry is None else seen.word(self._all[industry])
        shape = "alone" if not own else "named" if _ADJECTIVE.fullmatch(own) else "apart"
        message = self._text.gettext(_COMPANIES[shape][0 if people == 1 else 1 if _takes_an(int(people)) else 2])
        return message % {"n": self._sentences.number(people), "industry": own}


def _named(features: Sequence[Feature], kind: FeatureKind, names: frozenset[str]) -> frozenset[int]:
    """The attributes of this kind that go by one of these names, and what else tells the same value."""
    told = {FeatureKind.NUMBER: (Family.ATTRIBUTE,), FeatureKind.CATEGORY: (Family.ATTRIBUTE, Family.RATE)}[kind]
    fields = {f.field for f in features if f.family is Family.ATTRIBUTE and f.kind is kind}
    named = {field for field in fields if _spelled(str(field)) in names}
    return frozenset(i for i, f in enumerate(features) if f.family in told and f.field in named)


def _spelled(field: str) -> str:
    return re.sub(r"[^a-z]", "", field.removeprefix("account.").casefold())


def _headcount(value: float) -> bool:
    return 1 <= value < _LARGEST and value == int(value)


def _takes_an(number: int) -> bool:
    """Whether a number is said with a vowel first: eight, eleven, eighteen, eighty, 8,500, 11,000.

    >>> [n for n in (1, 8, 10, 11, 18, 80, 110, 118, 8500, 11000) if _takes_an(n)]
    [8, 11, 18, 80, 8500, 11000]
    """
    digits = str(number)
    return digits[0] == "8" or (digits[:2] in {"11", "18"} and len(digits) % 3 == 2)  # noqa: PLR2004  11,000
