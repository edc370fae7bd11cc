"""What fields, kinds of activity and levels are called: words of the definition first, then ours, then their names."""

from __future__ import annotations

from collections.abc import Mapping

from features.spec import OTHER
from models.definition import Definition, Language, Plural, Words
from models.translations import plural_of, translations


def N_(one: str, other: str) -> tuple[str, str]:  # noqa: N802  the name that gettext's extractor knows
    """Marks a counted noun for translation, where a table holds it."""
    return one, other


ACTIVITIES: Mapping[str | None, tuple[str, str]] = {
    None: N_("activity", "activities"),
    "call": N_("call", "calls"),
    "chat": N_("chat", "chats"),
    "demo": N_("demonstration", "demonstrations"),
    "download": N_("download", "downloads"),
    "email_click": N_("click in an e-mail", "clicks in e-mails"),
    "email_open": N_("e-mail opened", "e-mails opened"),
    "email_reply": N_("e-mail answered", "e-mails answered"),
    "event": N_("event attended", "events attended"),
    "form": N_("form filled in", "forms filled in"),
    "meeting": N_("meeting", "meetings"),
    "page_view": N_("visit to a page", "visits to pages"),
    "pricing_view": N_("visit to the prices", "visits to the prices"),
    "ticket": N_("support ticket", "support tickets"),
    "webinar": N_("webinar", "webinars"),
}
"""Kinds of activity that need no words in the definition; ``None`` is any kind."""


def M_(message: str) -> str:  # noqa: N802  a name for gettext's extractor
    """Marks a message for translation, where a table holds it."""
    return message


LEVELS: Mapping[str, str] = {
    "executive": M_("executive"),
    "director": M_("director"),
    "manager": M_("manager"),
    "specialist": M_("specialist"),
    "student": M_("student"),
    "company": M_("of a company"),
    "free": M_("of a free provider"),
    "academic": M_("of a school or university"),
    "government": M_("of a public body"),
    "disposable": M_("thrown away after use"),
    "unknown": M_("not recognised"),
    OTHER: M_("a value seldom seen"),
}
"""What titles and e-mail addresses are reduced to."""


class Vocabulary:
    """The names of things in one language. Where the definition has words only in the other one, those are used."""

    def __init__(self, definition: Definition, language: Language) -> None:
        self._words = definition.words
        self._language = language
        self._translations = translations(language)
        self._plural = plural_of(language)

    def field(self, field: str) -> str:
        """A field, capitalised: ``Industry of the company``."""
        return capitalised(self.name(field))

    def name(self, field: str) -> str:
        """A field, within a sentence: ``industry of the company``."""
        if field in self._words:
            return self._given(self._words[field]).one
        plain = readable(field.removeprefix("account."))
        if field.startswith("account."):
            return self._translations.gettext("%(field)s of the company") % {"field": plain}
        return plain

    def knows(self, kind: str | None) -> bool:
        """Whether there are words for this kind of activity, or only its name in the CRM."""
        return kind in self._words or kind in ACTIVITIES

    def activities(self, kind: str | None, count: int) -> str:
        """The noun for ``count`` activities of this kind, without the number: ``visits to pages``."""
        if kind in self._words:
            given = self._given(self._words[kind])
            return (given.one, given.other)[min(1, self._plural(count))]
        if kind in ACTIVITIES:
            return self._translations.ngettext(*ACTIVITIES[kind], count)
        noun = self._translations.ngettext("activity “%(kind)s”", "activities “%(kind)s”", count)
        return noun % {"kind": readable(str(kind))}

    def level(self, level: str) -> str:
        """A level of a category: translated where it is one of ours, else as the CRM has it."""
        return self._translations.gettext(LEVELS[level]) if level in LEVELS else level

    def _given(self, words: Words) -> Plural:
        by_language = {"en": words.en, "fr": words.fr}
        given = by_language[self._language] or words.en or words.fr or ""
        return given if isinstance(given, Plural) else Plural.model_construct(one=given, other=given)


def readable(name: str) -> str:
    """A name from a table as people would write it.

    >>> readable("lead_source"), readable("W_Nabellen offertes")
    ('lead source', 'W Nabellen offertes')
    """
    return " ".join(name.replace("_", " ").split())


def capitalised(text: str) -> str:
    """The text with its first letter in capitals, the others as they are."""
    return text[:1].upper() + text[1:]
