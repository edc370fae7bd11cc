"""Pages for people in both languages: one look, no scripts, nothing fetched, readable on paper.

A page is a template in this folder that extends ``base.html.j2``. Its sentences are marked with ``{% trans %}`` or
``_("…")`` and translated in ``training/locale``; everything from the data is escaped.
"""

from __future__ import annotations

import base64
from functools import cache
from importlib.resources import files

import jinja2

from models.definition import Language
from training.speaker import Speaker


def page(template: str, language: Language, **facts: object) -> str:
    """The page ``<template>.html.j2`` with these facts, as HTML.

    Beside them it knows ``speaker`` (a `Speaker`) and the filters ``percent``, ``number`` and ``date``. A fact that the
    template names and nobody gave is an error.
    """
    environment = _environment(language)
    return environment.get_template(f"{template}.html.j2").render(language=language, **facts)


def picture(svg: bytes) -> str:
    """A plot as an address that an ``img`` shows without fetching anything."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")


@cache
def _environment(language: Language) -> jinja2.Environment:
    speaker = Speaker(language)
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        loader=jinja2.FunctionLoader(_source),
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(speaker.translations, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(percent=speaker.percent, number=speaker.number, date=speaker.date)
    environment.globals.update(speaker=speaker, picture=picture)
    return environment


def _source(name: str) -> str | None:
    place = files(__package__) / name
    return place.read_text(encoding="utf-8") if place.is_file() else None
