"""Time order: rows that contradict the story of a lead."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm.history import Milestone
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.statistics import Flags
from training.audit.view import View
from training.audit.wording import percent
from training.funnel import NEVER, Funnel, Instants, instants, microseconds

_ASK_SHARE = 0.01


def look(view: View) -> list[Finding] | NotApplicable:
    """Count what comes before it can, or after it could be known."""
    if view.steps is None:
        return NotApplicable("the export has no times")
    export = microseconds(view.history.exported_at)
    steps, created = view.steps, view.steps.created
    dated = created != NEVER
    milestones, activities = view.history.milestones, view.history.activities
    reached, reached_at = _by_lead(steps, milestones, "reached_at")
    accepted = (milestones["milestone"] == Milestone.ACCEPTED).to_numpy()
    done, done_at = _by_lead(steps, activities, "occurred_at")
    decided, handed = steps.final != NEVER, steps.handed_off != NEVER
    found = [
        _judge("the outcome comes before the lead was created", decided & dated & (steps.final < created), decided),
        _judge(
            "the outcome comes before the hand-off",
            decided & handed & (steps.final < steps.handed_off),
            decided & handed,
        ),
        _judge("the hand-off comes before the lead was created", handed & dated & (steps.handed_off < created), handed),
        _judge("the acceptance comes after the outcome", accepted & _after(reached_at, steps.final[reached]), accepted),
        _judge(
            "the milestone comes after the export",
            _after(reached_at, np.full(len(reached), export)),
            reached_at != NEVER,
        ),
        _judge("the lead was created after the export", dated & (created > export), dated),
        _judge("the activity comes before the lead was created", _after(created[done], done_at), done_at != NEVER),
        _judge("the activity comes after the export", _after(done_at, np.full(len(done), export)), done_at != NEVER),
    ]
    return [finding for finding in found if finding]


def _by_lead(steps: Funnel, table: pd.DataFrame, time: str) -> tuple[np.ndarray, Instants]:
    return steps.lead_id.get_indexer(pd.Index(table["lead_id"])), instants(table[time])


def _after(later: Instants, earlier: Instants) -> Flags:
    return np.asarray((later != NEVER) & (earlier != NEVER) & (later > earlier))


def _judge(what: str, broken: Flags, of: Flags) -> Finding | None:
    rows, total = int(broken.sum()), int(of.sum())
    if not rows:
        return None
    share = rows / total
    words = f"In {rows:,} of {total:,} cases ({percent(share)}) {what}."
    if share < _ASK_SHARE:
        return CHECK.finding(Severity.NOTE, None, words, what=what, rows=rows, of=total, share=share)
    question = "Which of the two times is wrong: a time zone, a day without an hour, or a date typed in later?"
    return CHECK.finding(Severity.ASK, None, words, question=question, what=what, rows=rows, of=total, share=share)


CHECK = Check(
    code="time-order",
    title="Times that contradict each other",
    explanation="What was known when is only as good as the times. A step dated before the one it follows puts facts "
    "into the past that were not known there.",
    look=look,
)
