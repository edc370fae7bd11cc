"""What a report says, before it is put into a form: headlines, warnings, rows too young to judge, what was chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from models.definition import Definition
from models.sheet import Sheet
from training.audit import Audit
from training.choice import Choice
from training.evaluation import Evaluation
from training.fit import Counted, Trained
from training.guards import Guards
from training.labels import HeadName
from training.metrics import Ranked
from training.report.words import CHOSEN, CONSTANTS, HEADS, method, number, percent

SLOPES = (0.8, 1.25)
"""A slope whose whole interval is outside is warned of."""

LEVELS = (-0.25, 0.25)
"""The same for the intercept, in log-odds."""

FEW = 100
"""With fewer leads that said yes than this among the forward rows, figures are called uncertain."""

CUT = 0.05
"""Share of censoring weights cut off above which the rate of slow answers is called too low."""


@dataclass(frozen=True)
class Report:
    """All that a report needs. ``audit`` and ``sheet`` may be missing; then the report says so. So may ``guards``."""

    name: str
    trained: Trained
    evaluation: Evaluation
    audit: Audit | None = None
    guards: Guards | None = None
    sheet: Sheet | None = None

    @property
    def definition(self) -> Definition:
        """What accepted and closed mean here."""
        return self.trained.scorer.definition

    @property
    def table(self) -> pd.DataFrame:
        """The forward predictions."""
        return self.trained.backtest.table

    @property
    def timed(self) -> bool:
        """Whether predictions were made forward in time."""
        return bool(self.trained.backtest.dates)

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """The heads, acceptance first."""
        return tuple(str(head) for head in HeadName if head in self.trained.choices)

    @property
    def methods(self) -> tuple[str, ...]:
        """What is compared: what was chosen, then the baselines."""
        return (CHOSEN, *self.trained.backtest.contestants)

    def within(self, head: str) -> str:
        """The head's horizon in words, with a space before it; nothing where there are no times."""
        days = self.definition.accept_days if head == HeadName.ACCEPT else self.definition.close_days
        return f" within {days:g} days" if self.timed else ""

    def counted(self, head: str) -> Counted:
        """What the head learned from."""
        return self.trained.counts[HeadName(head)]

    def choice(self, head: str) -> Choice:
        """What was chosen for the head."""
        return self.trained.choices[HeadName(head)]

    def yeses(self, head: str) -> int:
        """Leads that said yes among the head's forward rows."""
        rows = self.table[(self.table["head"] == head) & (self.table["y"] == 1)]
        return int(rows["lead_id"].nunique())

    def best_baseline(self, head: str) -> tuple[str, float]:
        """The baseline with the lowest forward log-loss; NaN without baselines."""
        losses = {name: float(self.evaluation.of(head, name)["value"]["log_loss"]) for name in self.methods[1:]}
        if not losses:
            return "", float("nan")
        best = min(losses, key=lambda name: losses[name])
        return best, losses[best]

    def tried(self, head: str) -> pd.DataFrame:
        """All candidates at the recent level: ``candidate, auc, log_loss, weight`` in the blend, best first."""
        rows = self.table[(self.table["head"] == head) & (self.table["weight"] > 0)]
        y, weight = rows["y"].to_numpy(), rows["weight"].to_numpy()
        blend = self.choice(head).blend
        found = [(name, *Ranked.of(y, rows[name].to_numpy()).metrics(weight)[:2]) for name in self._candidates]
        table = pd.DataFrame(found, columns=["candidate", "auc", "log_loss"])
        table["weight"] = [blend.get(name, 0.0) for name in table["candidate"]]
        return table.sort_values("log_loss", ignore_index=True)

    @property
    def _candidates(self) -> tuple[str, ...]:
        return self.trained.backtest.candidates


def figures(report: Report, head: str, name: str, date: pd.Timestamp | None = None) -> pd.DataFrame:
    """The method's figures as in `Evaluation.of`, without those that mean nothing for a constant."""
    found = report.evaluation.of(head, name, date).copy()
    if name in CONSTANTS:
        found.loc[["slope"]] = np.nan
    return found


