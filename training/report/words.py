"""The words of the report: names of methods and metrics, what they mean, and numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from training import baselines

CHOSEN = "chosen"
DASH = "\N{EN DASH}"

METHODS: Mapping[str, str] = MappingProxyType(
    {
        CHOSEN: "Accord",
        baselines.BASE_RATE: "base rate",
        baselines.RECENT_RATE: "recent rate",
        baselines.LOGISTIC: "logistic regression on attributes",
        baselines.LIGHTGBM: "plain LightGBM",
        baselines.NAIVE_BAYES: "naive Bayes, as CRM suites use it",
    }
)
CONSTANTS = frozenset({baselines.BASE_RATE, baselines.RECENT_RATE})
"""Methods that say the same of every lead: their ranking and the slope of their probabilities mean nothing."""

HEADS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"accept": ("Acceptance by sales", "accepted"), "close": ("Winning", "won")}
)
METRICS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "auc": ("AUC", "how often, of two leads, the one that said yes has the higher probability; 0.5 is chance"),
        "log_loss": ("log-loss", "how far probabilities are from what happened; lower is better; choices rest on it"),
        "brier": ("Brier", "mean squared distance of probabilities from what happened; lower is better"),
        "slope": ("slope", "1 where probabilities differ as much as outcomes do; below 1 they are too extreme"),
        "intercept": ("intercept", "0 where the mean is right, in log-odds; above 0 probabilities are too low"),
        "lift": ("lift, top 10 %", "yeses in the best tenth of leads, as a multiple of a random tenth"),
        "capture": ("capture, top 10 %", "share of all yeses that are in the best tenth of leads"),
    }
)


def method(name: str) -> str:
    """A method's name for people; candidates keep their own."""
    return METHODS.get(name, name)


def number(value: float, digits: int = 3) -> str:
    """A number, or a dash where there is none; no minus before nought.

    >>> number(0.51234), number(-0.0001), number(float("nan")) == DASH
    ('0.512', '0.000', True)
    """
    return f"{round(value, digits) + 0.0:.{digits}f}" if math.isfinite(value) else DASH


def between(low: float, high: float, digits: int = 3) -> str:
    """An interval, or a dash where there is none."""
    return f"{number(low, digits)} {DASH} {number(high, digits)}" if math.isfinite(low) else DASH


def percent(share: float, digits: int = 0) -> str:
    """A share as percent, or a dash where there is none.

    >>> percent(0.1234), percent(0.1234, 1), percent(float("nan")) == DASH
    ('12 %', '12.3 %', True)
    """
    return f"{100 * share:.{digits}f} %" if math.isfinite(share) else DASH
