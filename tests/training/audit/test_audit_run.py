"""The audit as a whole: what is taken out, kept, said, and that it depends on nothing but its arguments."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from rich.console import Console

from crm.history import Field, Known
from tests.populations import Days, flat
from training.audit import Audit, AuditSettings, Check, Severity, audit
from training.audit.checks import CHECKS
from training.audit.page import page
from training.audit.terminal import show

N = 1500
RNG = np.random.default_rng(10)
WON = RNG.random(N) < 0.3
HISTORY = flat(
    WON,
    **{
        "stage <b>": np.where(WON, "signed & sealed", "open"),
        "score": RNG.normal(0, 1, N) + 1.7 * WON,
        "city": RNG.choice(["Lyon", "Lille"], N),
        "currency": ["EUR"] * N,
    },
)


@pytest.fixture(scope="module")
def result() -> Audit:
    return audit(HISTORY, Days())


def test_blocks_are_taken_out_and_questions_stay_in(result: Audit) -> None:
    assert result.blocked == {"stage <b>"}
    assert result.asked == {"score"}


def test_findings_come_gravest_first(result: Audit) -> None:
    order = [list(Severity).index(f.severity) for f in result.findings]
    assert order == sorted(order)


def test_json_has_the_shape_that_is_promised(result: Audit) -> None:
    document = json.loads(result.to_json())
    first = document["findings"][0]
    assert {"code", "severity", "field", "title", "evidence"} <= set(first)
    assert first["severity"] == "block"
    assert first["field"] == "stage <b>"
    assert {f["severity"] for f in document["findings"]} <= {"block", "ask", "note"}
    assert all(f["question"] for f in document["findings"] if f["severity"] == "ask")


def test_a_written_reason_keeps_a_field_and_stays_visible() -> None:
    settings = AuditSettings(keep={"stage <b>": "Set by the form, see the minutes of May."})
    kept = audit(HISTORY, Days(), settings)
    assert kept.blocked == frozenset()
    assert {f.kept for f in kept.findings if f.severity is Severity.BLOCK} == {settings.keep["stage <b>"]}
    assert settings.keep["stage <b>"] in page(kept)


def test_a_written_reason_answers_a_question() -> None:
    answered = audit(HISTORY, Days(), AuditSettings(keep={"score": "Computed at creation and never again."}))
    assert answered.asked == frozenset()
    assert answered.unused_keeps == ()
    html = page(answered)
    assert html.index("Kept with a reason") < html.index("Computed at creation")


def test_a_keep_that_nothing_blocks_is_reported() -> None:
    assert audit(HISTORY, Days(), AuditSettings(keep={"cty": "A typing error, as it happens."})).unused_keeps == (
        "cty",
    )


@pytest.mark.parametrize("wrong", [{"keep": {"stage": ""}}, {"keep": {"stage": "why not"}}, {"threshold": 1}])
def test_settings_refuse_empty_reasons_and_unknown_keys(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AuditSettings.model_validate(wrong)


def test_fields_declared_known_after_the_outcome_are_not_audited() -> None:
    declared = tuple(replace(f, known=Known.AFTER_OUTCOME) if f.name == "stage <b>" else f for f in HISTORY.fields)
    assert "stage <b>" not in {f.field for f in audit(replace(HISTORY, fields=declared), Days()).findings}


def test_the_order_of_rows_does_not_matter_where_there_is_a_serial_number() -> None:
    serial = flat(
        WON, serial=5.0 * np.arange(N), **{name: HISTORY.leads[name] for name in ("stage <b>", "score", "city")}
    )
    shuffled = replace(serial, leads=serial.leads.sample(frac=1, random_state=1).reset_index(drop=True))
    plain, mixed = (
        {(f.code, f.field, f.evidence) for f in audit(h, Days()).findings if f.code != "identifier"}
        for h in (serial, shuffled)
    )
    assert plain == mixed


def test_the_history_is_not_mutated() -> None:
    before = HISTORY.leads.copy(deep=True)
    audit(HISTORY, Days())
    assert HISTORY.leads.equals(before)


def test_the_same_arguments_give_the_same_json() -> None:
    assert audit(HISTORY, Days()).to_json() == audit(HISTORY, Days()).to_json()


def test_progress_runs_from_nothing_to_all() -> None:
    seen: list[float] = []
    audit(HISTORY, Days(), step=lambda _, done: seen.append(done))
    assert seen[0] == 0.0
    assert seen[-1] == 1.0
    assert seen == sorted(seen)


def test_a_history_without_fields_or_leads_is_audited_without_an_error() -> None:
    assert audit(flat([]), Days()).blocked == frozenset()
    assert audit(flat([], city=[]), Days()).blocked == frozenset()
    assert audit(flat([True, False]), Days()).open_blocks


def test_the_page_escapes_what_comes_from_the_data(result: Audit) -> None:
    html = page(result, "Audit of <us>")
    assert "<us>" not in html
    assert "stage <b>" not in html
    assert "signed &amp; sealed" in html
    assert "<script" not in html
    assert "http" not in html


def test_the_terminal_says_what_was_taken_out_and_what_could_not_be_asked(result: Audit) -> None:
    out = io.StringIO()
    show(result, Console(file=out, width=120))
    text = out.getvalue()
    assert text.index("Taken out") < text.index("stage <b>") < text.index("Questions for a person")
    assert "time-order" in text[text.index("Could not be asked") :]


def test_a_question_about_the_history_as_a_whole_is_counted_as_one(result: Audit) -> None:
    ask = next(f for f in result.findings if f.severity is Severity.ASK)
    out = io.StringIO()
    show(replace(result, findings=(replace(ask, field=None),)), Console(file=out, width=120))
    assert out.getvalue().splitlines()[0].endswith(", 0 fields taken out, 1 question for a person.")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_every_check_explains_itself(check: Check) -> None:
    assert check.code == check.code.lower().replace(" ", "-")
    assert len(check.explanation.split()) > 10
    assert check.explanation.endswith(".")
    assert check.title


def test_codes_are_stable() -> None:
    assert sorted(check.code for check in CHECKS) == [
        "bots",
        "changed-after-outcome",
        "constants-and-twins",
        "dates-from-later",
        "dominant-account",
        "drift",
        "duplicates",
        "filled-after-outcome",
        "filled-in-waves",
        "filled-with-telltale",
        "identifier",
        "late-acceptance",
        "latest-event",
        "near-perfect-field",
        "one-thing-at-two-moments",
        "outcome-written-twice",
        "personal-or-protected",
        "placeholders",
        "presence-tells-outcome",
        "rows-set-aside",
        "sales-words",
        "strongest-by-far",
        "tells-protected",
        "time-order",
        "too-few-outcomes",
    ]


def test_an_ask_needs_its_question_and_others_have_none() -> None:
    with pytest.raises(ValueError, match="question"):
        CHECKS[0].finding(Severity.ASK, None, "words")
    with pytest.raises(ValueError, match="question"):
        CHECKS[0].finding(Severity.NOTE, Field("x", HISTORY.fields[0].kind).name, "words", question="why?")


def test_every_check_and_every_setting_is_in_the_docs() -> None:
    text = (Path(__file__).parents[3] / "docs" / "audit.md").read_text(encoding="utf-8")
    checks = re.findall(r"^\| `([a-z-]+)` \| .* \| (?:block|ask|note) \|$", text, flags=re.MULTILINE)
    assert checks == [check.code for check in CHECKS]
    told = {
        name: (default, why)
        for name, default, why in re.findall(r"^\| `(\w+)` \| (.+?) \| (.+) \|$", text, re.MULTILINE)
    }
    for name, field in AuditSettings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        assert told[name] == ("none" if default == {} else str(default), field.description), name