def headlines(report: Report, head: str) -> Iterator[str]:
    """What the figures mean, one sentence each."""
    done = HEADS[head][1]
    found = report.evaluation.of(head, CHOSEN)
    auc, capture = found.loc["auc"], found.loc["capture"]
    yield (
        f"Of two leads of which one was {done}{report.within(head)}, the score puts that one first in "
        f"{percent(auc['value'])} of cases ({percent(auc['low'])} to {percent(auc['high'])})."
    )
    yield (
        f"The best tenth of the leads holds {percent(capture['value'])} of those that were {done} "
        f"({percent(capture['low'])} to {percent(capture['high'])})."
    )
    rows = report.table[(report.table["head"] == head) & (report.table["weight"] > 0)]
    expected, came = (float(np.average(rows[name], weights=rows["weight"])) for name in (CHOSEN, "y"))
    yield f"It expected {percent(expected, 1)} of the snapshots to be {done}; {percent(came, 1)} were."
    best, loss = report.best_baseline(head)
    own = found.loc["log_loss", "value"]
    if best:
        yield (
            f"Its log-loss is {number(own)}; the best baseline, {method(best)}, has {number(loss)} "
            f"({percent(abs(1 - own / loss), 1)} {'less' if own <= loss else 'more'} for the score)."
        )


def warnings(report: Report) -> list[str]:
    """Everything that a reader must know before trusting a figure; empty when there is nothing."""
    said = list(report.trained.warnings)
    dates = len(report.trained.backtest.dates) - 1
    if report.timed and dates < 3:  # noqa: PLR2004  the fewest dates that show whether figures hold
        said.append(
            f"The history allowed only {dates} date{'s' * (dates > 1)} of the backtest, so choices rest on little."
        )
    for head in report.heads:
        said += _of_head(report, head)
    if report.audit is None:
        said.append("No audit was made: nothing was looked for that would make the score a lie.")
    else:
        said += [f"Open obstacle: {finding.evidence}" for finding in report.audit.open_blocks]
        if asked := sorted(report.audit.asked):
            said.append(f"The audit has unanswered questions about {', '.join(asked)}: the score uses them meanwhile.")
    return said


def _of_head(report: Report, head: str) -> Iterator[str]:
    name, done = HEADS[head]
    found = report.evaluation.of(head, CHOSEN)
    best, loss = report.best_baseline(head)
    if best and found.loc["log_loss", "value"] > loss:
        yield f"{name}: {method(best)} had the lower log-loss on the same rows. Do not prefer the score to it yet."
    for metric, (least, most), says in (("slope", SLOPES, "spread"), ("intercept", LEVELS, "level")):
        low, high = found.loc[metric, "low"], found.loc[metric, "high"]
        if low > most or high < least:
            yield (
                f"{name}: the {says} of the probabilities is off (calibration {metric} "
                f"{number(found.loc[metric, 'value'], 2)}, {number(low, 2)} to {number(high, 2)})."
            )
    if (yes := report.yeses(head)) < FEW:
        yield f"{name}: the figures rest on {yes} leads that were {done}; they are uncertain, see the intervals."
    rate = report.counted(head).rate
    if np.isfinite(rate.truncated) and rate.truncated > CUT:
        yield (
            f"{name}: slow answers are nearly all cut off by the export ({percent(rate.truncated)} of the weight is at "
            "its limit), so their share is likely underestimated."
        )


def chosen(report: Report, head: str) -> Mapping[str, str]:
    """What was chosen for a head, in words."""
    choice = report.choice(head)
    blend = ", ".join(f"{percent(w)} {name}" for name, w in sorted(choice.blend.items(), key=lambda item: -item[1]))
    days = choice.rule.days
    level = (
        "not corrected"
        if days is None
        else f"of the last {days:g} days, the old one counts {choice.rule.prior:g} yeses"
    )
    calibration = f"log-odds times {number(choice.slope, 2)} {choice.intercept:+.2f}"
    what = "forward log-loss, dates:" if report.timed else "log-loss on parts of the leads not learned from:"
    judged = f"{what} {choice.chosen_on}" if choice.chosen_on else "a default: no forward error yet"
    return {"blend": blend, "recent level": level, "calibration": calibration, "chosen on": judged}
