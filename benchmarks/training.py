"""Training on 100,000 leads of the simulated company with about a million activities: time, peak memory, by stage.

The baseline of the same run is one plain LightGBM (its library's defaults) on the feature matrix of the last fit: what
choosing, checking and calibrating cost beside fitting once.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import lightgbm
import numpy as np

from crm.history import History
from crm.simulation import Company, simulate
from models.definition import Definition
from training.fit import MAX_ROWS, train
from training.folds import fold_of
from training.labels import HeadName
from training.settings import Settings
from training.snapshots import take

DEFINITION = Definition(accept_days=30, close_days=180)


def main() -> int:
    """Simulate, train, and fit the baseline; print how long each took and the peak memory."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--small", action="store_true", help="2,000 leads, to see that it runs")
    leads = 2_000 if parser.parse_args().small else 100_000
    begun = time.perf_counter()
    history = simulate(Company(leads=leads, activity=0.5), seed=1).history
    print(
        f"{len(history.leads):,} leads, {len(history.activities):,} activities (simulated in {_since(begun)})",
        flush=True,
    )
    before, cpu = _peak(), time.process_time()
    begun = time.perf_counter()
    trained = train(history, DEFINITION, Settings(), seed=1, step=_Said(begun))
    whole, cpu = time.perf_counter() - begun, time.process_time() - cpu
    peak = _peak()
    dates = len(trained.backtest.dates) - 1
    print(f"trained on {dates} dates and all data in {whole:.0f} s ({cpu:.0f} s of CPU), one thread")
    print(f"peak memory {peak:.1f} GiB, of which {before:.1f} GiB before training")
    once = _once(history)
    print(
        f"plain LightGBM on the same rows, features included: {once:.0f} s; all of the above {whole / once:.1f} times"
    )
    return 0


class _Said:
    """Prints each stage once, with the seconds since the start."""

    def __init__(self, begun: float) -> None:
        self._begun, self._last = begun, ""

    def __call__(self, stage: str, done: float) -> None:
        """Take one step of progress."""
        if stage != self._last:
            print(f"  {_since(self._begun):>7}  {done:4.0%}  {stage}", flush=True)
        self._last = stage


def _once(history: History) -> float:
    begun = time.perf_counter()
    fold = fold_of(history, history, take(history, (0,)).iloc[:0], DEFINITION, Settings(), 1, most_rows=MAX_ROWS)
    rows = fold.train.weight[HeadName.CLOSE] > 0
    y = fold.train.labels[HeadName.CLOSE]["y"].to_numpy()[rows]
    data = lightgbm.Dataset(fold.train.x[rows], y, weight=np.asarray(fold.train.weight[HeadName.CLOSE])[rows])
    lightgbm.train({"objective": "binary", "num_threads": 1, "verbosity": -1}, data, 100)
    return time.perf_counter() - begun


def _since(begun: float) -> str:
    return f"{time.perf_counter() - begun:.1f} s"


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    sys.exit(main())
