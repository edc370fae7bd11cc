"""Whether the alarms of `accord check` can be trusted: months played forward, a look every week.

``python -m benchmarks.warranty [--small] [--runs N]``. Scorers are trained on simulated companies whose world does not
change, and each signs the sheet it measured. Then other companies of the same world (other accounts, people and leads)
are played forward for `AHEAD`: every lead is scored as of its hand-off by that scorer, and every week all that has
matured is tested.

* **As promised**: nothing changes. An alarm is false where the world lies within the promise; but a promised range is
  wrong in one case of ten by construction, so worlds outside one of their ranges are told apart. What a grade really
  comes to is the mean of all futures of a scorer. Ranges leave a margin, so the hardest case is told as well: shares
  promised to be exactly what they come to. (Volumes are not: in young companies grades are not at rest.)
* **A planted change**: from `CHANGE` on, acceptance or winning has another level. Prints how often and how many weeks
  later the alarm was raised: the wait for answers to mature is part of it.

Beside the promises, the alarm of `accord report quality` that probabilities are too high or too low together: it is
held against what the scorer said of all leads, not against a range for each grade, and has 5 % of its own.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from benchmarks.promises import SETTINGS
from crm.simulation import Company, simulate
from models.definition import Definition
from models.scorer import Scorer
from models.sheet import Kept, Range, Sheet
from training.arrivals import forward
from training.fit import train
from training.labels import HeadName
from training.promises import measure
from training.review.answers import VISIT
from training.review.calibrated import calibrated
from training.review.handed import Handed, hand
from training.review.wagers import ALPHA
from training.review.warranty import Warranties, before, hold

WEEK = pd.Timedelta(days=7)
START, BEFORE, MONTHS = date(2024, 1, 1), 6, 18
"""Companies begin then; a future has so many months before the sheet is measured, a scorer learns from the latter."""

AHEAD = 14
"""Months played forward."""

CHANGE = 13 * WEEK
"""When a planted change comes, after the sheet was measured."""

A_MONTH = 250
"""Leads."""

STABLE = {"drift": 0.0, "growth": 1.0, "leniency": 0.1, "leaks": False}
GRADES = {"A": {"capacity_per_week": 12}, "B": {"capacity_per_week": 16}, "C": {"capacity_per_week": 16}, "D": 1}
DEFINITION = Definition.parse({"grades": GRADES, "close_days": 120}, "benchmark")
CHANGES = (
    ("accept_level", -0.6),
    ("accept_level", -1.2),
    ("accept_level", -2.0),
    ("close_level", -0.8),
    ("close_level", -1.6),
)
FIRST = 1001
"""The seed of the first future."""


@dataclass(frozen=True)
class Signed:
    """A scorer and the sheet it measured."""

    scorer: Scorer
    sheet: Sheet


def signed(seed: int) -> Signed:
    """A scorer trained on a company of the world."""
    known = simulate(Company(leads=A_MONTH * MONTHS, months=MONTHS, start=START, **STABLE), seed=seed).history
    trained = train(known, DEFINITION, SETTINGS, seed)
    sheet = measure(trained.scorer, known, forward(trained.backtest.table, known, DEFINITION), SETTINGS)
    if sheet is None:
        raise AssertionError
    return Signed(trained.scorer, sheet)


@dataclass(frozen=True)
class Future:
    """What came after the sheet: the leads with grade and answers, those before it, and the export."""

    handed: Handed
    leads: pd.DataFrame
    earlier: pd.DataFrame
    since: pd.Timestamp
    until: pd.Timestamp


def future(of: Signed, seed: int, **change: float) -> Future:
    """Another company of the same world, seen by the scorer; with another level where there is a ``change``."""
    since = pd.Timestamp(of.sheet.measured.exported_at)
    start = (since - pd.DateOffset(months=BEFORE)).date()
    months = BEFORE + AHEAD
    company = Company(leads=A_MONTH * months, months=months, start=start, **STABLE, **change)
    history = simulate(company, seed=seed).history
    handed = hand(history, DEFINITION, since=since, scorer=of.scorer)
    return Future(handed, handed.leads, before(handed, since), since, handed.until)


def spliced(calm: Future, changed: Future) -> Future:
    """The calm future up to `CHANGE`, the changed one from then on: the same leads, since the seed is the same."""
    at = calm.since + CHANGE
    rows = [
        calm.leads[(calm.leads["handed_off_at"] <= at).to_numpy()],
        changed.leads[(changed.leads["handed_off_at"] > at).to_numpy()],
    ]
    return Future(calm.handed, pd.concat(rows, ignore_index=True), calm.earlier, calm.since, calm.until)


def tested(of: Signed, one: Future) -> Warranties:
    """Every promise after all weeks, with the instant of the first alarm."""
    return hold(one.leads, one.earlier, of.sheet, one.since, one.until, lines=False)


def off(one: Future) -> dict[str, pd.Timestamp | None]:
    """For each head, when the alarm was raised that its probabilities are too high or too low together."""
    heads = calibrated(replace(one.handed, leads=one.leads), 1)
    return {str(each.head): None if each.alarm is None else each.alarm[0] for each in heads}


def comes_to(of: Signed, futures: list[Future]) -> dict[tuple[str, Kept], float]:
    """What each grade's promises really come to in the world as it is: the mean of all futures."""
    rows = pd.concat([one.leads for one in futures])
    weeks = sum((one.until - one.since) / WEEK for one in futures)
    found: dict[tuple[str, Kept], float] = {}
    for promise in of.sheet.promises:
        mine = rows[(rows["grade"] == promise.grade).to_numpy()]
        real: dict[Kept, float] = {"per_week": len(mine) / weeks}
        for head, days in (("accept", DEFINITION.accept_days), ("close", DEFINITION.close_days)):
            over = (mine["handed_off_at"] + pd.Timedelta(days=days) <= futures[0].until).to_numpy()
            real[head] = float(mine.loc[over, f"y_{head}"].mean())
        found |= {(promise.grade, what): real[what] for what in promise.ranges()}
    return found


