"""Exploration: what the score adds, measured by the lot, and the score that learns from the lot, against the truth.

``python -m benchmarks.exploration [--small] [--companies N]``. Simulated companies are worked by a score: leads of low
grades are left alone but for a share drawn by lot, and for some that sales takes up on what it feels of them. Prints

* uplift: over many companies, how often the report's 95 % interval of what the score adds (by share accepted and share
  won) holds the truth, that is the difference of the true chances of all leads of both kinds, drawn or not;
* labels: what scores trained on such a history say of low grades and how far from the truth they are, with and without
  the weights of `training.drawn`, and with those weights when leads that sales took up all the same count too.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from crm.past import known_at
from crm.simulation import Company, Simulated, simulate
from crm.simulation.policy import left_alone
from features.facts import Facts
from features.instants import micros
from models.definition import Definition
from models.lots import drawn
from models.scorer import Scorer
from training.fit import train
from training.labels import HeadName
from training.review.exploration.uplift import Explored, explored, judged_of, periods_of, uplift
from training.review.handed import SCORES, Handed, hand
from training.settings import Settings, Trees
from training.snapshots import take

DEFINITION = Definition.parse(
    {
        "grades": {"A": 80, "B": 60, "D": {}},
        "kinds": {"contact": ["call", "meeting"]},
        "exploration": {"share": 0.2, "grades": ["D"]},
    },
    "benchmark",
)
SETTINGS = Settings(
    dates=2,
    landmarks=(0, 14, 60),
    widths=(0.15,),
    half_lives=(),
    trees=(Trees(leaves=4, rate=0.12, columns=0.5),),
    most_trees=60,
)
FELT = np.array([0.02, 0.10, 0.35])
"""The chance that sales takes up a lead that was not drawn, by its hidden interest: cold, curious, buying."""

WORKED_DAYS = 450
"""So long before the export the company begins to work by the score."""


@dataclass(frozen=True)
class Played:
    """A company that was worked by a score: what came of it, and the true chances of its leads had all been worked."""

    handed: Handed
    truth: pd.DataFrame
    low: np.ndarray
    scores: pd.DataFrame
    taken_up: frozenset[str]


def play(run: Simulated, scorer: Scorer, cut: pd.Timestamp, seed: int, definition: Definition = DEFINITION) -> Played:
    """From ``cut`` on, every lead handed over is scored, and low grades are worked only where drawn or felt."""
    arrived = take(run.history, (0,))
    arrived = arrived[(arrived["as_of"] > cut).to_numpy()].sort_values(["as_of", "lead_id"], ignore_index=True)
    facts = Facts.of_history(run.history, scorer.fields)
    told = scorer.score(facts, facts.rows(arrived["lead_id"]), micros(arrived["as_of"]), reasons=0)
    lots = drawn(definition.exploration, zip(arrived["lead_id"], told.grade.tolist(), strict=True))
    given = {"p_accept": told.p_accept, "p_close": told.p_close, "score": told.score, "grade": told.grade}
    scores = arrived[["lead_id", "as_of"]].assign(
        given_at=arrived["as_of"], **given, explored=pd.Series(lots, dtype=object)
    )
    passed = scores.loc[[lot is False for lot in lots], "lead_id"]
    interest = pd.Series(run.truth.interest, index=run.truth.lead_ids).reindex(passed).to_numpy()
    taken = np.random.default_rng((seed, 5)).random(len(passed)) < FELT[interest]
    past = left_alone(run.history, passed[~taken])
    handed = hand(past, definition, since=cut, scores=scores.reindex(columns=list(SCORES)))
    truth = run.truth.probabilities(arrived, definition.accept_days, definition.close_days)
    low = np.isin(told.grade, list(definition.exploration.grades if definition.exploration else ()))
    return Played(handed, truth.assign(lead_id=arrived["lead_id"]), low, scores, frozenset(passed[taken]))


def company(seed: int, leads: int, months: int = 24) -> tuple[Simulated, pd.Timestamp]:
    """A company, and when it begins to work by the score."""
    run = simulate(Company(leads=leads, months=months, leaks=False), seed=seed)
    return run, (run.history.exported_at - pd.Timedelta(days=WORKED_DAYS)).normalize()


def true_uplift(played: Played, found: Explored, head: HeadName) -> float:
    """The difference of the true chances of the judged leads of high and of low grades, in the report's mix."""
    judged, period = judged_of(played.handed, found, head), periods_of(found)
    chance = played.truth.set_index("lead_id")[f"p_{head}"].reindex(found.leads["lead_id"]).to_numpy()
    high, lot, low = found.high & judged, found.drawn & judged, (found.drawn | found.left) & judged
    shared = np.intersect1d(period[high], period[lot])
    mix = [((high | lot) & (period == p)).sum() for p in shared]
    gaps = [chance[high & (period == p)].mean() - chance[low & (period == p)].mean() for p in shared]
    return float(np.average(gaps, weights=mix))


