from __future__ import annotations

import numpy as np

from models.information import Information
from tests import fitted

NAMES = [feature.name for feature in fitted.FEATURES]


def information(**importance: float) -> Information:
    return Information(fitted.FEATURES, tuple(importance.get(name, 0.0) for name in NAMES))


def lead(**values: float) -> np.ndarray:
    row = {"page_view_count_7d": 0.0, "page_view_count_30d": 0.0, "account_won_count": 0.0, **values}
    return np.array([[row.get(name, np.nan) for name in NAMES]])


def test_the_share_known_is_weighted_by_what_moves_the_score() -> None:
    known = information(employees=3.0, source=1.0)
    assert known.share(lead(employees=10)).tolist() == [0.75]
    assert known.share(lead(source=1)).tolist() == [0.25]


def test_a_name_and_an_address_are_not_enough() -> None:
    known = information(employees=1.0, source=1.0, page_view_count_30d=2.0, days_since_created=5.0)
    assert known.enough(lead(days_since_created=3)).tolist() == [False]


def test_doing_anything_makes_known_what_a_lead_did() -> None:
    known = information(employees=1.0, page_view_count_30d=2.0, page_view_count_7d=2.0)
    assert known.share(lead()).tolist() == [0.0]
    assert known.share(lead(page_view_count_30d=1)).tolist() == [0.8]


def test_what_is_worked_out_without_the_lead_does_not_count() -> None:
    known = information(employees=1.0, source_close_rate=9.0, account_won_count=9.0)
    assert known.share(lead(source_close_rate=0.3)).tolist() == [0.0]


def test_where_nothing_could_be_known_it_is_enough() -> None:
    assert information(source_close_rate=1.0).enough(lead()).tolist() == [True]


def test_missing_facts_are_named_the_most_important_first_and_idle_ones_not_at_all() -> None:
    known = information(source=1.0, employees=2.0, opted_in=0.0, job_title_seniority=0.5)
    missing = known.missing(lead(job_title_seniority=1.0))
    assert [[NAMES[i] for i in row] for row in missing] == [["employees", "source"]]
