"""Whether promises hold: the ranges of the sheet against what really came, over many simulated companies.

``python -m benchmarks.promises [--small] [--companies N]``. Each company is simulated, cut a quarter before its end,
trained and measured there as in any project; the leads handed over in the quarter after it are scored at their hand-off
and graded, and the truth says what came of them, however long it took. Prints how often a range held (90 % is right;
more means ranges wider than they need to be), how wide it is, how far the promised figure was off on average, and what
a confidence interval of the forward share, which allows for chance in the past alone, would have held.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm.past import known_at
from crm.simulation import Company, simulate
from features.facts import Facts
from features.instants import micros
from models.definition import Definition
from models.sheet import Range
from training.arrivals import forward
from training.fit import train
from training.labels import HeadName
from training.promises import COVERAGE, Evidence, gather, sheet_of
from training.settings import Settings, Trees
from training.snapshots import take

AHEAD = pd.Timedelta(days=91)
GRADES = {"A": {"capacity_per_week": 6}, "B": {"capacity_per_week": 8}, "C": {"capacity_per_week": 10}, "D": 1}
DEFINITION = Definition.parse({"grades": GRADES}, "benchmark")
SETTINGS = Settings(
    dates=4,
    landmarks=(0, 14, 60),
    widths=(0.15,),
    half_lives=(0.5,),
    trees=(Trees(leaves=4, rate=0.12, columns=0.5),),
    most_trees=60,
)
FIRST = 101
"""The first seed: the settings of `training.forecast` were chosen looking at seeds 1 to 50."""

Z = 1.645


@dataclass(frozen=True, slots=True)
class Held:
    """One range and what came: ``naive`` are the ends of the interval of the past share or volume."""

    company: int
    figure: str
    grade: str
    promised: Range
    naive: tuple[float, float]
    came: float


def company(seed: int, leads: int) -> Iterator[Held]:
    """Every range of one company's sheet beside what came of it."""
    run = simulate(Company(leads=leads, months=27, leaks=False), seed=seed)
    cut = (run.history.exported_at - AHEAD).normalize()
    known = known_at(run.history, cut)
    trained = train(known, DEFINITION, SETTINGS, seed)
    evidence = gather(trained.scorer, known, forward(trained.backtest.table, known, DEFINITION), SETTINGS)
    if evidence is None:
        raise AssertionError
    rows = take(run.history, (0,))
    rows = rows[((rows["as_of"] > cut) & (rows["as_of"] <= cut + AHEAD)).to_numpy()].reset_index(drop=True)
    facts = Facts.of_history(run.history, trained.scorer.fields)
    grade = trained.scorer.score(facts, facts.rows(rows["lead_id"]), micros(rows["as_of"]), reasons=0).grade
    came = run.truth.outcomes(rows, DEFINITION.accept_days, DEFINITION.close_days)
    for promise in sheet_of(evidence).promises[:-1]:
        mine = grade == promise.grade
        weeks = evidence.ahead_weeks
        count = promise.per_week.value * evidence.weeks
        chance = tuple((count + sign * Z * np.sqrt(count)) / evidence.weeks for sign in (-1, 1))
        yield Held(seed, "leads a week", promise.grade, promise.per_week, (chance[0], chance[1]), mine.sum() / weeks)
        for head, promised in ((HeadName.ACCEPT, promise.accept), (HeadName.CLOSE, promise.close)):
            if promised is not None and mine.any():
                naive = interval(evidence, promise.grade, head)
                yield Held(seed, str(head), promise.grade, promised, naive, float(came.loc[mine, str(head)].mean()))


def interval(evidence: Evidence, grade: str, head: HeadName) -> tuple[float, float]:
    """Wilson's interval of the grade's weighted share among the forward arrivals."""
    rows = evidence.forward[(evidence.forward["grade"] == grade).to_numpy()]
    weight = rows[f"weight_{head}"].to_numpy()
    n = weight.sum() ** 2 / (weight**2).sum()
    p = float(np.average(rows[f"y_{head}"].fillna(0.0), weights=weight))
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return middle - half, middle + half


def table(held: list[Held]) -> pd.DataFrame:
    """A line for each figure and grade, and one for each figure and for both shares together."""
    rows = pd.DataFrame(
        {
            "figure": [h.figure for h in held],
            "grade": [h.grade for h in held],
            "held": [h.promised.holds(h.came) for h in held],
            "below": [h.came < h.promised.low for h in held],
            "above": [h.came > h.promised.high for h in held],
            "width": [h.promised.high - h.promised.low for h in held],
            "promised": [h.promised.value for h in held],
            "came": [h.came for h in held],
            "naive_held": [h.naive[0] <= h.came <= h.naive[1] for h in held],
            "naive_width": [h.naive[1] - h.naive[0] for h in held],
        }
    )
    together = rows.assign(grade="A, B, C")
    shares = together[together["figure"] != "leads a week"].assign(figure="both shares")
    every = pd.concat([rows, together, shares])
    means = every.groupby(["figure", "grade"], sort=False).mean(numeric_only=True)
    means.insert(0, "ranges", every.groupby(["figure", "grade"], sort=False).size())
    return means.sort_index()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--companies", type=int, default=30)
    options = parser.parse_args()
    companies, leads = (2, 2_000) if options.small else (options.companies, 4_000)
    held = [one for seed in range(FIRST, FIRST + companies) for one in company(seed, leads)]
    print(f"{companies} companies of {leads:,} leads; a range should hold in {COVERAGE:.0%} of cases")
    print(f"{'':<14}{'grade':<9}ranges   held (below, above)   width   promised    came   naive: held  width")
    for (figure, grade), row in table(held).iterrows():
        print(
            f"{figure:<14}{grade:<9}{row['ranges']:6.0f}  {row['held']:5.1%} ({row['below']:5.1%}, {row['above']:5.1%})"
            f"  {row['width']:6.3f}   {row['promised']:8.3f}  {row['came']:6.3f}        {row['naive_held']:5.1%}"
            f"  {row['naive_width']:5.3f}"
        )
    shares = [h.promised.holds(h.came) for h in held if h.figure != "leads a week"]
    error = np.sqrt(COVERAGE * (1 - COVERAGE) / len(shares))
    print(f"both shares: {np.mean(shares):.1%} of {len(shares)}; binomial noise around {COVERAGE:.0%}: ±{error:.1%}")


if __name__ == "__main__":
    main()
