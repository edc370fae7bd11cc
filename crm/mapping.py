"""The ``history:`` section of ``accord.yaml``: from any export to the five tables.

Columns are named as in the export. A table is named by its file (``leads.csv``, relative to ``source.folder`` or to the
project file), by its name in the database, or by a query. Paths and addresses may hold ``${NAME}`` and
``${NAME:-default}`` from the environment.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator, model_validator

from crm.history import Kind, Known, Milestone
from crm.strict import Strict


def _word(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Word = Annotated[str, BeforeValidator(_word)]
"""A value of the export. YAML's true, false and numbers become the words they would be in a CSV."""

Words = tuple[Word, ...]


class Table(Strict):
    """Where rows come from. Exactly one of ``name`` (a file or a database table) and ``query`` (SQL)."""

    name: str | None = None
    query: str | None = None
    separator: str | None = Field(default=None, min_length=1, max_length=1)  # found when not given
    encoding: str | None = None  # UTF-8 when it fits, else Windows-1252
    decimal: Literal[".", ","] = "."
    where: dict[str, Words] = Field(default_factory=dict)  # only rows whose columns hold one of these values

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.name is None) == (self.query is None):
            raise ValueError("Give either 'name' (a file or a database table) or 'query' (SQL)")
        return self


class Time(Strict):
    """A column of times: how it is written, and where its clock stands when it names no zone."""

    column: str
    format: str | None = None  # strptime, or: iso, unix_seconds, unix_milliseconds, excel; found when not given
    day_first: bool | None = None  # 03/04/2026 is 3 April; found in the data when not given
    time_zone: str | None = None  # of times that name none: history.time_zone when not given

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        return _checked_zone(zone)


Place = Annotated[Table, BeforeValidator(lambda v: {"name": v} if isinstance(v, str) else v)]
When = Annotated[Time, BeforeValidator(lambda v: {"column": v} if isinstance(v, str) else v)]


class Join(Strict):
    """Columns of another table that hold one row a lead (or one a value of ``on``)."""

    table: Place = Field(alias="from")
    key: str  # the column there that names the lead
    on: str | None = None  # the column of leads it equals: the lead's key when not given
    columns: tuple[str, ...] | None = None  # all when not given


class Leads(Strict):
    """The table with one row a lead."""

    table: Place = Field(alias="from")
    key: str
    created_at: When | None = None
    account: str | None = None  # the column that names the account
    join: tuple[Join, ...] = ()


class Accounts(Strict):
    """Companies: from their own table, or gathered from columns of leads."""

    table: Place | None = Field(default=None, alias="from")  # leads themselves when not given
    key: str | None = None  # of the table of accounts
    columns: tuple[str, ...] | None = None  # all of the table; needed when gathered from leads

    @model_validator(mode="after")
    def _keyed(self) -> Self:
        if self.table is not None and self.key is None:
            raise ValueError("A table of accounts needs its 'key'")
        if self.table is None and (self.key is not None or not self.columns):
            raise ValueError("Accounts gathered from leads need 'columns' and no 'key' (leads.account names it)")
        return self


class Meaning(Strict):
    """What a value means: a milestone, or two when it depends on whether another one was reached ``before``.

    ``{before: accepted, then: rejected, otherwise: lost}`` is a rejection before acceptance, a loss after it.
    """

    then: Milestone
    before: Milestone | None = None
    otherwise: Milestone | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.before is None) != (self.otherwise is None):
            raise ValueError("'before' and 'otherwise' go together")
        return self


Means = Annotated[Meaning, BeforeValidator(lambda v: {"then": v} if isinstance(v, str) else v)]


