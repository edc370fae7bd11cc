"""The export: the five tables of the history, cut at an instant."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm.history import (
    ACTIVITY_COLUMNS,
    CHANGE_COLUMNS,
    MILESTONE_COLUMNS,
    TIME,
    Field,
    History,
    Kind,
    Milestone,
    empty,
)
from crm.simulation.activities import KINDS, Activities
from crm.simulation.clock import DAY, NEVER, Seconds
from crm.simulation.company import (
    COUNTRIES,
    EMAIL_DOMAINS,
    EMAILS,
    INDUSTRIES,
    SOURCES,
    TITLE_WORDS,
    TITLES,
    Company,
)
from crm.simulation.funnel import Course
from crm.simulation.leaks import Planted
from crm.simulation.world import Accounts, Codes, Leads

FIELDS = (
    Field("source", Kind.CATEGORY),
    Field("campaign", Kind.CATEGORY),
    Field("job_title", Kind.TITLE),
    Field("email", Kind.EMAIL),
    Field("country", Kind.CATEGORY),
    Field("phone_given", Kind.BOOLEAN),
    Field("message_length", Kind.NUMBER),
    Field("owner", Kind.CATEGORY, actor=True),
    Field("account.industry", Kind.CATEGORY),
    Field("account.country", Kind.CATEGORY),
    Field("account.employees", Kind.NUMBER),
    Field("account.revenue", Kind.NUMBER),
)
_FIRST = ("camille", "louis", "ines", "hugo", "sofia", "jan", "lea", "omar", "nina", "paul")
_LAST = ("martin", "durand", "peeters", "moreau", "schmidt", "garcia", "rossi", "smith", "benali", "leroy")


def export(
    company: Company,
    accounts: Accounts,
    leads: Leads,
    course: Course,
    done: Activities,
    planted: Planted,
    reasons: Mapping[Milestone, NDArray[np.object_]],
    exported: int,
    *,
    rng: np.random.Generator,
) -> History:
    """The history as a CRM would export it `exported` seconds after the start; ``reasons`` by ending, one a lead."""
    lead_ids = _ids("L", len(leads))
    titles, corrections = _titles(company, leads, exported, rng)
    owner = people(leads.owner)
    account_ids = _ids("A", len(accounts))
    table = {
        "lead_id": lead_ids,
        "created_at": _times(company, leads.created),
        "account_id": account_ids.reindex(leads.account).reset_index(drop=True),
        "source": _words(SOURCES, leads.source),
        "campaign": _campaigns(leads),
        "job_title": titles,
        "email": _emails(leads, rng),
        "country": _words(COUNTRIES, leads.country),
        "phone_given": pd.Series(leads.phone.astype("float64")),
        "message_length": pd.Series(leads.message_length),
        "owner": owner,
        **planted.columns,
    }
    return History(
        leads=pd.DataFrame(table),
        exported_at=_times(company, np.array([exported]))[0],
        fields=(*FIELDS, *planted.fields),
        accounts=_accounts(accounts, account_ids),
        activities=_activities(company, done, lead_ids, owner, exported),
        milestones=_milestones(company, accounts, leads, course, reasons, lead_ids, owner, exported, rng=rng),
        changes=_changes(company, [corrections, *planted.changes], lead_ids),
    )


def people(owner: Codes) -> pd.Series:
    """The names of these sales people."""
    return pd.Series(owner + 1).astype("str").str.zfill(2).radd("rep").astype("str")


def _ids(prefix: str, n: int) -> pd.Series:
    return pd.Series(np.arange(1, n + 1)).astype("str").str.zfill(6).radd(prefix).astype("str")


def _times(company: Company, at: Seconds) -> pd.Series:
    start = np.datetime64(company.start, "us")
    return pd.Series(pd.DatetimeIndex(start + at * np.timedelta64(1_000_000, "us")).tz_localize("UTC")).astype(TIME)


def _words(table: Mapping[str, object], codes: Codes) -> pd.Series:
    return pd.Series(np.array(list(table), dtype=object)[codes]).astype("str")


def _campaigns(leads: Leads) -> pd.Series:
    """A campaign a source and quarter of a year; referrals and partners come without."""
    quarter = leads.created // (91 * DAY) + 1
    named = _words(SOURCES, leads.source) + "-q" + pd.Series(quarter).astype("str")
    without = np.isin(leads.source, [list(SOURCES).index("referral"), list(SOURCES).index("partner")])
    return named.mask(without).astype("str")


def _titles(company: Company, leads: Leads, exported: int, rng: np.random.Generator) -> tuple[pd.Series, pd.DataFrame]:
    """Job titles as they stand at the export, and the corrections made, which come at any time whatever the outcome."""
    n = len(leads)
    words = [np.array(TITLE_WORDS.get(name, (None,)), dtype=object) for name in TITLES]
    pick = rng.random(n)

    def say(level: Codes) -> NDArray[np.object_]:
        return np.array([words[i][int(u * len(words[i]))] for i, u in zip(level, pick, strict=True)], dtype=object)

    first, later = say(leads.title), say(rng.integers(0, len(TITLES) - 1, n))
    at = leads.created + rng.integers(DAY, 300 * DAY, n)
    changed = (rng.random(n) < company.corrected_titles) & (at <= exported) & (first != later)
    row = np.flatnonzero(changed)
    corrections = pd.DataFrame({"row": row, "field": "job_title", "old": first[row], "new": later[row], "at": at[row]})
    return pd.Series(np.where(changed, later, first)).astype("str"), corrections


def _emails(leads: Leads, rng: np.random.Generator) -> pd.Series:
    """E-mail addresses: of the account's domain, of a free provider or of a school."""
    n = len(leads)
    first, last = rng.integers(0, len(_FIRST), n), rng.integers(0, len(_LAST), n)
    number, pick = rng.integers(1, 999, n), rng.random(n)
    kinds = list(EMAILS)
    out = []
    for i in range(n):
        free = EMAIL_DOMAINS.get(kinds[leads.email[i]])
        group = leads.account[i] if leads.account[i] >= 0 else 900_000 + i
        domain = free[int(pick[i] * len(free))] if free else f"company{group}.example"
        out.append(f"{_FIRST[first[i]]}.{_LAST[last[i]]}{number[i]}@{domain}")
    return pd.Series(out, dtype="str")


