from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.exploration import DEFINITION, SETTINGS, company, play
from crm.past import known_at
from crm.simulation import Company, simulate
from crm.simulation.policy import left_alone
from features.facts import Facts
from features.infer import infer
from features.instants import micros
from models import artifact
from models.definition import Definition
from tests.builders import history, instant, lead, milestone
from training.drawn import Drawn
from training.fit import train
from training.folds import rows_of
from training.labels import HeadName
from training.settings import Settings
from training.snapshots import take

EXPLORING = Definition.parse({"exploration": {"share": 0.25, "grades": ["D"]}}, "definition")
LEADS = ("high", "drawn", "left", "raised", "late", "unscored", "before", "first")


def scores(*rows: tuple[str, str, bool | None]) -> pd.DataFrame:
    table = pd.DataFrame([{"lead_id": i, "as_of": instant(at), "explored": explored} for i, at, explored in rows])
    table["as_of"] = table["as_of"].astype("datetime64[us, UTC]")
    return table.assign(given_at=table["as_of"], explored=table["explored"].astype(object))


GIVEN = scores(
    ("high", "2026-01-01", None),
    ("high", "2026-01-20", False),  # falls later: it was worked from the beginning
    ("drawn", "2026-01-02", True),
    ("left", "2026-01-01", False),
    ("raised", "2026-01-01", False),
    ("raised", "2026-01-10", None),
    ("late", "2026-05-01", False),
    ("before", "2025-12-01", False),  # long before its hand-off: not what it was worked by
    ("first", "2025-12-31T12:00:00Z", False),  # scored first, then handed off
)


def company_of_seven(exported_at: str = "2026-06-30") -> tuple[Any, pd.DataFrame]:
    past = history(
        *(lead(i, "2025-11-01") for i in LEADS),
        *(milestone(i, "handed_off", "2026-01-01") for i in LEADS),
        milestone("left", "won", "2026-03-01"),
        exported_at=exported_at,
    )
    return past, take(past, (0, 7, 30))


def counted(at: str = "2026-06-30") -> dict[str, list[float]]:
    past, snapshots = company_of_seven(at)
    drawn = Drawn.of(EXPLORING, GIVEN)
    assert drawn is not None
    told = snapshots.assign(counts=drawn.weights(past, snapshots))
    return told.groupby("lead_id")["counts"].agg(list).to_dict()


def test_leads_left_unworked_count_for_nothing_and_the_drawn_ones_for_them() -> None:
    assert counted() == {
        "high": [1.0, 1.0, 1.0],
        "drawn": [4.0, 4.0, 4.0],
        "left": [0.0, 0.0, 0.0],  # though it was won: sales chose it, so it says nothing of its kind
        "raised": [0.0, 0.0, 1.0],  # from the better grade on it is worked like the others
        "late": [1.0, 1.0, 1.0],  # it had been worked for months when it was scored
        "unscored": [1.0, 1.0, 1.0],
        "before": [1.0, 1.0, 1.0],
        "first": [0.0, 0.0, 0.0],
    }


def test_leads_left_unworked_count_for_nothing_when_the_definition_draws_no_more() -> None:
    past, snapshots = company_of_seven()
    stopped = Drawn.of(Definition(), GIVEN.assign(definition="while it drew"))
    assert stopped is not None
    told = snapshots.assign(counts=stopped.weights(past, snapshots)).groupby("lead_id")["counts"].agg(list)
    took_part = GIVEN[GIVEN["explored"].notna().to_numpy()].drop_duplicates("lead_id")
    assert told["left"] == [0.0, 0.0, 0.0]
    assert told["drawn"] == pytest.approx([len(took_part)] * 3), "one of them was drawn"
    after = pd.concat([GIVEN.assign(definition="while it drew"), scores(("left", "2026-01-05", None))])
    stopped = Drawn.of(Definition(), after)
    assert stopped is not None
    told = snapshots.assign(counts=stopped.weights(past, snapshots)).groupby("lead_id")["counts"].agg(list)
    assert told["left"] == [0.0, 0.0, 0.0], "a definition that draws nothing does not say that it was worked"


def test_drawn_leads_stand_for_the_share_that_was_drawn_when_they_were() -> None:
    n, share = 400, 0.1
    ids = [f"l{i}" for i in range(n)]
    past = history(*(lead(i, "2025-11-01") for i in ids), *(milestone(i, "handed_off", "2026-01-01") for i in ids))
    told = scores(*((i, "2026-01-01", at % 10 == 0) for at, i in enumerate(ids))).assign(definition="a tenth")
    drawn = Drawn.of(EXPLORING, told)
    assert drawn is not None
    weights = drawn.weights(past, take(past, (0,)))
    assert np.unique(weights) == pytest.approx([0.0, 1 / share]), "not 1 / 0.25, which is drawn today"
    assert weights.sum() == pytest.approx(n)
    now = Drawn.of(EXPLORING, told.assign(definition=EXPLORING.version))
    assert now is not None
    assert set(now.weights(past, take(past, (0,)))) == {0.0, 4.0}


