"""Scoring in process: one lead from its record to its reasons, and many, beside LightGBM's own calls on the same rows.

``python -m benchmarks.scoring [--small]``. Boosters as large as training makes them, whose contributions are read from
tables, and larger ones, left to LightGBM. The close head blends one with a logistic regression, so that both kinds of
reasons are paid for. Ratios are of CPU time: what else runs on the machine changes them little.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import lightgbm
import numpy as np

from crm.history import FINAL
from crm.simulation import Company, Simulated, simulate
from features.catalog import Catalog, FeatureKind
from features.compute import matrix
from features.facts import Facts, Record, record_of
from features.infer import infer
from features.instants import Ints, micros_of
from models.arrays import Matrix, Vector
from models.boosted import Boosted
from models.calibration import Calibration
from models.definition import Definition
from models.design import Column, Design, Form
from models.head import Head, Heads
from models.linear import Linear
from models.scorer import Meta, Scorer, assemble

Work = Callable[[], object]

SHAPES = ((200, 12, 1), (300, 31, 10))
"""Trees, leaves, and how many times fewer rows are enough."""


def main() -> None:
    """Prints times, and ratios to LightGBM's own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few seconds, to see that it runs")
    options = parser.parse_args()
    leads, rows, times = (1500, 1000, 50) if options.small else (8000, 20_000, 300)
    simulated = simulate(Company(leads=leads, leaks=False), seed=1)
    asked, at = records(simulated, min(64, times)), micros_of(simulated.history.exported_at)
    for trees, leaves, fewer in SHAPES:
        scorer, boosters, facts, lead, as_of = fitted(simulated, trees, leaves)
        k = len(scorer.catalog.features)
        print(f"{trees} trees x {leaves} leaves a head, logistic regression blended in, {k} features")
        one_lead(scorer, boosters, asked, at, times)
        chosen = np.random.default_rng(2).integers(0, len(lead), rows // fewer)
        many_leads(scorer, boosters, facts, lead[chosen], as_of[chosen])


def fitted(simulated: Simulated, trees: int, leaves: int) -> tuple[Scorer, list[lightgbm.Booster], Facts, Ints, Ints]:
    """A scorer, its boosters, and the snapshots it learned from."""
    history = simulated.history
    definition = Definition()
    catalog = infer(history)
    facts = Facts.of_history(history, history.fields)
    lead, as_of = snapshots(facts)
    x = matrix(catalog, facts, lead, as_of)
    table = history.leads[["lead_id"]].iloc[lead].assign(as_of=as_of.astype("datetime64[us]"))
    table["as_of"] = table["as_of"].dt.tz_localize("UTC")
    truth = simulated.truth.probabilities(table, definition.accept_days, definition.close_days).to_numpy()
    happened = np.random.default_rng(0).random(truth.shape) < np.nan_to_num(truth)
    accept, close = (boosted(catalog, x, happened[:, i], trees, leaves) for i in range(2))
    heads = Heads(
        close=Head((Boosted(close.model_to_string()), linear(catalog, x)), (0.8, 0.2), Calibration(0.9, -0.1)),
        accept=Head((Boosted(accept.model_to_string()),), (1.0,)),
    )
    meta = Meta(trained_at=history.exported_at.isoformat(), seed=0, data="")
    nobody = np.zeros(len(x), dtype=bool)
    scorer = assemble(catalog, history.fields, heads, definition, meta, x=x, accepted=nobody)
    return scorer, [accept, close], facts, lead, as_of


def snapshots(facts: Facts) -> tuple[Ints, Ints]:
    """Each lead, a week after its creation."""
    lead = np.arange(len(facts), dtype=np.int64)
    return lead, facts.moment("created") + 7 * 86_400_000_000


def boosted(catalog: Catalog, x: Matrix, y: Vector, trees: int, leaves: int) -> lightgbm.Booster:
    """A booster with every tree grown to its full number of leaves, where the rows allow."""
    categories = [i for i, feature in enumerate(catalog.features) if feature.kind is FeatureKind.CATEGORY]
    settings = {"objective": "binary", "num_leaves": leaves, "learning_rate": 0.03, "num_threads": 1, "verbosity": -1}
    data = lightgbm.Dataset(x, y, categorical_feature=categories, params={"verbosity": -1})
    booster = lightgbm.train(settings, data, trees)
    return lightgbm.Booster(model_str=booster.model_to_string())


def linear(catalog: Catalog, x: Matrix) -> Linear:
    """A logistic regression of the shape that training gives; its weights do not matter for time."""
    columns: list[Column] = []
    for i, feature in enumerate(catalog.features):
        if feature.kind is FeatureKind.CATEGORY:
            columns += [Column(i, Form.LEVEL, level=level) for level in range(len(feature.levels or ()))]
        else:
            columns.append(Column(i, Form.LOG, low=0.0, high=1e6))
        columns.append(Column(i, Form.MISSING))
    raw = Design(tuple(columns)).raw(x)
    design = Design(tuple(columns)).standardised(raw.mean(axis=0), np.maximum(raw.std(axis=0), 0.1))
    return Linear(design, tuple(np.random.default_rng(1).normal(0, 0.05, len(columns)).tolist()), -2.0)


def records(simulated: Simulated, most: int) -> list[Record]:
    """Requests for open leads, with their buying groups."""
    history = simulated.history
    decided = history.milestones.loc[history.milestones["milestone"].isin(FINAL), "lead_id"]
    lead_ids = history.leads.loc[~history.leads["lead_id"].isin(decided), "lead_id"]
    return [record_of(history, lead_id) for lead_id in lead_ids.iloc[:most]]


def one_lead(scorer: Scorer, boosters: list[lightgbm.Booster], asked: list[Record], as_of: int, times: int) -> None:
    """From a record to both probabilities, grade and reasons."""
    first, instant = np.zeros(1, np.int64), np.array([as_of])

    def features(record: Record) -> Matrix:
        return matrix(scorer.catalog, Facts.of_records([record], scorer.fields), first, instant)

    xs = [features(record) for record in asked]
    accepted = np.zeros(1, dtype=bool)

    def whole(i: int) -> object:
        return scorer.score(Facts.of_records([asked[i]], scorer.fields), first, instant)

    works: dict[str, Callable[[int], object]] = {
        "record to reasons": whole,
        "  facts": lambda i: Facts.of_records([asked[i]], scorer.fields),
        "  facts and features": lambda i: features(asked[i]),
        "  both heads, no reasons": lambda i: scorer.score_matrix(xs[i], accepted, reasons=0),
        "  both heads and reasons": lambda i: scorer.score_matrix(xs[i], accepted),
        "Booster.predict, both heads": lambda i: [b.predict(xs[i], raw_score=True, num_threads=1) for b in boosters],
        "Booster pred_contrib, close": lambda i: boosters[1].predict(xs[i], pred_contrib=True, num_threads=1),
    }
    print(f"  one lead, {times} times, ms         p50     p99  p50 of CPU")
    for name, work in works.items():
        taken = np.array([timed(partial(work, i % len(asked))) for i in range(times)])[times // 10 :]
        (p50, p99), cpu = np.quantile(taken[:, 0], (0.5, 0.99)) * 1000, np.median(taken[:, 1]) * 1000
        print(f"    {name:30} {p50:6.3f}  {p99:6.3f}      {cpu:6.3f}")


def many_leads(scorer: Scorer, boosters: list[lightgbm.Booster], facts: Facts, lead: Ints, as_of: Ints) -> None:
    """Rows a second with and without reasons, in chunks of 10,000."""
    x = matrix(scorer.catalog, facts, lead, as_of)
    accepted = np.zeros(len(x), dtype=bool)
    chunks = [slice(i, i + 10_000) for i in range(0, len(x), 10_000)]
    each: dict[str, Callable[[slice], Any]] = {
        "predict": lambda at: [b.predict(x[at], raw_score=True, num_threads=1) for b in boosters],
        "features": lambda at: matrix(scorer.catalog, facts, lead[at], as_of[at]),
        "scores": lambda at: scorer.score_matrix(x[at], accepted[at], reasons=0),
        "features and scores": lambda at: scorer.score(facts, lead[at], as_of[at], reasons=0),
        "predict and pred_contrib": lambda at: [
            [b.predict(x[at], raw_score=True, num_threads=1) for b in boosters],
            boosters[1].predict(x[at], pred_contrib=True, num_threads=1),
        ],
        "scores and reasons": lambda at: scorer.score_matrix(x[at], accepted[at]),
        "features, scores and reasons": lambda at: scorer.score(facts, lead[at], as_of[at]),
    }
    first = slice(0, 300)
    for work in each.values():
        work(first)
    taken = {name: timed(lambda work=work: [work(at) for at in chunks])[1] for name, work in each.items()}
    print(f"  {len(x):,} leads, one thread          rows/s    CPU time as a multiple of LightGBM's")
    for name, seconds in taken.items():
        base = taken["predict and pred_contrib" if "reasons" in name or "contrib" in name else "predict"]
        print(f"    {name:30} {len(x) / seconds:10,.0f}    {seconds / base:.2f}")


def timed(work: Work) -> tuple[float, float]:
    """Seconds that one call takes, and those that the processor works on it."""
    begin, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begin, time.process_time() - cpu


if __name__ == "__main__":
    main()