def without_margin(sheet: Sheet, real: dict[tuple[str, Kept], float]) -> Sheet:
    """The hardest promise that is kept: shares are promised to be exactly what they come to."""
    promises = []
    for promise in sheet.promises:
        exact = {what: Range(*[real[promise.grade, what]] * 3) for what in promise.ranges() if what != "per_week"}
        promises.append(replace(promise, **exact))
    return replace(sheet, promises=tuple(promises))


def rate(raised: list[bool], nominal: float = ALPHA) -> str:
    """How often, beside what was claimed and the noise of so few runs."""
    n = len(raised)
    if not n:
        return "no runs"
    noise = float(np.sqrt(nominal * (1 - nominal) / n))
    return (
        f"{sum(raised)} of {n} = {np.mean(raised):.1%}; nominal: at most {nominal:.0%} (noise of {n} runs: {noise:.1%})"
    )


def told(head: Kept, found: list[Warranties], levels: list[dict[str, pd.Timestamp | None]]) -> str:
    """How often a change was seen, and after how many weeks: by a promise, by the level of probabilities, by either."""
    days = DEFINITION.accept_days if head == "accept" else DEFINITION.close_days
    promises = [[each.since for each in one.broken if each.what == head] for one in found]
    level = [[each.get(head)] for each in levels]
    lines = []
    for name, raised in (
        ("a promise", promises),
        ("the level", level),
        ("either", [[*a, *b] for a, b in zip(promises, level, strict=True)]),
    ):
        weeks = []
        for one, every in zip(found, raised, strict=True):
            late = [(at - one.since - CHANGE) / WEEK for at in every if at is not None and at > one.since + CHANGE]
            weeks.append(float(np.ceil(min(late))) if late else np.inf)
        median, most = np.quantile(weeks, [0.5, 0.9], method="higher")
        share = np.isfinite(weeks).mean()
        lines.append(f"  {name:<12}{share:5.0%} raised   median {_weeks(median)}, 90 % within {_weeks(most)}")
    return "\n".join([*lines, f"  {np.ceil((days + VISIT) / 7):.0f} weeks of them waiting for answers"])


def _weeks(number: float) -> str:
    return f"{number:.0f} weeks" if np.isfinite(number) else "more than were played"


