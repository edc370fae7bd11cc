from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from models.definition import LANGUAGES, Language
from models.translations import messages, plural_of, translations

ROOMS = ("models", "training")
KEYWORDS: Mapping[str, tuple[int, int] | None] = {
    "gettext": None,
    "ngettext": (1, 2),
    "N_": (1, 2),
    "M_": None,
    "say": None,
    "_say": None,
    "count": (1, 2),
    "_": None,
}
PAGES = [("**.html.j2", "jinja2")]
OPTIONS = {"**.html.j2": {"trimmed": "true", "silent": "false"}}


def said(room: str) -> set[str | tuple[str, ...]]:
    """Every message in the source and the pages of the room."""
    folder = Path(str(importlib.import_module(room).__file__)).parent
    found = extract_from_dir(folder, PAGES, options_map=OPTIONS, keywords=KEYWORDS)
    pages = {message for _, _, message, _, _ in found}
    return pages | {message for path in folder.rglob("*.py") for message in spoken(path.read_text(encoding="utf-8"))}


def spoken(source: str) -> Iterator[str | tuple[str, ...]]:
    """The messages in Python source, those inside f-strings too, which Babel does not see before Python 3.12."""
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name not in KEYWORDS:
            continue
        places = KEYWORDS[name] or (1,)
        given = [call.args[place - 1] for place in places if len(call.args) >= place]
        texts = [arg.value for arg in given if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if texts and len(texts) == len(places):
            yield texts[0] if len(texts) == 1 else tuple(texts)


def test_messages_inside_f_strings_are_found() -> None:
    assert list(spoken("f\"{self._say('a rule')}: {x}\"")) == ["a rule"]
    assert list(spoken("text.ngettext('call', 'calls', n)")) == [("call", "calls")]


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
