"""The gates before promotion, as pure functions: what a challenger must show before it may serve.

Each gate gives verdicts, never an exception, so that a refusal can name every reason at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Floats = NDArray[np.float64]

PAIRS = ("head", "lead_id", "y", "weight", "challenger", "champion")
"""Columns of the forward rows that both scorers were asked about: outcome 0/1, weight, and both probabilities."""

_SMALLEST = 1e-12
_NORMAL_95 = 1.6448536269514722  # one side of a 90 % interval


class Range(BaseModel):
    """A closed range of numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


class Bounds(BaseModel):
    """The `promotion:` section of ``accord.yaml``: how far a challenger may be off. Frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tolerance: Annotated[
        float,
        Field(ge=0, le=0.5, description="How much worse than the champion's the forward log-loss may be, as a share."),
    ] = 0.01
    slope: Annotated[Range, Field(description="Where the slope of the forward calibration may lie; 1 is perfect.")] = (
        Range(low=0.8, high=1.25)
    )
    intercept: Annotated[
        Range, Field(description="Where the intercept of the forward calibration may lie, in log-odds; 0 is perfect.")
    ] = Range(low=-0.25, high=0.25)
    least_common_rows: Annotated[
        int, Field(ge=1, description="Fewer common forward rows than this cannot compare two scorers.")
    ] = 30


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its confidence interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float | None]) -> Self:
        """From value, low and high as JSON holds them: null is not a number."""
        value, low, high = (np.nan if figure is None else float(figure) for figure in figures)
        return cls(value, low, high)

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one gate says of one head, in a sentence with its numbers."""

    gate: str
    sentence: str
    passed: bool
    head: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The verdict as JSON values."""
        return {"gate": self.gate, "passed": self.passed, "head": self.head, "sentence": self.sentence}


def against_champion(pairs: pd.DataFrame, bounds: Bounds) -> list[Verdict]:
    """Whether the challenger holds against the champion on the same forward rows (columns `PAIRS`), head by head.

    A head fails when it is worse beyond chance and beyond a trifle: the 90 % interval of the difference in mean
    log-loss (the rows of a lead are one cluster) lies above zero, and the difference is more than `bounds.tolerance` of
    the champion's.
    No row, or fewer leads than `bounds.least_common_rows`, fails too: what cannot be compared is not known to hold.
    """
    if pairs.empty:
        said = "There is no forward row on which both the challenger and the champion spoke."
        return [Verdict("champion", said, passed=False)]
    return [_head_against_champion(str(head), rows, bounds) for head, rows in pairs.groupby("head", sort=True)]


def _head_against_champion(head: str, rows: pd.DataFrame, bounds: Bounds) -> Verdict:
    leads = rows["lead_id"].nunique()
    if leads < bounds.least_common_rows:
        least = bounds.least_common_rows
        said = f"{head}: only {leads} leads have forward rows in common with the champion, at least {least} are needed."
        return Verdict("champion", said, passed=False, head=head)
    y, weight = rows["y"].to_numpy(np.float64), rows["weight"].to_numpy(np.float64)
    champion = log_loss(y, rows["champion"])
    difference = clustered_mean(log_loss(y, rows["challenger"]) - champion, weight, rows["lead_id"])
    before = float(np.average(champion, weights=weight))
    worse = difference.low > 0 and difference.value > bounds.tolerance * before
    after = before + difference.value
    said = (
        f"{head}: forward log-loss {after:.4f} against the champion's {before:.4f} on the same {len(rows):,} rows "
        f"(difference {difference.value:+.4f}, 90 % interval {difference.low:+.4f} to {difference.high:+.4f}; "
        f"{bounds.tolerance:.1%} more is tolerated)."
    )
    return Verdict("champion", said, passed=not worse, head=head)


def calibrated(head: str, slope: Interval, intercept: Interval, bounds: Bounds) -> list[Verdict]:
    """Whether forward predictions mean what they say: neither interval lies wholly outside its bounds.

    A wide interval passes: few outcomes are no proof of bad calibration, and the sentence shows how little is known.
    An estimate that is not a number fails.
    """
    return [
        Verdict(
            "calibration",
            f"{head}: forward calibration {name} {found}, allowed {allowed.low:g} to {allowed.high:g}.",
            passed=bool(found.low <= allowed.high and found.high >= allowed.low),
            head=head,
        )
        for name, found, allowed in (("slope", slope, bounds.slope), ("intercept", intercept, bounds.intercept))
    ]


def no_open_finding(findings: Iterable[Mapping[str, Any]], used: Iterable[str]) -> list[Verdict]:
    """Whether no blocking finding of the audit is open.

    `findings` are the audit's as JSON values; `used` are the fields the scorer reads. A blocking finding is open when
    it is about the history as a whole, or about a field that the scorer reads and nobody kept with a written reason.
    """
    read = frozenset(used)
    verdicts = [
        Verdict("audit", f"Open finding {found['code']}{_of_field(found)}: {found['evidence']}", passed=False)
        for found in findings
        if found["severity"] == "block" and not found.get("kept") and (found["field"] is None or found["field"] in read)
    ]
    return verdicts or [Verdict("audit", "No blocking finding of the audit is open.", passed=True)]


def log_loss(y: ArrayLike, p: ArrayLike) -> Floats:
    """The log-loss of each row, in nats. Probabilities are kept 1e-12 away from 0 and 1."""
    truth = np.asarray(y, np.float64)
    probability = np.clip(np.asarray(p, np.float64), _SMALLEST, 1 - _SMALLEST)
    return -(truth * np.log(probability) + (1 - truth) * np.log1p(-probability))


def clustered_mean(values: Floats, weight: Floats, cluster: pd.Series) -> Interval:
    """The weighted mean and its 90 % interval when rows of one cluster are not independent.

    Source: linearised variance of a ratio with clusters as the sampled units (Cochran, Sampling Techniques, 1977, §6).
    A single cluster gives an infinite interval.
    """
    total = float(weight.sum())
    mean = float(np.average(values, weights=weight))
    codes, names = pd.factorize(cluster)
    if len(names) < 2:  # noqa: PLR2004 - a variance needs two
        return Interval(mean, -np.inf, np.inf)
    sums = np.bincount(codes, weights=weight * (values - mean), minlength=len(names))
    spread = _NORMAL_95 * float(np.sqrt(len(names) / (len(names) - 1) * np.sum(sums**2))) / total
    return Interval(mean, mean - spread, mean + spread)


def _of_field(found: Mapping[str, Any]) -> str:
    return f" on field {found['field']!r}" if found["field"] is not None else ""
