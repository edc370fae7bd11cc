"""What forward predictions and rates of young leads are worth where the truth is known: the simulated company.

``python -m benchmarks.truth [--small]``. Leaks are planted and taken out by the audit, as in any project. Prints the
slope of the true probabilities on the predicted log-odds (1 is perfect, below it the score is too sure of itself), and
the share of leads closed as estimated with censoring weights, by dropping immature leads, and as failures.
"""

from __future__ import annotations

import argparse

import numpy as np

from crm.simulation import Company, simulate
from models.definition import Definition
from training.audit import audit
from training.backtest import backtest
from training.censoring import rate
from training.labels import HeadName, label
from training.metrics import NAMES, Ranked, slope_against_truth
from training.settings import Settings
from training.snapshots import take

DEFINITION = Definition()


def slopes(leads: int, seeds: range) -> None:
    """A line for each company and head: slope against the truth, and how well the truth itself would have ranked."""
    print(f"{leads:,} leads          head    slope  level    AUC  AUC of the truth")
    for seed in seeds:
        run = simulate(Company(leads=leads), seed=seed)
        found = audit(run.history, DEFINITION)
        missed = sorted(set(run.leaks) - found.blocked - {finding.field for finding in found.findings})
        table = backtest(run.history.without(found.blocked), DEFINITION, Settings(), seed=0).table
        truth = run.truth.probabilities(table, DEFINITION.accept_days, DEFINITION.close_days)
        for head in HeadName:
            mine = (table["head"] == head).to_numpy()
            rows, true = table[mine], truth.loc[mine, f"p_{head}"].to_numpy()
            weight = rows["weight"].to_numpy()
            slope, level = slope_against_truth(rows["chosen"].to_numpy(), true, weight)
            areas = [_area(p, rows["y"].to_numpy(), weight) for p in (rows["chosen"].to_numpy(), true)]
            print(
                f"  seed {seed}                 {head:>10}   {slope:6.3f} {level:6.3f} {areas[0]:6.3f} {areas[1]:6.3f}"
            )
        print(f"    leaks not found: {', '.join(missed) or 'none'}", flush=True)


def _area(p: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float:
    rows = weight > 0
    return float(Ranked.of(y[rows], p[rows]).metrics(weight[rows])[NAMES.index("auc")])


def rates(leads: int, seeds: range) -> None:
    """The mean close rate over companies: the truth and three estimates, with their errors in standard errors."""
    found = []
    for seed in seeds:
        run = simulate(Company(leads=leads, months=12, drift=0.0, leaks=False), seed=seed)
        snapshots = take(run.history, (0,))
        estimate = rate(label(run.history, snapshots, HeadName.CLOSE, DEFINITION), snapshots)
        truth = run.truth.probabilities(snapshots, DEFINITION.accept_days, DEFINITION.close_days)["p_close"].mean()
        inside = estimate.low <= truth <= estimate.high
        found.append((truth, estimate.estimate, estimate.dropped, estimate.as_failures, inside))
    table = np.array(found, dtype="float64")
    print(f"close rate, mean of {len(table)} companies of {leads:,} leads")
    print(f"  truth          {table[:, 0].mean():.4f}")
    for column, name in enumerate(("weighted", "dropped", "as failures"), start=1):
        error = table[:, column] - table[:, 0]
        z = error.mean() / (error.std(ddof=1) / np.sqrt(len(error)))
        print(f"  {name:<12}   {table[:, column].mean():.4f}   off by {error.mean():+.4f}, {z:+.1f} standard errors")
    print(f"  the truth lies in the interval of the weighted rate in {int(table[:, 4].sum())} of {len(table)}")


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    small = parser.parse_args().small
    slopes(3_000 if small else 20_000, range(1, 2 if small else 4))
    rates(1_000 if small else 5_000, range(4 if small else 20))


if __name__ == "__main__":
    main()
