from __future__ import annotations

import numpy as np

from tests.populations import Days, flat, timed
from training.audit import Finding, NotApplicable, Severity
from training.audit.checks import identifiers
from training.audit.order import order_of
from training.audit.settings import AuditSettings
from training.audit.view import view_of

N = 800
RNG = np.random.default_rng(5)
WON = RNG.random(N) < 0.3


def look(**fields: object) -> list[Finding]:
    found = identifiers.CHECK.look(view_of(flat(WON, **fields), Days(), AuditSettings()))
    assert not isinstance(found, NotApplicable)
    return found


def test_a_number_running_with_the_rows_is_taken_out() -> None:
    running = 10_000.0 - 3 * np.arange(N)
    assert [(f.field, f.severity) for f in look(number=running)] == [("number", Severity.BLOCK)]


def test_a_serial_number_is_found_in_shuffled_rows_too() -> None:
    assert [f.field for f in look(number=RNG.permutation(4 * N)[:N].astype(float))] == ["number"]


def test_a_value_for_each_lead_is_taken_out_and_its_evidence_shows_some() -> None:
    found = look(key=[f"k{i:x}" for i in RNG.permutation(N)])
    assert [f.field for f in found] == ["key"]
    assert "800 different values on 800 leads" in found[0].evidence


def test_amounts_sizes_and_campaigns_are_no_identifiers() -> None:
    revenue = np.round(np.exp(RNG.normal(12, 2, N)))
    visits = RNG.poisson(4, N).astype(float)
    campaign = RNG.integers(0, 200, N).astype(str)
    assert look(revenue=revenue, visits=visits, campaign=campaign) == []


def test_few_leads_cannot_show_an_identifier() -> None:
    view = view_of(flat([True, False] * 5, key=[f"k{i}" for i in range(10)]), Days(), AuditSettings())
    assert isinstance(identifiers.CHECK.look(view), NotApplicable)


def test_order_is_creation_time_where_there_is_one() -> None:
    order = order_of(timed(["won", None] * 50, number=np.arange(100.0)))
    assert order.is_time
    assert (np.diff(order.rank) >= 0).all()


def test_a_serial_number_stands_in_for_time_in_a_flat_export() -> None:
    serial = RNG.permutation(3 * N)[:N].astype(float)
    order = order_of(flat(WON, city=["x"] * N, serial=serial))
    assert not order.is_time
    assert "`serial`" in order.words
    assert (order.rank == serial).all()


def test_without_a_serial_number_the_rows_are_the_order() -> None:
    assert order_of(flat(WON, city=["x"] * N)).words == "the order of rows in the export"
