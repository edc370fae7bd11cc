"""A guessed mapping as a commented ``accord.yaml``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any

import jinja2
import pandas as pd

from crm.guess.outcomes import Value
from crm.guess.profile import Column
from crm.history import Kind

USUAL_DAYS = 90
UNKNOWN_PACE = "A common choice: nothing in the export says how long it takes to win."
_PLAIN = re.compile(r"[^\W\d_][\w .()/&+-]*")
_RESERVED = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "~", "inf"})


@dataclass(frozen=True)
class Draft:
    """One entry of the mapping, with the evidence for it. An entry that is not ``sure`` is written as a comment."""

    settings: dict[str, Any]
    why: str
    sure: bool = True
    values: tuple[Value, ...] = ()  # of a column whose values may be milestones
    mapped: frozenset[str] = frozenset()  # those whose meaning is sure

    def with_decimal(self, decimals: Mapping[str, str]) -> Draft:
        """The same, with the decimal sign of its table where that is a comma."""
        table = self.settings.get("from")
        if decimals.get(str(table), ".") == ".":
            return self
        why = f"{self.why} Its numbers are written with a decimal comma."
        return replace(self, settings=self.settings | {"from": {"name": table, "decimal": ","}}, why=why)

    def block(self, indent: int) -> str:
        """The entry as an item of a YAML list: its evidence as a comment, then its settings."""
        settings = [f"{key}: {flow(value)}" for key, value in self.settings.items()]
        lines = [f"- {settings[0]}", *(f"  {line}" for line in settings[1:])]
        if self.values:
            lines += ["  values:", *(self._told(value) for value in self.values)]
        sign = "" if self.sure else "# "
        return f"\n{' ' * indent}".join([comment(self.why, indent), *(sign + line for line in lines)])

    def _told(self, value: Value) -> str:
        sign = "" if value.value in self.mapped or not self.sure else "# "
        meaning = value.meaning.value if value.meaning else "…"
        said = f"{value.rows:,} rows, {value.leads:,} leads; the last word for {value.ends:.0%} of them"
        return f"    {sign}{scalar(value.value)}: {meaning} # {said}"


@dataclass(frozen=True)
class FieldDraft:
    """One attribute: its kind with the evidence."""

    name: str
    kind: Kind
    why: str
    actor: bool = False


@dataclass(frozen=True)
class Guess:
    """A guessed mapping. ``explained`` says in sentences what was guessed and why; `write` makes the file of it."""

    name: str
    source: dict[str, str]
    leads: Draft
    accounts: Draft | None = None
    milestones: tuple[Draft, ...] = ()
    activities: tuple[Draft, ...] = ()
    changes: tuple[Draft, ...] = ()
    joins: tuple[Draft, ...] = ()
    fields: tuple[FieldDraft, ...] = ()
    latest: pd.Timestamp | None = None  # the latest time seen
    time_zone_why: str | None = None  # set when times name no zone
    close_days: int = USUAL_DAYS
    close_why: str = UNKNOWN_PACE
    placeholders: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def explained(self) -> tuple[str, ...]:
        """Each guess in a sentence, with its evidence."""
        drafts = [self.leads, *([self.accounts] if self.accounts else []), *self.joins]
        drafts += [*self.milestones, *self.activities, *self.changes]
        people = [f"{f.name} names a person on your side: {f.why}" for f in self.fields if f.actor]
        return tuple([draft.why for draft in drafts] + people + list(self.notes))


def write(guess: Guess) -> str:
    """The text of an ``accord.yaml`` that loads as it is and says in comments what to check."""
    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701 - YAML, not HTML; every value goes through `scalar` or `flow`
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(scalar=scalar, flow=flow, comment=comment)
    template = environment.from_string(files("crm.guess").joinpath("accord.yaml.j2").read_text(encoding="utf-8"))
    return template.render(guess=guess, one_day=pd.Timedelta(days=1))


def when(column: Column) -> object:
    """The setting that reads a column of dates: its name, or also its format when that is not ISO 8601."""
    if column.form is None:
        return column.name
    return {"column": column.name, "format": column.form}


def scalar(value: object) -> str:
    """One value in YAML, quoted where it must be.

    >>> scalar("Lead Source"), scalar("No"), scalar("1"), scalar("a: b")
    ('Lead Source', '"No"', '"1"', '"a: b"')
    """
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    text = str(value)
    plain = _PLAIN.fullmatch(text) and text.lower() not in _RESERVED and text == text.strip()
    return text if plain else json.dumps(text, ensure_ascii=False)


def flow(value: object) -> str:
    """Lists and mappings in one line of YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    return scalar(value)


def comment(text: str, indent: int = 0) -> str:
    """As comment lines of at most 116 characters."""
    width, lines, line = 114 - indent, [], ""
    for word in text.split():
        if line and len(line) + len(word) >= width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return f"\n{' ' * indent}".join(f"# {part}" for part in [*lines, line])