def test_a_score_given_later_is_not_known_before() -> None:
    past, snapshots = company_of_seven("2026-01-01T06:00:00Z")
    of_the_day = GIVEN[(GIVEN["lead_id"] != "first").to_numpy()]
    at_noon = of_the_day.assign(given_at=of_the_day["given_at"] + pd.Timedelta(hours=12))
    drawn = Drawn.of(EXPLORING, at_noon)
    assert drawn is not None
    assert set(drawn.weights(past, snapshots)) == {1.0}
    later, same = company_of_seven("2026-01-01T13:00:00Z")
    assert 0.0 in set(drawn.weights(later, same)), "who was left is known from noon on"


def test_without_exploration_or_draws_nothing_is_weighed() -> None:
    assert Drawn.of(EXPLORING, None) is None
    assert Drawn.of(EXPLORING, scores(("high", "2026-01-01", None))) is None


def test_left_out_leads_weigh_nothing_in_what_is_learned_and_told() -> None:
    past, snapshots = company_of_seven()
    drawn, catalog = Drawn.of(EXPLORING, GIVEN), train_catalog(past)
    rows = rows_of(past, snapshots, catalog, (HeadName.CLOSE,), EXPLORING, Settings(account_share=1.0), by_lot=drawn)
    plain = rows_of(past, snapshots, catalog, (HeadName.CLOSE,), EXPLORING, Settings(account_share=1.0))
    counts = drawn.weights(past, snapshots) if drawn else np.zeros(0)
    for told in ("weight", "learning"):
        assert getattr(rows, told)[HeadName.CLOSE] == pytest.approx(getattr(plain, told)[HeadName.CLOSE] * counts)
    assert rows.snapshots["weight"].equals(plain.snapshots["weight"]), "the reference of scores is all leads"


def train_catalog(past: Any) -> Any:
    return infer(past)


def test_a_history_without_draws_gives_the_same_artifact_to_the_byte() -> None:
    run = simulate(Company(leads=700, months=18, leaks=False), seed=5)
    quick = SETTINGS.model_copy(update={"most_trees": 10, "dates": 1})
    before = artifact.hash_of(train(run.history, EXPLORING, quick, 1).scorer)
    ids = run.history.leads["lead_id"]
    none = pd.DataFrame({"lead_id": ids, "as_of": run.history.exported_at, "explored": None})
    none = none.assign(given_at=none["as_of"], explored=none["explored"].astype(object))
    assert artifact.hash_of(train(run.history, EXPLORING, quick, 1, scores=none).scorer) == before
    milestones = run.history.milestones
    over = milestones[(milestones["milestone"] == "handed_off").to_numpy()].set_index("lead_id")["reached_at"]
    later = pd.Series(over.reindex(ids).array).fillna(run.history.exported_at)
    third = pd.Series(np.arange(len(ids)) % 3 == 0, dtype=object)
    drawn = none.assign(as_of=later, given_at=later, explored=third)
    after = train(run.history, EXPLORING, quick, 1, scores=drawn)
    assert artifact.hash_of(after.scorer) != before
    assert any("were not drawn to be worked" in warning for warning in after.warnings)


def test_left_alone_a_lead_does_what_it_did_and_sales_does_nothing() -> None:
    run = simulate(Company(leads=400, months=12, leaks=False), seed=2)
    gone = run.history.leads["lead_id"].iloc[::2]
    past = left_alone(run.history, gone)
    of_them = past.milestones[past.milestones["lead_id"].isin(gone)]
    assert set(of_them["milestone"]) == {"handed_off"}
    kinds = past.activities.loc[past.activities["lead_id"].isin(gone), "kind"]
    assert not set(kinds) & {"call", "meeting"}
    own = run.history.activities[run.history.activities["kind"] == "page_view"]
    assert (past.activities["kind"] == "page_view").sum() == len(own)
    others = run.history.milestones[~run.history.milestones["lead_id"].isin(gone)]
    kept = past.milestones[~past.milestones["lead_id"].isin(gone)]
    assert kept.reset_index(drop=True).equals(others.reset_index(drop=True))


@pytest.mark.slow
def test_low_grades_are_nearer_to_the_truth_when_the_drawn_stand_for_those_left_unworked() -> None:
    run, cut = company(301, 4_000)
    before = train(known_at(run.history, cut), DEFINITION, SETTINGS, 1).scorer
    played = play(run, before, cut, 1)
    true = played.truth["p_accept"].to_numpy()[played.low].mean()
    said = {}
    for name, given in (("as worked", None), ("weighed", played.scores)):
        scorer = train(played.handed.history, DEFINITION, SETTINGS, 1, scores=given).scorer
        facts = Facts.of_history(run.history, scorer.fields)
        rows, at = facts.rows(played.scores["lead_id"]), micros(played.scores["as_of"])
        said[name] = scorer.score(facts, rows, at, reasons=0).p_accept[played.low].mean()
    assert said["as worked"] < 0.7 * true, "learning from leads that nobody worked makes low grades look worse"
    assert abs(said["weighed"] - true) < 0.2 * true
