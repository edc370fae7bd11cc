"""The messages of ``models/locale``, read from their .po files as they are: no compile step, nothing to forget."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from gettext import GNUTranslations, c2py
from importlib.resources import files

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

DOMAIN = "models"


@cache
def messages(language: str) -> Catalog:
    """The messages and their translations into ``language`` (``en``, ``fr``)."""
    path = files("models") / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    return read_po(io.StringIO(path.read_text(encoding="utf-8")), locale=language, domain=DOMAIN)


@cache
def translations(language: str) -> GNUTranslations:
    """The same, ready for ``gettext`` and ``ngettext``; plural forms are those of the language."""
    compiled = io.BytesIO()
    write_mo(compiled, messages(language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def plural_of(language: str) -> Callable[[int], int]:
    """Which of a message's forms a count takes: 0 for the singular. For words that no .po file holds."""
    rule: Callable[[int], int] = c2py(messages(language).plural_expr)
    return rule
