"""What training persons' habits away is worth where the truth of the average person is known: the simulated company.

``python -m benchmarks.leniency [--small]``. Sales people differ much in leniency (1.2 log-odds); their leads come by
chance, or mostly by source, so that a source looks as good as the person it goes to is lenient. For each candidate, as
of one past date, with habits left in and trained away: divergence from the truth for the average person (thousandths,
at the best level), slope and AUC against it, and the seconds it took to fit.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from crm.past import known_at
from crm.simulation import Company, Simulated, simulate
from models.definition import Definition
from training.candidates import Fitter, Sample, stack
from training.folds import Fold, fold_of
from training.labels import HeadName
from training.metrics import NAMES, Ranked, slope_against_truth
from training.settings import Settings
from training.snapshots import take

DEFINITION = Definition()
SETTINGS = Settings()
CANDIDATES = ("logistic_0.15", "logistic_0.3", "trees_4", "trees_8")
KNOWN = pd.Timestamp("2025-12-23", tz="UTC")
AHEAD = pd.Timedelta(days=150)


def fold_and_truth(run: Simulated) -> tuple[Fold, np.ndarray]:
    """What was known on the date, the arrivals after it, and the chance that the average of their persons accepts."""
    every = take(run.history, (0,))
    later = every[((every["as_of"] > KNOWN) & (every["as_of"] <= KNOWN + AHEAD)).to_numpy()]
    fold = fold_of(known_at(run.history, KNOWN), run.history, later, DEFINITION, SETTINGS, seed=0)
    owner = run.history.leads.set_index("lead_id")["owner"].reindex(fold.test.snapshots["lead_id"])
    return fold, average_truth(run, fold.test.snapshots, owner)


def average_truth(run: Simulated, snapshots: pd.DataFrame, owner: pd.Series) -> np.ndarray:
    """``p_accept`` had each lead any of these persons, by their shares."""
    out = np.zeros(len(snapshots))
    for name, share in owner.value_counts(normalize=True).items():
        as_if = run.truth.as_if(float(run.truth.leniency[name]))
        told = as_if.probabilities(snapshots, DEFINITION.accept_days, DEFINITION.close_days)
        out += share * told["p_accept"].to_numpy()
    return out


def judged(sample: Sample, x: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Divergence, slope, AUC and seconds of each candidate: ``[candidates, 4]``."""
    fitter = Fitter(sample, SETTINGS, 0.5, seed=0)
    out = []
    for name in CANDIDATES:
        begun = time.process_time()
        component = fitter.fit(name)
        took = time.process_time() - begun
        p = expit(stack([component], x)[:, 0])
        slope, level = slope_against_truth(p, truth)
        q = expit(logit(p) + level)
        apart = np.mean(truth * np.log(truth / q) + (1 - truth) * np.log((1 - truth) / (1 - q)))
        pairs = Ranked.of(np.repeat([1.0, 0.0], len(p)), np.tile(p, 2))
        area = pairs.metrics(np.concatenate([truth, 1 - truth]))[NAMES.index("auc")]
        out.append((1000 * apart, slope, area, took))
    return np.array(out)


def compare(territories: float, leads: int, seeds: range) -> None:
    """Lines of the means over several companies."""
    found = []
    for seed in seeds:
        run = simulate(Company(leads=leads, leaks=False, leniency=1.2, territories=territories), seed=seed)
        fold, truth = fold_and_truth(run)
        sample = fold.sample(HeadName.ACCEPT)
        found.append([judged(s, fold.test.x, truth) for s in (replace(sample, person=None), sample)])
    left_in, away = np.mean(found, axis=0)
    print(f"{territories:.0%} of the leads by source; mean of {len(seeds)} companies of {leads:,} leads")
    print("                  habits left in                   trained away")
    print("                  off    slope  AUC     s         off    slope  AUC     s")
    for name, before, after in zip(CANDIDATES, left_in, away, strict=True):
        told = ["{:5.1f}  {:5.3f}  {:.4f}  {:4.2f}".format(*row) for row in (before, after)]
        print(f"  {name:<14}  {told[0]}   {told[1]}", flush=True)


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    small = parser.parse_args().small
    for territories in (0.0, 0.85):
        compare(territories, 1_500 if small else 6_000, range(1, 2 if small else 5))


if __name__ == "__main__":
    main()
