"""The audit on the simulated company and on real exports: what is planted or known is found, the rest is left alone."""

from __future__ import annotations

import os
import time
import zlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from accord.project import open_project
from crm.history import Field, History, Kind
from crm.simulation.company import Company
from crm.simulation.leaks import Leak
from crm.simulation.simulate import simulate
from crm.sources import read
from tests.populations import Days, flat
from training.audit import Audit, AuditSettings, audit

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("ACCORD_DATA", ROOT.parent / "shared" / "data"))
TELLTALES = {Leak.PRESENCE, Leak.FILLED_LATER, Leak.OVERWRITTEN, Leak.NEAR_PERFECT, Leak.IDENTIFIER, Leak.PERSONAL}


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("leads", [400, 3000])
def test_every_planted_leak_is_found_and_no_honest_field_is_taken_out(leads: int, seed: int) -> None:
    company = simulate(Company(leads=leads), seed)
    result = audit(company.history, Days(30, 120))
    found = {f.field for f in result.findings}
    assert set(company.leaks) <= found
    assert {name for name, leak in company.leaks.items() if leak in TELLTALES} <= result.blocked
    assert result.blocked <= set(company.leaks)


@pytest.mark.parametrize("seed", range(1, 4))
def test_a_company_without_leaks_has_no_field_taken_out_or_asked_about(seed: int) -> None:
    result = audit(simulate(Company(leads=2000, leaks=False), seed).history, Days(30, 120))
    assert result.blocked == frozenset()
    assert result.asked == frozenset()


def test_leaks_are_found_under_other_names() -> None:
    company = simulate(Company(leads=2000), 3)
    renamed, names = under_other_names(company.history)
    plain, other = (audit(h, Days(30, 120)) for h in (company.history, renamed))
    assert other.blocked == {names[name] for name in plain.blocked}


def test_machines_in_the_simulated_activity_are_found() -> None:
    result = audit(simulate(Company(leads=1000), 2).history, Days(30, 120))
    assert any(f.code == "bots" for f in result.findings)
    without = audit(simulate(Company(leads=1000, bots=0.0), 2).history, Days(30, 120))
    assert not any(f.code == "bots" for f in without.findings)


@pytest.mark.slow
def test_a_hundred_thousand_leads_with_their_activities_take_seconds() -> None:
    company = simulate(Company(leads=100_000, activity=0.5), 1)
    assert len(company.history.activities) > 900_000
    begin = time.process_time()
    audit(company.history, Days(30, 120))
    assert time.process_time() - begin < 30


def under_other_names(history: History) -> tuple[History, dict[str, str]]:
    """The same history with its lead fields called f01, f02, …"""
    own = [f for f in history.fields if not f.of_account]
    names = {f.name: f"f{i:02d}" for i, f in enumerate(own, 1)} | {
        f.name: f.name for f in history.fields if f.of_account
    }
    changes = history.changes.assign(field=history.changes["field"].map(lambda n: names.get(n, n)).astype("str"))
    fields = tuple(replace(f, name=names[f.name]) for f in history.fields)
    return replace(history, leads=history.leads.rename(columns=names), fields=fields, changes=changes), names


@cache
def real(name: str) -> tuple[History, Audit]:
    if not DATA.is_dir():
        pytest.skip(f"no real histories in {DATA}: set ACCORD_DATA")
    opened = open_project(ROOT / "examples" / name)
    loaded = read(opened.settings.history, opened.folder)
    result = audit(
        loaded.history,
        opened.settings.definition,
        AuditSettings(),
        quarantine=loaded.quarantine,
        placeholders=loaded.placeholders,
    )
    return loaded.history, result


LATE = {
    "Tags",
    "Lead Quality",
    "Lead Profile",
    "Asymmetrique Activity Index",
    "Asymmetrique Profile Index",
    "Asymmetrique Activity Score",
    "Asymmetrique Profile Score",
}
LATEST = {"Last Activity", "Last Notable Activity"}
HONEST = {"Lead Source", "TotalVisits", "Total Time Spent on Website", "What is your current occupation"}