def beside(level: str, of: Signed, futures: list[Future]) -> str:
    """What each grade comes to after a change, beside its promise: what stays within the promise is not to be found."""
    head: Kept = "accept" if level == "accept_level" else "close"
    days = DEFINITION.accept_days if head == "accept" else DEFINITION.close_days
    rows = pd.concat([one.leads[(one.leads["handed_off_at"] > one.since + CHANGE).to_numpy()] for one in futures])
    rows = rows[(rows["handed_off_at"] + pd.Timedelta(days=days) <= futures[0].until).to_numpy()]
    shares = rows.groupby("grade")[f"y_{head}"].mean()
    found = [
        f"{promise.grade} {shares.get(promise.grade, np.nan):.0%} ({promised.low:.0%} to {promised.high:.0%})"
        for promise in of.sheet.promises
        if (promised := promise.ranges().get(head)) is not None
    ]
    return "then comes (first scorer's promise): " + ", ".join(found)


def main() -> None:
    """Print alarms while all is well, and after a change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--scorers", type=int, default=3)
    parser.add_argument("--changed", type=int, default=40, help="futures with each planted change")
    options = parser.parse_args()
    runs, scorers, changed = (8, 2, 4) if options.small else (options.runs, options.scorers, options.changed)
    clock = time.monotonic()

    def stage(what: str) -> None:
        print(f"{what} ({time.monotonic() - clock:.0f} s)", flush=True)

    agreed = [signed(seed) for seed in range(1, scorers + 1)]
    stage(f"{scorers} scorers trained, their sheets measured")
    of = {seed: agreed[seed % scorers] for seed in range(FIRST, FIRST + runs)}
    calm = {seed: future(of[seed], seed) for seed in of}
    leads = np.mean([len(one.leads) for one in calm.values()])
    stage(f"{runs} futures of {AHEAD} months, {leads:,.0f} leads each")
    real = {id(one): comes_to(one, [calm[seed] for seed in of if of[seed] is one]) for one in agreed}
    inside = {id(one): _inside(one, real[id(one)]) for one in agreed}
    found = {seed: tested(of[seed], calm[seed]) for seed in of}
    raised = {seed: bool(each.broken) for seed, each in found.items()}
    stage("tested, a look every week")
    print("\nThe world stays as promised: runs in which any of a sheet's promises raised an alarm")
    print(f"  world inside every promise   {rate([raised[s] for s in of if inside[id(of[s])]])}")
    print(f"  all worlds                   {rate(list(raised.values()))}")
    kept = [each.what + each.grade for s, one in found.items() for each in one.broken if inside[id(of[s])]]
    print(f"  false alarms by promise      {', '.join(sorted(kept)) or 'none'}")
    exact = [Signed(of[s].scorer, without_margin(of[s].sheet, real[id(of[s])])) for s in of]
    tight = [
        any(each.what != "per_week" for each in tested(one, calm[s]).broken) for one, s in zip(exact, of, strict=True)
    ]
    print(f"  shares without any margin    {rate(tight)}")
    levels = {seed: off(calm[seed]) for seed in of}
    print(f"  level of probabilities       {rate([any(levels[s].values()) for s in of])}")
    for head in HeadName:
        print(f"    {head:<27}{sum(levels[s].get(str(head)) is not None for s in of)}")
    stage("")
    print(f"\nA change {CHANGE / WEEK:.0f} weeks after the sheet, in log-odds, from that day's leads on")
    for level, by in CHANGES:
        seeds = list(of)[:changed]
        after = [spliced(calm[s], future(of[s], s, **{level: by})) for s in seeds]
        seen = [tested(of[s], one) for s, one in zip(seeds, after, strict=True)]
        print(f"{level} {by:+.1f}")
        head: Kept = "accept" if level == "accept_level" else "close"
        print(told(head, seen, [off(one) for one in after]), flush=True)
        first = [one for one, s in zip(after, seeds, strict=True) if of[s] is agreed[0]]
        print(f"  {beside(level, agreed[0], first)}", flush=True)
    stage("")


def _inside(of: Signed, real: dict[tuple[str, Kept], float]) -> bool:
    """Whether the world keeps every promise of the sheet; says which not."""
    kept = True
    for promise in of.sheet.promises:
        for what, promised in promise.ranges().items():
            value = real[promise.grade, what]
            if not promised.holds(value):
                kept = False
                print(
                    f"  outside: {promise.grade} {what} {value:.3f}, promised {promised.low:.3f} to {promised.high:.3f}"
                )
    return kept


if __name__ == "__main__":
    main()