def _accounts(accounts: Accounts, ids: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": ids,
            "industry": _words(INDUSTRIES, accounts.industry),
            "country": _words(COUNTRIES, accounts.country),
            "employees": accounts.employees,
            "revenue": accounts.revenue,
        }
    )


def _activities(company: Company, done: Activities, ids: pd.Series, owner: pd.Series, exported: int) -> pd.DataFrame:
    keep = np.flatnonzero(done.when <= exported)
    lead = done.lead[keep]
    columns = {
        "lead_id": ids.to_numpy()[lead],
        "occurred_at": _times(company, done.when[keep]),
        "kind": np.array(KINDS, dtype=object)[done.kind[keep]],
        "value": done.value[keep],
        "actor": np.where(done.by_owner[keep], owner.to_numpy(dtype=object)[lead], None),
    }
    return pd.DataFrame(columns).astype(ACTIVITY_COLUMNS)


def _milestones(
    company: Company,
    accounts: Accounts,
    leads: Leads,
    course: Course,
    reasons: Mapping[Milestone, NDArray[np.object_]],
    ids: pd.Series,
    owner: pd.Series,
    exported: int,
    *,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """All milestones up to the export, in order of time; amounts follow the size of the company."""
    size = np.where(leads.account >= 0, np.nan_to_num(accounts.employees[leads.account], nan=80.0), 20.0)
    amount = np.round(900 * size**0.6 * np.exp(rng.normal(0, 0.4, len(leads))), -1)
    parts = []
    for name in Milestone:
        at: Seconds = getattr(course, name.value)
        row = np.flatnonzero((at <= exported) & (at < NEVER))
        columns = {
            "lead_id": ids.to_numpy()[row],
            "reached_at": _times(company, at[row]),
            "milestone": name.value,
            "reason": reasons[name][row] if name in reasons else None,
            "amount": amount[row] if name is Milestone.WON else np.nan,
            "actor": None if name is Milestone.HANDED_OFF else owner.to_numpy(dtype=object)[row],
        }
        parts.append(pd.DataFrame(columns).astype(MILESTONE_COLUMNS))
    return pd.concat(parts).sort_values("reached_at", kind="stable", ignore_index=True)


def _changes(company: Company, parts: list[pd.DataFrame], ids: pd.Series) -> pd.DataFrame:
    """All recorded changes in order of time."""
    rows = pd.concat([part for part in parts if len(part)]) if any(map(len, parts)) else None
    if rows is None:
        return empty(CHANGE_COLUMNS)
    rows = rows.sort_values("at", kind="stable", ignore_index=True)
    columns = {
        "lead_id": ids.to_numpy()[rows["row"]],
        "field": rows["field"],
        "old": rows["old"],
        "new": rows["new"],
        "changed_at": _times(company, rows["at"].to_numpy()),
    }
    return pd.DataFrame(columns).astype(CHANGE_COLUMNS)
