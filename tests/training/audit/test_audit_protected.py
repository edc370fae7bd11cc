"""Protected traits are refused by value and by name, and whatever stands in for them; other fields are left alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm.history import Kind
from features.infer import infer
from models.definition import Definition
from tests.populations import Days, flat, timed
from training.audit import AuditSettings, Finding, NotApplicable, Severity, audit
from training.audit.checks import personal, tells_protected
from training.audit.view import view_of
from training.fit import learned_from

N = 400
RNG = np.random.default_rng(11)
WON = RNG.random(N) < 0.3
BLOCK, ASK = Severity.BLOCK, Severity.ASK
REASON = "A home insurer may ask for it, says counsel on 3 May."


def drawn(*values: str | float) -> np.ndarray:
    return RNG.choice(np.array(values, dtype=object), N)


def numbers(low: float, high: float) -> np.ndarray:
    return RNG.integers(low, high, N).astype("float64")


def look(**fields: object) -> dict[str, Severity]:
    found = personal.CHECK.look(view_of(flat(WON, **fields), Days(), AuditSettings()))
    assert not isinstance(found, NotApplicable)
    return {str(f.field): f.severity for f in found}


@pytest.mark.parametrize(
    "values",
    [
        ("Mr", "Mrs", "Ms"),
        ("M.", "Mme", "Mlle"),
        ("Monsieur", "Madame", "Dr"),
        ("Mr.", "Mrs.", "Prof.", "Dr."),
        ("Féminin", "MASCULIN"),
        ("feminin", "masculin", "autre"),
        ("Herr", "Frau"),
        ("Marie", "Célibataire", "Divorcee", "veuf"),
        ("white", "asian", "hispanic"),
    ],
)
def test_titles_and_words_for_traits_are_refused_however_the_field_is_called(values: tuple[str, ...]) -> None:
    assert look(f01=drawn(*values)) == {"f01": BLOCK}


@pytest.mark.parametrize(
    "name",
    [
        *("sexe", "Gender", "contactGender", "SEX", "nationality", "Nationalité", "religion", "ethnicity"),
        *("trade_union", "syndicat", "marital_status", "Situation familiale", "nb_enfants", "number of children"),
        *("handicap", "disability", "état de santé", "civilité", "birth_year", "année de naissance"),
    ],
)
def test_a_name_that_can_mean_nothing_else_is_refused_whatever_its_codes(name: str) -> None:
    assert look(**{name: drawn("1", "2")}) == {name: BLOCK}
    assert look(**{name: drawn(1.0, 2.0).astype("float64")}) == {name: BLOCK}


def test_ages_of_people_are_refused_and_ages_of_things_are_a_question() -> None:
    found = look(
        age=numbers(19, 70),
        contact_age=numbers(25, 64),
        tranche_age=drawn("18-24", "25-34", "35 à 49", "50 ans et plus"),
        age_group=drawn(1.0, 2.0, 3.0).astype("float64"),
        machine_age=numbers(0, 30),
        lead_age_days=numbers(0, 900),
    )
    assert {name for name, severity in found.items() if severity is BLOCK} == {
        *("age", "contact_age", "tranche_age", "age_group"),
    }
    assert found["machine_age"] is found["lead_age_days"] is ASK


def test_honest_fields_are_not_taken_for_traits() -> None:
    fields = {
        "message_length": numbers(20, 90),
        "page_views": numbers(20, 90),
        "usage": numbers(20, 90),
        "stage": drawn("open", "shut"),
        "Lead Origin": drawn("API", "Landing Page Submission"),
        "credit_union": drawn("yes", "no"),
        "account_health": drawn("good", "poor"),
        "email_disabled": drawn(0.0, 1.0).astype("float64"),
        "trace": drawn("a", "b"),
        "colour": drawn("white", "black"),
        "ticket": drawn("single", "return"),
        "sussex_office": drawn("a", "b"),
        "family_of_products": drawn("pumps", "valves"),
        "do_not_email": drawn("Yes", "No"),
    }
    assert look(**fields) == {}


def test_a_genre_of_many_values_is_a_question() -> None:
    assert look(genre=drawn(*(f"style{i}" for i in range(20)))) == {"genre": ASK}


def test_a_trait_declared_as_a_text_is_refused_because_its_length_would_tell_it() -> None:
    history = timed(
        ["won", None] * (N // 2),
        kinds={"f01": Kind.TEXT, "remark": Kind.TEXT},
        f01=drawn("male", "female"),
        remark=drawn("call me", "tomorrow"),
    )
    found = personal.CHECK.look(view_of(history, Days(), AuditSettings()))
    assert isinstance(found, list)
    assert {f.field: f.severity for f in found} == {"f01": BLOCK, "remark": Severity.NOTE}


def proxies(**fields: object) -> list[Finding]:
    found = tells_protected.CHECK.look(view_of(flat(WON, **fields), Days(), AuditSettings()))
    assert not isinstance(found, NotApplicable)
    return found


def test_what_stands_in_for_a_protected_attribute_is_refused_with_it() -> None:
    sex = drawn("Mr", "Mrs")
    mistaken = RNG.random(N) < 0.02
    found = proxies(
        salutation=sex,
        code=np.where((sex == "Mr") ^ mistaken, "c7", "c9"),
        line=np.where(RNG.random(N) < 0.8, np.where(sex == "Mr", "suits", "dresses"), "shoes"),
        colour=drawn("red", "blue"),
    )
    assert {f.field: f.severity for f in found} == {"code": BLOCK, "line": ASK}


def test_an_empty_field_can_stand_in_too() -> None:
    sex = drawn("Mr", "Mrs")
    found = proxies(salutation=sex, former=np.where(sex == "Mrs", drawn("x", "y"), None))
    assert [(f.field, f.severity) for f in found] == [("former", BLOCK)]


def test_a_number_in_the_order_of_ages_stands_in_for_them() -> None:
    age = numbers(19, 80)
    found = proxies(age=age, since=2026 - age + RNG.integers(0, 2, N), other=numbers(1, 99))
    assert [(f.field, f.severity) for f in found] == [("since", BLOCK)]


def test_without_a_protected_attribute_nothing_can_stand_in_for_it() -> None:
    view = view_of(flat(WON, colour=drawn("red", "blue")), Days(), AuditSettings())
    assert isinstance(tells_protected.CHECK.look(view), NotApplicable)


def read_by_the_score(definition: Definition, settings: AuditSettings | None = None) -> set[str | None]:
    history = timed(
        ["won", None] * (N // 2),
        salutation=drawn("Mr", "Mrs"),
        colour=drawn("red", "blue"),
    )
    found = audit(history, definition, settings, kept=definition.keep)
    catalog = infer(learned_from(history, definition, found.blocked))
    return {feature.field for feature in catalog.features} | {table.field for table in catalog.rates}


def test_a_protected_attribute_becomes_nothing_that_the_score_reads() -> None:
    assert read_by_the_score(Definition()) & {"salutation", "colour"} == {"colour"}


def test_the_definition_alone_can_keep_a_protected_attribute_and_the_reason_is_shown() -> None:
    kept = Definition(keep={"salutation": REASON})
    assert "salutation" in read_by_the_score(kept)
    assert kept.canonical()["keep"] == {"salutation": REASON}
    by_audit = AuditSettings(keep={"salutation": REASON})
    assert "salutation" not in read_by_the_score(Definition(), by_audit)
    history = timed(["won", None] * (N // 2), salutation=drawn("Mr", "Mrs"))
    assert audit(history, Days(), by_audit).unused_keeps == ("salutation",)
    told = [f.kept for f in audit(history, Days(), kept=kept.keep).findings if f.code == "personal-or-protected"]
    assert told == [REASON]


def test_dates_of_birth_give_no_age() -> None:
    born = pd.Series(pd.date_range("1955-01-01", periods=N, freq="45D", tz="UTC"))
    history = timed(["won", None] * (N // 2), born=born)
    found = audit(history, Definition())
    assert not [f for f in infer(learned_from(history, Definition(), found.blocked)).features if f.field == "born"]
