"""Checks about the history as a whole, and about fields beside each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm import quarantine
from crm.history import Field, History, Kind
from tests.populations import Days, flat, timed
from training.audit import Finding, NotApplicable, Severity
from training.audit.checks import constants, dominant_account, drift, duplicates, set_aside, strongest, too_few
from training.audit.finding import Check
from training.audit.settings import AuditSettings
from training.audit.view import view_of

N = 2000
RNG = np.random.default_rng(9)
WON = RNG.random(N) < 0.3


def look(check: Check, history: History) -> list[Finding]:
    found = check.look(view_of(history, Days(), AuditSettings()))
    assert not isinstance(found, NotApplicable), found
    return found


def not_applicable(check: Check, history: History) -> bool:
    return isinstance(check.look(view_of(history, Days(), AuditSettings())), NotApplicable)


@pytest.mark.parametrize(
    ("wins", "severity"), [(5, [Severity.BLOCK]), (60, [Severity.ASK]), (150, []), (395, [Severity.BLOCK])]
)
def test_the_rarer_outcome_decides_whether_there_is_enough(wins: int, severity: list[Severity]) -> None:
    found = look(too_few.CHECK, flat(np.arange(400) < wins))
    assert [f.severity for f in found] == severity
    assert all(f.field is None for f in found)


def test_leads_too_young_to_judge_are_not_counted_as_failures() -> None:
    young = timed(["won"] * 40 + [None] * 400, age=[200] * 40 + [5] * 400)
    (found,) = look(too_few.CHECK, young)
    assert found.severity is Severity.BLOCK
    assert found.numbers["known"] == 40


def test_a_field_with_one_value_and_one_never_filled_are_noted() -> None:
    found = look(constants.CHECK, flat(WON, currency=["EUR"] * N, fax=[None] * N, city=RNG.choice(["a", "b"], N)))
    assert {f.field: f.severity for f in found} == {"currency": Severity.NOTE, "fax": Severity.NOTE}


def test_a_field_under_another_name_or_coding_is_a_twin() -> None:
    source = RNG.choice(np.array(["web", "fair", "mail"], dtype=object), N)
    code = pd.Series(source).map({"web": 1.0, "fair": 2.0, "mail": 3.0})
    merged = np.where(source == "web", "online", "other")
    (found,) = look(constants.CHECK, flat(WON, source=source, code=code, merged=merged))
    assert (found.field, found.numbers["twin"]) == ("code", "source")


def test_a_field_that_towers_above_the_others_is_a_question() -> None:
    noise = {f"n{i}": RNG.choice(["a", "b", "c"], N) for i in range(3)}
    towering = RNG.normal(0, 1, N) + 1.4 * WON
    (found,) = look(strongest.CHECK, flat(WON, towering=towering, **noise))
    assert (found.field, found.severity) == ("towering", Severity.ASK)


def test_the_strongest_of_several_strong_fields_is_not_asked_about() -> None:
    strong = {f"s{i}": RNG.normal(0, 1, N) + 1.0 * WON for i in range(3)}
    assert look(strongest.CHECK, flat(WON, **strong)) == []


def test_the_strongest_of_weak_fields_is_not_asked_about() -> None:
    weak = RNG.normal(0, 1, N) + 0.4 * WON
    assert look(strongest.CHECK, flat(WON, weak=weak, noise=RNG.normal(0, 1, N))) == []


def test_one_field_alone_has_nothing_to_tower_above() -> None:
    assert not_applicable(strongest.CHECK, flat(WON, only=RNG.normal(0, 1, N)))


def test_the_same_address_twice_is_a_duplicate_whatever_its_case() -> None:
    mail = [f"p{i}@firm.example" for i in range(N)]
    mail[10:50] = [m.upper() for m in mail[110:150]]
    history = timed([None] * N, kinds={"mail": Kind.EMAIL}, mail=mail)
    (found,) = look(duplicates.CHECK, history)
    assert (found.field, found.numbers["leads"], found.severity) == ("mail", 40, Severity.ASK)


def test_equal_rows_count_only_where_chance_cannot_explain_them() -> None:
    common = {f"c{i}": RNG.choice(["yes", "no"], N, p=[0.9, 0.1]) for i in range(6)}
    rare = {f"r{i}": RNG.integers(0, 10**6, N).astype(float) for i in range(4)}
    assert look(duplicates.CHECK, flat(WON, **common)) == []
    again = {name: np.concatenate([values[:-30], values[:30]]) for name, values in (common | rare).items()}
    (found,) = look(duplicates.CHECK, flat(WON, **again))
    assert found.numbers["leads"] == 30
    assert found.severity is Severity.ASK


def of_accounts(names: np.ndarray) -> History:
    history = flat(WON, city=["x"] * N)
    leads = history.leads.assign(account_id=pd.Series(names).astype("str"))
    accounts = pd.DataFrame({"account_id": pd.Series(pd.unique(pd.Series(names))).astype("str")})
    return replace(history, leads=leads, accounts=accounts)


def test_an_account_with_a_third_of_the_leads_is_a_question() -> None:
    names = np.where(RNG.random(N) < 0.33, "giant", RNG.integers(0, 300, N).astype(str))
    (found,) = look(dominant_account.CHECK, of_accounts(names))
    assert "“giant”" in found.evidence
    assert found.severity is Severity.ASK


def test_an_account_with_most_wins_is_a_question_even_with_few_leads() -> None:
    names = np.where(WON & (RNG.random(N) < 0.5), "giant", RNG.integers(0, 300, N).astype(str))
    (found,) = look(dominant_account.CHECK, of_accounts(names))
    assert found.numbers["of"] == "won leads"


def test_many_accounts_of_like_size_are_fine() -> None:
    assert look(dominant_account.CHECK, of_accounts(RNG.integers(0, 300, N).astype(str))) == []
    assert not_applicable(dominant_account.CHECK, flat(WON, city=["x"] * N))


def test_a_field_that_shifts_between_old_and_new_leads_is_noted() -> None:
    share = np.linspace(0.1, 0.9, N)
    moving = np.where(RNG.random(N) < share, "new", "old")
    (found,) = look(drift.CHECK, timed([None] * N, moving=moving, still=RNG.choice(["a", "b"], N)))
    assert (found.field, found.severity) == ("moving", Severity.NOTE)
    assert found.numbers["index"] > 1


def test_many_levels_do_not_look_like_drift() -> None:
    assert look(drift.CHECK, timed([None] * N, landing=RNG.integers(0, 400, N).astype(str))) == []


def test_without_time_or_serial_number_drift_cannot_be_asked() -> None:
    assert not_applicable(drift.CHECK, flat(WON, city=RNG.choice(["a", "b"], N)))


def test_rows_set_aside_are_reported_by_rule_with_their_share() -> None:
    rows = [("activities", "e.csv", i, "no_such_lead", "lead_id", "l9", "set_aside", "{}") for i in range(3)]
    rows += [("leads", "l.csv", i, "not_a_time", "created_at", "soon", "set_missing", "{}") for i in range(100)]
    told = pd.DataFrame(rows, columns=list(quarantine.COLUMNS)).astype(quarantine.COLUMNS)
    view = view_of(flat(WON, city=["x"] * N), Days(), AuditSettings(), quarantine=told)
    found = set_aside.CHECK.look(view)
    assert not isinstance(found, NotApplicable)
    assert [(f.numbers["rows"], f.severity) for f in found] == [(100, Severity.ASK), (3, Severity.ASK)]
    assert "read without the value" in found[0].evidence
    missing = told.head(3).assign(got=pd.Series([None] * 3, dtype="str"), rule="missing_kind", column="kind")
    (without,) = set_aside.CHECK.look(view_of(flat(WON), Days(), AuditSettings(), quarantine=missing))
    assert without.evidence.endswith("missing_kind in `kind`.")  # nothing was found: nothing to show
    assert not_applicable(set_aside.CHECK, flat(WON, city=["x"] * N))


def test_fields_of_accounts_are_audited_through_their_leads() -> None:
    accounts = pd.DataFrame({"account_id": ["a", "b"], "since": ["2020", None]}).astype("str")
    history = flat(WON, city=["x"] * N)
    leads = history.leads.assign(account_id=pd.Series(np.where(WON, "a", "b")).astype("str"))
    history = replace(history, leads=leads, accounts=accounts, fields=(Field("account.since", Kind.CATEGORY),))
    column = view_of(history, Days(), AuditSettings()).columns[0]
    assert (column.filled == WON).all()
