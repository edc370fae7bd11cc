"""Says a voice's rule in words, so that the other team can read it."""

from __future__ import annotations

from collections.abc import Sequence

from babel.lists import format_list
from babel.numbers import format_decimal

from features.words import SENIORITY
from models.definition import Definition, Language
from models.rules import ActivityTest, AllOf, AnyOf, Comparison, FeatureTest, FieldTest, Not, Rule
from models.translations import translations
from models.vocabulary import M_, Vocabulary, readable

EVER = 3_650
"""Days from which a window is no window."""

_BOUNDS = {
    "at_least": M_("at least %(n)s"),
    "above": M_("more than %(n)s"),
    "at_most": M_("at most %(n)s"),
    "below": M_("less than %(n)s"),
}


class Sayings:
    """What rules say in one language, with the definition's words for fields and activities."""

    def __init__(self, definition: Definition, language: Language) -> None:
        self._language = language
        self._text = translations(language)
        self._words = Vocabulary(definition, language)
        self._named = frozenset(definition.words)

    def rule(self, rule: Rule) -> str:
        """The rule in words; a part that is itself a list is put in brackets.

        ``Industry: logistics or retail and at least 3 visits to pages in the last 30 days``
        """
        match rule:
            case AllOf() | AnyOf():
                joined = [self._inside(part) for part in rule.parts]
                return self._listed(joined, any_of=isinstance(rule, AnyOf))
            case Not():
                return self._text.gettext("not the case: %(rule)s") % {"rule": self._inside(rule.part)}
            case ActivityTest():
                return self._activity(rule)
            case FieldTest():
                return self._fact(self._words.field(rule.field), rule)
            case FeatureTest():
                return self._fact(self._feature(rule.feature), rule)

    def _inside(self, part: Rule) -> str:
        said = self.rule(part)
        return f"({said})" if isinstance(part, AllOf | AnyOf) and len(part.parts) > 1 else said

    def _fact(self, name: str, test: FieldTest | FeatureTest) -> str:
        told = list(self._bounds(test))
        if test.equals is not None:
            told.append(self._value(test.equals))
        if test.among is not None:
            told.append(self._listed([self._value(value) for value in test.among], any_of=True))
        if test.known is not None:
            told.append(self._text.gettext("known") if test.known else self._text.gettext("not known"))
        return self._text.gettext("%(name)s: %(fact)s") % {"name": name, "fact": self._listed(told, any_of=False)}

    def _activity(self, test: ActivityTest) -> str:
        kind = None if test.activity == "any" else test.activity
        window = self._text.gettext("so far")
        if test.within_days < EVER:
            days = self._text.ngettext("in the last day", "in the last %(days)s days", max(1, round(test.within_days)))
            window = days % {"days": self._number(test.within_days)}
        most = max((int(bound) for bound in test.bounds.values() if bound is not None), default=0)
        how_many = self._listed(self._bounds(test), any_of=False)
        return f"{how_many} {self._words.activities(kind, most)} {window}"

    def _bounds(self, test: Comparison) -> list[str]:
        given = {word: bound for word, bound in test.bounds.items() if bound is not None}
        return [self._text.gettext(_BOUNDS[word]) % {"n": self._number(bound)} for word, bound in given.items()]

    def _feature(self, feature: str) -> str:
        """A feature by the definition's words for it, else by its own name."""
        return self._words.field(feature) if feature in self._named else f"“{readable(feature)}”"

    def _value(self, value: bool | float | str) -> str:
        if isinstance(value, bool):
            return self._text.gettext("yes") if value else self._text.gettext("no")
        if isinstance(value, float):
            return self._number(value)
        return self._words.level(value) if value in SENIORITY else readable(value)

    def _listed(self, parts: Sequence[str], *, any_of: bool) -> str:
        """The parts as a list; where one of them holds a list itself, semicolons keep them apart."""
        if len(parts) > 1 and any(", " in part for part in parts):
            last = self._text.gettext("or") if any_of else self._text.gettext("and")
            return self._text.gettext("; ").join([*parts[:-1], f"{last} {parts[-1]}"])
        return str(format_list(list(parts), style="or" if any_of else "standard", locale=self._language))

    def _number(self, value: float) -> str:
        return str(format_decimal(value, format="#,##0.##", locale=self._language))
