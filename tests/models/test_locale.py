from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

import models
from models.definition import LANGUAGES, Language
from models.translations import messages, plural_of, translations

ROOM = Path(models.__file__).parent
EXTRACTED = {"gettext": None, "ngettext": (1, 2), "N_": (1, 2), "M_": None}


def said() -> set[str | tuple[str, ...]]:
    """Every message in the source of the room."""
    found = extract_from_dir(ROOM, [("**.py", "python")], keywords=EXTRACTED)
    return {message for _, _, message, _, _ in found}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_and_none_is_left_over(language: Language) -> None:
    known = {
        message.id if isinstance(message.id, str) else tuple(message.id): message for message in messages(language)
    }
    known.pop("")
    assert set(known) == said()
    for message in known.values():
        translated = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(translated), message.id
        assert not message.fuzzy


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_holds_the_same_facts(language: Language) -> None:
    for message in messages(language):
        ids, strings = (value if isinstance(value, tuple | list) else [value] for value in (message.id, message.string))
        if message.id:
            places = [set(re.findall(r"%\(\w+\)s", text)) for text in (*ids, *strings)]
            assert set().union(*places) == places[-1], message.id


def test_zero_is_singular_in_french_and_plural_in_english() -> None:
    assert [plural_of(language)(0) for language in LANGUAGES] == [1, 0]
    assert translations("fr").ngettext("call", "calls", 0) == "appel"
    assert translations("en").ngettext("call", "calls", 0) == "calls"
