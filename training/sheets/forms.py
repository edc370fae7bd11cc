"""The sheet's two forms: plain text, and a page for one or two sheets of paper."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from models.definition import Language
from models.sheet import Promise, Sheet
from training.pages import page
from training.sheets.words import Part, Signed, Words

WIDTH = 96
"""Characters of a line of text."""


def text(sheet: Sheet, language: Language, signatures: Sequence[Signed] = ()) -> str:
    """The sheet as plain text, lines of at most `WIDTH` characters."""
    words = Words(sheet, language)
    rule = "─" * WIDTH
    out = [words.title.upper(), words.version, "", *_wrapped(words.opening), ""]
    for part in words.before:
        out += [*_part(part), ""]
    out += [words.promises_title, rule[: len(words.promises_title)]]
    for sentence in words.promises():
        out += _wrapped(sentence, "  ")
    out += ["", *_wrapped(words.measured, "  "), ""]
    for part in words.after:
        out += [*_part(part), ""]
    out += [words.signatures_title, rule[: len(words.signatures_title)]]
    for line in words.signed(signatures):
        signed = f"{line.name}, {line.day}" if line.name else "_" * 36
        out.append(f"  {line.team:<14}{signed}")
    return "\n".join(out) + "\n"


def html(sheet: Sheet, language: Language, signatures: Sequence[Signed] = ()) -> str:
    """The sheet as a page for one or two sheets of paper."""
    words = Words(sheet, language)
    return page("sheet", language, words=words, rows=list(words.rows()), lines=list(words.signed(signatures)))


def promise_in_words(sheet: Sheet, promise: Promise, language: Language) -> str:
    """A grade's promise as a sentence or two: leads a week, accepted, closed, who acts by when."""
    return Words(sheet, language).promise(promise)


def _part(part: Part) -> list[str]:
    out = [part.title, "─" * len(part.title)]
    for name, said in part.lines:
        out += [f"  {name}", *_wrapped(said, "    ")]
    return out


def _wrapped(passage: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        passage, WIDTH, initial_indent=indent, subsequent_indent=indent + "  " * bool(indent), break_on_hyphens=False
    )