def uplifts(scorer: Scorer, first: int, companies: int, leads: int) -> Iterator[dict[str, float | str]]:
    """Each company's intervals beside the truth."""
    for seed in range(first, first + companies):
        run, cut = company(seed, leads)
        played = play(run, scorer, cut, seed)
        found = explored(played.handed)
        for head in HeadName:
            told = uplift(played.handed, found, head)
            if told is not None:
                came = true_uplift(played, found, head)
                held = {"below": came < told.low, "above": came > told.high, "width": told.high - told.low}
                yield {
                    "head": str(head),
                    "held": told.low <= came <= told.high,
                    "told": told.value,
                    "came": came,
                    **held,
                }


def labels(seed: int, leads: int) -> Iterator[dict[str, float | str]]:
    """What a score trained on a history that was worked by another says of low grades, beside the truth."""
    run, cut = company(seed, leads)
    before = train(known_at(run.history, cut), DEFINITION, SETTINGS, seed).scorer
    played = play(run, before, cut, seed)
    taken = played.scores["lead_id"].isin(played.taken_up).to_numpy()
    counted = played.scores.assign(explored=played.scores["explored"].mask(taken, None))
    past = played.handed.history
    histories = {
        "as it was worked, no weights": (past, None),
        "weights": (past, played.scores),
        "weights, taken up count too": (past, counted),
        "had all been worked": (run.history, None),
    }
    facts = Facts.of_history(run.history, before.fields)
    rows, as_of = facts.rows(played.scores["lead_id"]), micros(played.scores["as_of"])
    for name, (history, scores) in histories.items():
        scorer = train(history, DEFINITION, SETTINGS, seed, scores=scores).scorer
        said = scorer.score(Facts.of_history(run.history, scorer.fields), rows, as_of, reasons=0)
        for head in HeadName:
            p, true = getattr(said, f"p_{head}"), played.truth[f"p_{head}"].to_numpy()
            for which, mine in (("low", played.low), ("high", ~played.low)):
                off = np.abs(p - true)[mine].mean()
                yield {
                    "head": str(head),
                    "trained on": name,
                    "grades": which,
                    "said": p[mine].mean(),
                    "true": true[mine].mean(),
                    "off": off,
                }


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--companies", type=int, default=200)
    parser.add_argument("--trained", type=int, default=6)
    options = parser.parse_args()
    companies, leads, trained = (6, 2_500, 1) if options.small else (options.companies, 3_000, options.trained)
    run, cut = company(1_000, 4_000)
    scorer = replace(train(known_at(run.history, cut), DEFINITION, SETTINGS, 1).scorer)
    table = pd.DataFrame(uplifts(scorer, 1, companies, leads))
    print(f"what the score adds: {companies} companies of {leads:,} leads; an interval should hold in 95% of cases")
    means = table.groupby("head").mean(numeric_only=True)
    means.insert(0, "intervals", table.groupby("head").size())
    print(means.round(4).to_string())
    print(f"binomial noise around 95%: ±{np.sqrt(0.95 * 0.05 / companies):.1%}", flush=True)
    told = pd.DataFrame(
        [row for seed in range(301, 301 + trained) for row in labels(seed, 5_000 if not options.small else leads)]
    )
    print(f"\nwhat is learned of low grades: {trained} companies")
    print(told.groupby(["head", "grades", "trained on"], sort=False).mean(numeric_only=True).round(4).to_string())


if __name__ == "__main__":
    main()
