from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm.history import Kind
from tests.populations import Days, flat, timed
from training.audit import Finding, NotApplicable, Severity
from training.audit.checks import latest_event, personal, placeholders, sales_words, two_moments
from training.audit.finding import Check
from training.audit.settings import AuditSettings
from training.audit.view import view_of

N = 400
RNG = np.random.default_rng(7)
WON = RNG.random(N) < 0.3


def drawn(*values: str) -> np.ndarray:
    return RNG.choice(np.array(values, dtype=object), N)


def look(check: Check, **fields: object) -> list[Finding]:
    found = check.look(view_of(flat(WON, **fields), Days(), AuditSettings()))
    assert not isinstance(found, NotApplicable)
    return found


@pytest.mark.parametrize(
    "values",
    [
        ("Email Opened", "SMS Sent", "Page Visited", "Unsubscribed"),
        ("Courriel ouvert", "Formulaire soumis", "Page visitée", "Désabonné"),
    ],
)
def test_values_that_are_events_are_a_question(values: tuple[str, ...]) -> None:
    assert [(f.field, f.severity) for f in look(latest_event.CHECK, f01=drawn(*values))] == [("f01", Severity.ASK)]


def test_sources_and_channels_are_no_events() -> None:
    sources = drawn("Google", "Direct Traffic", "Landing Page Submission", "Referral", "Live Chat", "API", "Webinar")
    assert look(latest_event.CHECK, f01=sources) == []


def test_first_and_last_state_of_one_thing_are_a_question_in_any_language() -> None:
    codes = [f"x{i}" for i in range(12)]
    first = drawn(*codes)
    last = np.where(RNG.random(N) < 0.6, first, drawn(*codes))
    found = look(two_moments.CHECK, first=first, last=last, other=drawn(*(f"y{i}" for i in range(12))))
    assert [(f.field, f.severity) for f in found] == [("first", Severity.ASK), ("last", Severity.ASK)]


def test_scales_of_answers_and_equal_countries_are_not_two_moments() -> None:
    scale = ("never", "rarely", "sometimes", "often", "always")
    letters = tuple("abcdefghijkl")
    country = drawn(*(f"c{i}" for i in range(20)))
    same = np.where(RNG.random(N) < 0.97, country, "c1")
    fields = {
        "q1": drawn(*scale),
        "q2": drawn(*scale),
        "a": drawn(*letters),
        "b": drawn(*letters),
        "country": country,
        "country_of_account": same,
    }
    assert look(two_moments.CHECK, **fields) == []


@pytest.mark.parametrize(
    "values",
    [
        ("Ringing", "Wrong number given", "Busy", "Will revert after reading", "Lost to other"),
        ("Ne répond pas", "Faux numéro", "Occupé", "À rappeler lundi"),
        ("Might be", "Not sure", "Worst", "High in relevance"),
        ("Chaud", "Tiède", "Froid"),
    ],
)
def test_notes_and_judgements_of_sales_are_a_question(values: tuple[str, ...]) -> None:
    assert [(f.field, f.severity) for f in look(sales_words.CHECK, f01=drawn(*values))] == [("f01", Severity.ASK)]


def test_occupations_cities_and_products_are_no_notes() -> None:
    fields = {
        "f01": drawn("Unemployed", "Working Professional", "Student", "Businessman"),
        "f02": drawn("Paris", "Thane & Outskirts", "Other Cities"),
        "f03": drawn("Hotel Management", "Warehouse", "Cold chain logistics", "Retail"),
    }
    assert look(sales_words.CHECK, **fields) == []


@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("e-mail", [f"p{i}@firm.example" for i in range(N)]),
        ("phone", [f"+33 6 {i % 90 + 10} 22 33 44" for i in range(N)]),
        ("phone", [f"0{600000000 + 7919 * i}" for i in range(N)]),
        ("birth", [f"{1950 + i % 50}-0{i % 9 + 1}-11" for i in range(N)]),
        ("gender", drawn("M", "F")),
        ("gender", drawn("Madame", "Monsieur")),
        ("family", drawn("married", "single", "divorced")),
        ("family", drawn("marié", "célibataire", "veuve")),
        ("belief", drawn("hindu", "muslim", "christian")),
        ("first names", [f"{n} Roe" for n in drawn(*"anna luc marie paul sophie jean julie hugo emma louis".split())]),  # noqa: SIM905
    ],
)
def test_people_and_their_protected_traits_are_taken_out_by_their_values(what: str, values: object) -> None:
    (found,) = look(personal.CHECK, f01=values)
    assert found.severity is Severity.BLOCK
    assert what in found.evidence


def test_dates_of_birth_are_told_from_dates_of_business() -> None:
    born = pd.Series(pd.date_range("1955-01-01", periods=N, freq="45D", tz="UTC"))
    renewal = pd.Series(pd.date_range("2025-01-01", periods=N, freq="D", tz="UTC"))
    history = timed(["won", None] * (N // 2), born=born, renewal=renewal)
    found = personal.CHECK.look(view_of(history, Days(), AuditSettings()))
    assert not isinstance(found, NotApplicable)
    assert [(f.field, f.severity) for f in found] == [("born", Severity.BLOCK)]


def test_addresses_and_titles_that_are_reduced_are_only_noted() -> None:
    history = timed(
        ["won", None] * (N // 2),
        kinds={"mail": Kind.EMAIL, "job": Kind.TITLE},
        mail=[f"p{i}@firm.example" for i in range(N)],
        job=drawn("Head of Sales", "Buyer"),
    )
    found = personal.CHECK.look(view_of(history, Days(), AuditSettings()))
    assert not isinstance(found, NotApplicable)
    assert [(f.field, f.severity) for f in found] == [("mail", Severity.NOTE), ("job", Severity.NOTE)]


def test_ordinary_values_are_not_personal() -> None:
    fields = {
        "f01": drawn("Logistics", "Retail", "Health"),
        "f02": drawn("FR", "DE", "M"),
        "f03": [f"PO-{i:07d}" for i in range(N)],
        "f04": drawn("Austin", "Charlotte", "Lyon", "Brest"),
        "f05": RNG.normal(40, 10, N),
    }
    assert look(personal.CHECK, **fields) == []


def test_placeholders_left_in_the_table_are_a_question_and_rare_ones_a_note() -> None:
    rare = np.where(np.arange(N) < 2, "unknown", drawn("a", "b"))
    visits = np.where(np.arange(N) < 20, 9999.0, RNG.integers(1, 300, N))
    found = look(placeholders.CHECK, topic=drawn("Select", "cars", "trains"), city=rare, visits=visits)
    assert {f.field: f.severity for f in found} == {
        "topic": Severity.ASK,
        "city": Severity.NOTE,
        "visits": Severity.ASK,
    }


def test_placeholders_made_missing_while_reading_are_noted_with_their_counts() -> None:
    told = pd.DataFrame({"table": ["leads"], "column": ["topic"], "value": ["Select"], "rows": [123]})
    view = view_of(flat(WON, topic=drawn("cars", "trains")), Days(), AuditSettings(), placeholders=told)
    (found,) = [f for f in placeholders.CHECK.look(view) if isinstance(f, Finding)]  # type: ignore[union-attr]
    assert found.severity is Severity.NOTE
    assert "“Select” on 123 rows" in found.evidence
