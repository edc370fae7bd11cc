"""The model card: one page of Markdown that says what a scorer is, what it rests on and what it is not for.

Source of the sections: Mitchell et al. (2019), Model Cards for Model Reporting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from models.grades import Cut
from models.scorer import Scorer
from training.audit import Audit, Severity
from training.evaluation import Evaluation
from training.fit import Trained
from training.guards import Guards
from training.report.guards import accounts_said, persons_said, protected_said

_ASKED = ("log_loss", "auc", "brier", "slope", "intercept", "lift")
_WORDS = {
    "log_loss": "log-loss",
    "auc": "AUC",
    "brier": "Brier",
    "slope": "calibration slope",
    "intercept": "calibration intercept",
    "lift": "lift, top 10 %",
}


def card(
    project: str,
    trained: Trained,
    evaluation: Evaluation,
    audit: Audit,
    methods: Sequence[str],
    guards: Guards | None = None,
) -> str:
    """The card. ``methods`` are the columns of the backtest that were evaluated, the scorer's own (`chosen`) first."""
    scorer = trained.scorer
    parts = [
        f"# Lead score of {project}",
        _purpose(scorer),
        "## Data\n" + _data(trained),
        "## How it was chosen\n" + _choices(trained),
        *(f"## Forward figures, {head}\n" + _figures(evaluation, str(head), methods) for head in trained.counts),
        *(["## Guards\n" + _guards(guards)] if guards else []),
        "## Audit\n" + _audit(audit),
        "## Limits\n" + _listed([*trained.warnings, *_LIMITS]),
    ]
    return "\n\n".join(parts) + "\n"


_LIMITS = (
    "It learned from what this company's teams accepted and closed, with whatever habits they have.",
    "A probability is about leads like those in the history; check it again when sources or people change.",
    "It says how likely a lead is to be accepted and to close, not what makes it so.",
)


def _purpose(scorer: Scorer) -> str:
    definition = scorer.definition
    cuts = [f"{cut.grade} from {_lowest(cut)}" for cut in scorer.grading.cuts]
    grades = ", ".join([*cuts, f"{scorer.grading.rest} below"])
    return (
        f"For a lead at an instant: the probability that sales accepts it within {definition.accept_days:g} days, the "
        f"probability that it is won within {definition.close_days:g} days, a score from 1 to 99 and a grade "
        f"({grades}). Definition “{definition.name}”, version {definition.short_version}."
    )


def _lowest(cut: Cut) -> str:
    return f"score {cut.score}" if cut.score is not None else f"{cut.probability:.1%} to close"


def _data(trained: Trained) -> str:
    meta = trained.scorer.meta
    rows = [f"Export of {meta.trained_at}, content {meta.data[:16]}, seed {meta.seed}."]
    rows += [
        f"{head}: {counted.asked:,} snapshots, {counted.settled:,} settled, {counted.immature:,} too young to judge "
        f"(weighted for, not counted as failures); rate {counted.rate.estimate:.1%} "
        f"({counted.rate.low:.1%} to {counted.rate.high:.1%})."
        for head, counted in trained.counts.items()
    ]
    return _listed(rows)


def _choices(trained: Trained) -> str:
    dates = trained.backtest.dates
    said = ", ".join(f"{date:%Y-%m-%d}" for date in dates[:-1]) if dates else "parts of the leads, drawn at random"
    rows = [f"By forward log-loss, as of {said}."]
    for head, choice in trained.choices.items():
        blend = " + ".join(f"{share:.2f} {name}" for name, share in choice.blend.items() if share)
        level = (
            "no correction of the level" if choice.rule.days is None else f"level of the last {choice.rule.days:g} days"
        )
        rows.append(f"{head}: {blend}; slope {choice.slope:.2f}; {level}.")
    return _listed(rows)


def _figures(evaluation: Evaluation, head: str, methods: Sequence[str]) -> str:
    names = [name for name in _ASKED if name in set(evaluation.metrics["metric"])]
    lines = ["| method | " + " | ".join(_WORDS[name] for name in names) + " |", "| --- |" + " --- |" * len(names)]
    for method in methods:
        figures = evaluation.of(head, method)
        lines.append(f"| {method} | " + " | ".join(_interval(figures.loc[name]) for name in names) + " |")
    return "\n".join(lines)


def _interval(figure: pd.Series) -> str:
    if pd.isna(figure["value"]):
        return "-"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _guards(found: Guards) -> str:
    return _listed([*accounts_said(found.accounts), *persons_said(found), *protected_said(found)])


def _audit(audit: Audit) -> str:
    out = ", ".join(sorted(audit.blocked)) or "none"
    kept = [f"{f.field} kept: {f.kept}" for f in audit.findings if f.kept]
    opened = [f"Open: {f.evidence}" for f in audit.open_blocks]
    asked = len(audit.of(Severity.ASK))
    return _listed([f"Fields taken out: {out}.", f"Findings put to a person: {asked}.", *kept, *opened])


def _listed(rows: Iterable[str]) -> str:
    return "\n".join(f"* {row}" for row in rows)
