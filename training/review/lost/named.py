"""The good leads that were lost and the poor ones that were won, by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.pages.document import Part
from training.pages.tables import Cell, Row, Table
from training.review.handed import Handed
from training.review.lost.ended import LOST, UNDECIDED, WON
from training.review.lost.heard import heard_cell
from training.review.lost.signals import Signals
from training.review.telling import DAY, Telling
from training.speaker import DASH

MOST = 10
"""Leads of each list."""

_NAME = re.compile(
    r"^(full_?|lead_?|contact_?|company_?|account_?|customer_?|client_?)?(name|nom)$|^(company|raison_sociale)$"
)


@dataclass(frozen=True, slots=True)
class Named:
    """One lead: who it is, what the score said at its hand-off, and how it ended, after how many days."""

    lead_id: str
    name: str | None
    grade: str
    p_close: float
    end: str
    reason: str | None
    owner: str | None
    amount: float
    days: float
    own_service: int
    company_service: int
    last_service: float
    silence: float


def names(handed: Handed) -> pd.Series | None:
    """What people call each lead handed over; ``None`` where no field looks like a name."""
    leads = handed.history.leads.set_index("lead_id").reindex(handed.leads["lead_id"].to_numpy())
    parts = []
    for field in sorted(handed.history.fields, key=lambda field: field.of_account):
        table = handed.history.accounts if field.of_account else leads
        if field.actor or field.column not in table or not _NAME.match(field.column.lower()):
            continue
        if field.of_account:
            by = handed.history.accounts.set_index("account_id")[field.column]
            parts.append(pd.Series(by.reindex(leads["account_id"].to_numpy()).to_numpy(), dtype="object"))
        else:
            parts.append(pd.Series(leads[field.column].to_numpy(), dtype="object"))
    if not parts:
        return None
    return pd.concat(parts, axis=1).apply(lambda row: ", ".join(str(v) for v in row if pd.notna(v)) or None, axis=1)


def measure(handed: Handed, signals: Signals) -> tuple[list[Named], list[Named]]:
    """Of the better half of the grades the losses likeliest to be won, of the others the least likely wins."""
    leads, grades = handed.leads, list(handed.definition.grades)
    better = grades[: max(1, len(grades) // 2)]
    good = leads["grade"].isin(better).to_numpy()
    poor = leads["grade"].notna().to_numpy() & ~good
    lost = good & leads["outcome"].isin([LOST, UNDECIDED]).to_numpy()
    won = poor & (leads["outcome"] == WON).to_numpy()
    by = leads["p_close"].to_numpy(dtype="float64")
    best = np.flatnonzero(lost)[np.argsort(-by[lost], kind="stable")][:MOST]
    worst = np.flatnonzero(won)[np.argsort(by[won], kind="stable")][:MOST]
    called = names(handed)
    told = [[_named(handed, i, called, signals) for i in rows.tolist()] for rows in (best, worst)]
    return told[0], told[1]


def _named(handed: Handed, i: int, called: pd.Series | None, signals: Signals) -> Named:
    row = handed.leads.iloc[i]
    return Named(
        lead_id=str(row["lead_id"]),
        name=None if called is None else _text(called.iloc[i]),
        grade=str(row["grade"]),
        p_close=float(row["p_close"]),
        end=str(row["outcome"]),
        reason=_text(row["reason"]),
        owner=_text(row["owner"]) or _text(row["decider"]),
        amount=float(row["amount"]),
        days=float((row["outcome_at"] - row["handed_off_at"]) / DAY),
        own_service=int(signals.own[i]),
        company_service=int(signals.others[i]),
        last_service=float(signals.last[i]),
        silence=float(signals.silence[i]),
    )


def _text(value: object) -> str | None:
    return None if pd.isna(value) else str(value)


def part(lost: Sequence[Named], won: Sequence[Named], telling: Telling) -> Part:
    """Both lists."""
    say = telling.say
    told = []
    if telling.handed.graded.empty:
        return Part(say("By name"), (say("No lead has a grade: which good ones were lost cannot be told."),))
    grades = list(telling.handed.definition.grades)
    better, rest = grades[: max(1, len(grades) // 2)], grades[max(1, len(grades) // 2) :]
    if lost:
        told.append(
            say(
                "The first table names the leads of %(grades)s that were lost, the likeliest to be won first.",
                grades=_grades(better, telling),
            )
        )
    else:
        told.append(say("No lead of %(grades)s was lost.", grades=_grades(better, telling)))
    if won:
        told.append(
            say(
                "The second names the leads of %(grades)s that were won all the same, the least likely first.",
                grades=_grades(rest, telling),
            )
            if lost
            else say(
                "The table names the leads of %(grades)s that were won all the same, the least likely first.",
                grades=_grades(rest, telling),
            )
        )
    elif rest:
        told.append(say("No lead of %(grades)s was won.", grades=_grades(rest, telling)))
    tables = tuple(_table(leads, head, telling) for leads, head in ((lost, True), (won, False)) if leads)
    return Part(
        say("Good leads lost, poor leads won, by name"), tuple(told), tables=tables, notes=_notes(lost, won, telling)
    )


def _grades(names: Sequence[str], telling: Telling) -> str:
    listed = telling.listed(list(names))
    if len(names) == 1:
        return telling.say("grade %(grades)s", grades=listed)
    return telling.say("grades %(grades)s", grades=listed)


def _end(end: str, telling: Telling) -> str:
    """How one lead ended."""
    say = telling.say
    return {LOST: say("was lost"), UNDECIDED: say("without decision"), WON: say("was won")}[end]


def _table(leads: Sequence[Named], lost: bool, telling: Telling) -> Table:
    say, percent = telling.say, telling.speaker.percent
    amounts = any(np.isfinite(lead.amount) for lead in leads)
    service = any(lead.own_service or lead.company_service for lead in leads)
    silence = any(np.isfinite(lead.silence) for lead in leads)
    reasons = lost and any(lead.reason for lead in leads)
    heads = [
        say("grade"),
        say("likely to be won"),
        say("end"),
        *([say("reason")] if reasons else []),
        say("owner or decider"),
    ]
    heads += [say("amount")] if amounts else []
    heads += [say("days")]
    heads += [say("service before")] if service else []
    heads += [say("longest silence, days")] if silence else []
    rows = []
    for lead in leads:
        cells = [Cell(lead.grade), Cell(percent(lead.p_close)), Cell(_end(lead.end, telling))]
        if reasons:
            cells.append(Cell(telling.reason(lead.end, lead.reason) if lead.reason else DASH))
        cells.append(Cell(lead.owner or DASH))
        cells += [telling.number(lead.amount)] if amounts else []
        cells.append(telling.number(lead.days))
        if service:
            cells.append(heard_cell(lead.own_service + lead.company_service, lead.last_service, telling))
        cells += [telling.number(lead.silence)] if silence else []
        rows.append(Row(f"{lead.lead_id} · {lead.name}" if lead.name else lead.lead_id, tuple(cells)))
    return Table(tuple(heads), tuple(rows))


def _notes(lost: Sequence[Named], won: Sequence[Named], telling: Telling) -> tuple[str, ...]:
    say, every = telling.say, [*lost, *won]
    text = say(
        "The likelihood is that of the hand-off, before anybody knew. Good leads are lost too: of ten that are likely "
        "to be won with 40% each, six are not."
    )
    notes = [text] if every else []
    if every and all(lead.name is None for lead in every):
        notes.append(say("No field of the history looks like a name: leads are told by their number in the CRM."))
    if every and all(lead.owner is None for lead in every):
        notes.append(say("Nobody is named as owner of these leads."))
    if won and not any(np.isfinite(lead.amount) for lead in won):
        notes.append(say("This history records no amounts of wins."))
    return tuple(notes)