@pytest.mark.real_data
def test_what_sellers_filled_in_afterwards_is_found_in_x_education() -> None:
    history, result = real("x_education")
    assert result.blocked | result.asked >= LATE | LATEST
    assert {"Tags", "Lead Quality", "Lead Profile"} <= result.blocked
    assert not (result.blocked | result.asked) & HONEST
    assert {f.name for f in history.fields} >= LATE | LATEST | HONEST
    assert all(f.evidence and any(c.isdigit() for c in f.evidence) for f in result.findings)


@pytest.mark.real_data
def test_select_is_reported_as_missing_in_x_education() -> None:
    history, result = real("x_education")
    told = {f.field for f in result.findings if f.code == "placeholders" and "“Select”" in f.evidence}
    assert {"Specialization", "How did you hear about X Education", "Lead Profile", "City"} <= told
    assert not (history.leads == "Select").any().any()


@pytest.mark.real_data
@pytest.mark.parametrize("shuffled", [False, True])
def test_x_education_gives_the_same_under_other_names_and_in_any_order(*, shuffled: bool) -> None:
    history, plain = real("x_education")
    renamed, names = under_other_names(history)
    if shuffled:
        order = np.random.default_rng(1).permutation(len(renamed.leads))
        renamed = replace(renamed, leads=renamed.leads.iloc[order].reset_index(drop=True))
    result = audit(renamed, Days(30, 30))
    assert result.blocked == {names[name] for name in plain.blocked}
    assert result.asked == {names[name] for name in plain.asked}


@pytest.mark.real_data
def test_x_education_gives_the_same_where_nobody_can_read_its_values() -> None:
    history, plain = real("x_education")
    words = [f.name for f in history.fields if f.kind is Kind.CATEGORY]
    coded = {
        name: history.leads[name].map(lambda v: f"v{zlib.crc32(v.encode())}", na_action="ignore") for name in words
    }
    result = audit(replace(history, leads=history.leads.assign(**coded).astype(dict.fromkeys(words, "str"))), Days())
    assert result.blocked == plain.blocked
    assert result.asked == plain.asked


@pytest.mark.real_data
def test_the_serial_number_of_x_education_is_taken_out_where_it_is_not_declared() -> None:
    history, _ = real("x_education")
    numbers = history.leads["Lead Number"].astype("float64")
    undeclared = tuple(Field("Lead Number", Kind.NUMBER) if f.name == "Lead Number" else f for f in history.fields)
    history = replace(history, leads=history.leads.assign(**{"Lead Number": numbers}), fields=undeclared)
    assert "Lead Number" in audit(history, Days()).blocked


@pytest.mark.real_data
def test_what_olist_learnt_at_closing_is_taken_out_and_origin_stays() -> None:
    history, result = real("olist_funnel")
    late = {f.name for f in history.fields} - {"origin", "landing_page_id", "mql_id", "first_contact_date"}
    identifiers = {f.name for f in history.fields if f.kind is Kind.IDENTIFIER}
    assert result.blocked >= late - identifiers - {f.name for f in history.fields if f.known == "after_outcome"}
    assert result.blocked
    assert not (result.blocked | result.asked) & {"origin", "landing_page_id"}


@pytest.mark.real_data
def test_nothing_is_taken_out_of_bpi2012() -> None:
    _, result = real("bpi2012")
    assert result.blocked == frozenset()
    assert result.asked == frozenset()


@pytest.mark.real_data
def test_every_column_of_olists_closed_deals_is_taken_out_however_rarely_it_is_filled() -> None:
    if not DATA.is_dir():
        pytest.skip(f"no real histories in {DATA}: set ACCORD_DATA")
    leads = pd.read_csv(DATA / "olist_funnel" / "marketing_qualified_leads.csv")
    deals = pd.read_csv(DATA / "olist_funnel" / "closed_deals.csv")
    joined = leads.merge(deals, on="mql_id", how="left")
    late = list(deals.columns.drop("mql_id"))
    filled = joined[late].notna().sum()
    history = flat(joined["won_date"].notna().to_numpy(), **{name: joined[name].astype(object) for name in late})
    blocked = audit(history, Days()).blocked
    assert filled.min() < 100
    assert blocked == set(late)
