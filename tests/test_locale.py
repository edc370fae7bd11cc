from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from models.definition import LANGUAGES, Language
from models.translations import messages, plural_of, translations

ROOMS = ("models", "training")
KEYWORDS = {
    "gettext": None,
    "ngettext": (1, 2),
    "N_": (1, 2),
    "M_": None,
    "say": None,
    "_say": None,
    "count": (1, 2),
    "_": None,
}
SOURCES = [("**.py", "python"), ("**.html.j2", "jinja2")]
OPTIONS = {"**.html.j2": {"trimmed": "true", "silent": "false"}}


def said(room: str) -> set[str | tuple[str, ...]]:
    """Every message in the source and the pages of the room."""
    folder = Path(str(importlib.import_module(room).__file__)).parent
    found = extract_from_dir(folder, SOURCES, options_map=OPTIONS, keywords=KEYWORDS)
    return {message for _, _, message, _, _ in found}


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_and_none_is_left_over(language: Language, room: str) -> None:
    known = {
        message.id if isinstance(message.id, str) else tuple(message.id): message
        for message in messages(language, room)
    }
    known.pop("")
    assert set(known) == said(room)
    for message in known.values():
        translated = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(translated), message.id
        assert not message.fuzzy


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_holds_the_same_facts(language: Language, room: str) -> None:
    for message in messages(language, room):
        ids, strings = (value if isinstance(value, tuple | list) else [value] for value in (message.id, message.string))
        if message.id:
            places = [set(re.findall(r"%\(\w+\)s", text)) for text in (*ids, *strings)]
            assert set().union(*places) == places[-1], message.id


def test_zero_is_singular_in_french_and_plural_in_english() -> None:
    assert [plural_of(language)(0) for language in LANGUAGES] == [1, 0]
    assert translations("fr").ngettext("call", "calls", 0) == "appel"
    assert translations("en").ngettext("call", "calls", 0) == "calls"