class Milestones(Strict):
    """One source of milestones.

    ``values`` reads them from the values of ``column`` (an event log or a status); ``milestone`` alone says that every
    row is one, or every row with a time when ``reached_at`` is given. Without ``reached_at`` the time is unknown.
    """

    table: Place | None = Field(default=None, alias="from")  # leads themselves when not given
    lead: str | None = None  # the column that names the lead: leads.key when not given
    milestone: Milestone | None = None
    column: str | None = None
    meanings: dict[Word, Means] = Field(default_factory=dict, alias="values")
    reached_at: When | None = None
    reason: str | None = None
    amount: str | None = None
    actor: str | None = None

    @model_validator(mode="after")
    def _told(self) -> Self:
        if (self.milestone is None) == (not self.meanings):
            raise ValueError("Give either 'milestone' or 'column' with 'values'")
        if bool(self.meanings) != (self.column is not None):
            raise ValueError("'column' and 'values' go together")
        if self.milestone and self.table is None and self.reached_at is None:
            raise ValueError("Every lead would reach this milestone: give 'reached_at', or 'column' and 'values'")
        if self.reached_at is None and any(means.before for means in self.meanings.values()):
            raise ValueError("'before' needs 'reached_at': without times nothing comes before anything")
        return self


class Activities(Strict):
    """One source of activities: one row each."""

    table: Place = Field(alias="from")
    lead: str | None = None
    occurred_at: When
    kind: str | None = None  # the column that names the kind
    is_kind: str | None = None  # or: every row is of this kind
    value: str | None = None
    actor: str | None = None
    include: Words | None = None  # only these kinds
    exclude: Words = ()  # all but these kinds

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.kind is None) == (self.is_kind is None):
            raise ValueError("Give either 'kind' (a column) or 'is_kind' (the kind of every row)")
        return self


class Changes(Strict):
    """One source of changes: attributes of leads that were overwritten."""

    table: Place = Field(alias="from")
    lead: str | None = None
    field: str
    old: str
    new: str
    changed_at: When
    names: dict[Word, str] = Field(default_factory=dict)  # what the log calls a field → the column's name in leads


class Declared(Strict):
    """What a person knows about an attribute; what is left out is inferred from the data."""

    kind: Kind | None = None
    known: Known = Known.UNDECLARED
    actor: bool = False
    ignore: bool = False
    why: str = ""
    format: str | None = None
    day_first: bool | None = None
    time_zone: str | None = None


class Missing(Strict):
    """Words that mean "missing" beside those everybody uses, and columns where such a word is a real value."""

    also: Words = ()
    keep: dict[str, Words] = Field(default_factory=dict)


class Source(Strict):
    """Where the export lies. One of ``folder``, ``database`` (an SQLAlchemy address) and ``simulated``."""

    folder: str | None = None
    database: str | None = None
    simulated: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(v is not None for v in (self.folder, self.database, self.simulated)) != 1:
            raise ValueError("Give one of 'folder', 'database' and 'simulated'")
        return self

    @field_validator("database")
    @classmethod
    def _no_password(cls, address: str | None) -> str | None:
        if address and re.search(r"://[^/@:]*:(?!\$\{)[^@/]+@", address):
            raise ValueError("No passwords in this file: take it from the environment, as in ${CRM_DATABASE}")
        return address


class Mapping(Strict):
    """From an export to a `History`."""

    source: Source = Source(folder=".")
    exported_at: str | None = None  # the latest time seen when not given
    time_zone: str = "UTC"  # of times that name none
    leads: Leads | None = None
    accounts: Accounts | None = None
    milestones: tuple[Milestones, ...] = ()
    activities: tuple[Activities, ...] = ()
    changes: tuple[Changes, ...] = ()
    fields: dict[str, Declared] = Field(default_factory=dict)
    placeholders: Missing = Missing()

    @field_validator("exported_at", mode="before")
    @classmethod
    def _instant(cls, value: object) -> object:
        if isinstance(value, dt.datetime | dt.date):  # YAML reads unquoted times itself
            return value.isoformat()
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        return _checked_zone(zone) or zone

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.source.simulated is None and self.leads is None:
            raise ValueError("A history needs 'leads': the table with one row a lead")
        if self.leads and self.accounts and not self.leads.account:
            raise ValueError("'accounts' needs 'leads.account': the column of leads that names the account")
        return self


def _checked_zone(zone: str | None) -> str | None:
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{zone!r} is not a time zone; write one such as Europe/Paris or UTC") from None
    return zone
