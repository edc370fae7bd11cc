"""Late acceptance: wins that the definition counts as failures because sales accepted after the accept horizon."""

from __future__ import annotations

import numpy as np

from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.statistics import wilson
from training.audit.view import View
from training.audit.wording import percent
from training.funnel import DAY, NEVER


def look(view: View) -> list[Finding] | NotApplicable:
    """Measure how long after the hand-off (or creation) the won leads were accepted."""
    if not view.history.tracks_acceptance:
        return NotApplicable("the export records no acceptance by sales")
    if view.steps is None:
        return NotApplicable("the export has no times")
    steps = view.steps
    start = np.where(steps.handed_off != NEVER, steps.handed_off, steps.created)
    won = steps.won & (start != NEVER) & (steps.accepted != NEVER)
    if won.sum() < view.settings.minimum_rows:
        return NotApplicable(f"only {int(won.sum())} won leads have a time of acceptance")
    days = (steps.accepted - start)[won] / DAY
    horizon = float(view.horizons.accept_days)
    late, total = int((days > horizon).sum()), int(won.sum())
    if late < view.settings.late_acceptance_ask * total:
        return []
    low, high = wilson(late, total)
    enough = float(np.quantile(days, 0.95))
    words = (
        f"{late:,} of {total:,} wins ({percent(late / total)}, {percent(low)} to {percent(high)}) were accepted more "
        f"than {horizon:g} days after hand-off and count as failures. Nineteen wins in twenty were accepted within "
        f"{enough:.0f} days."
    )
    question = f"Should the accept horizon be longer than {horizon:g} days?"
    numbers = {"late": late, "wins": total, "interval": [low, high], "days_95": enough, "accept_days": horizon}
    return [CHECK.finding(Severity.ASK, None, words, question=question, **numbers)]


CHECK = Check(
    code="late-acceptance",
    title="Wins accepted after the accept horizon",
    explanation="A lead counts as closed only if sales accepted it in time. If many wins were accepted later, the "
    "definition throws away what it should learn from.",
    look=look,
)
