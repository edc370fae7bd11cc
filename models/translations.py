"""The messages of a room's ``locale`` folder, read from its .po files as they are: no compile step to forget."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from gettext import GNUTranslations, c2py
from importlib.resources import files

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOM = "models"
"""The room whose words are meant where none is named."""


@cache
def messages(language: str, room: str = ROOM) -> Catalog:
    """The messages of ``room`` and their translations into ``language`` (``en``, ``fr``)."""
    path = files(room) / "locale" / language / "LC_MESSAGES" / f"{room}.po"
    return read_po(io.StringIO(path.read_text(encoding="utf-8")), locale=language, domain=room)


@cache
def translations(language: str, room: str = ROOM) -> GNUTranslations:
    """The same, ready for ``gettext`` and ``ngettext``; plural forms are those of the language."""
    compiled = io.BytesIO()
    write_mo(compiled, messages(language, room))
    compiled.seek(0)
    return GNUTranslations(compiled)


def plural_of(language: str) -> Callable[[int], int]:
    """Which of a message's forms a count takes: 0 for the singular. For words that no .po file holds."""
    rule: Callable[[int], int] = c2py(messages(language).plural_expr)
    return rule
