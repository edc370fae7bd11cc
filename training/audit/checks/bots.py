"""Bots in the activity: pace, bursts, identical intervals, no hours of sleep, opens within seconds of sending."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.statistics import Codes, Flags
from training.audit.view import View
from training.audit.wording import percent
from training.funnel import DAY, NEVER, instants

SECOND = 1_000_000
_HOUR = 3_600 * SECOND
_MIDNIGHTS = 0.5
_BURST, _BURST_WITHIN = 6, 10 * SECOND
_PACE, _PACE_WITHIN = 300, DAY
_SAME = 8
_HOURS, _HOURS_OF = 22, 60
_AT_ONCE = 3 * SECOND
_SENT = re.compile(r"sent|send|deliver|envoy|exp[ée]di", re.IGNORECASE)
_OPENED = re.compile(r"open|click|ouv|cliqu", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stream:
    """The dated activities ordered by lead and time; ``sent`` and ``opened`` are what their kinds read like."""

    lead: Codes
    at: NDArray[np.int64]
    sent: Flags
    opened: Flags


def look(view: View) -> list[Finding] | NotApplicable:
    """Mark the activities that no person produces, sign by sign."""
    table = view.history.activities
    if len(table) < view.settings.minimum_rows:
        return NotApplicable("the history has hardly any activities")
    stream = _stream(view)
    if not len(stream.at) or (stream.at % DAY == 0).mean() > _MIDNIGHTS:
        return NotApplicable("the activities have days but no hours")
    found = [_finding(view, words, mark(stream), stream) for words, mark in SIGNS]
    return [finding for finding in found if finding]


def _stream(view: View) -> Stream:
    table = view.history.activities
    at = instants(table["occurred_at"])
    lead = table["lead_id"].factorize()[0].astype("int64")
    kinds, names = table["kind"].factorize()
    sent = np.array([*(bool(_SENT.search(str(name))) for name in names), False])[kinds]
    opened = np.array([*(bool(_OPENED.search(str(name))) for name in names), False])[kinds] & ~sent
    order = np.lexsort((~sent, at, lead))
    order = order[at[order] != NEVER]
    return Stream(lead[order], at[order], sent[order], opened[order])


def crowded(stream: Stream, many: int, within: int) -> Flags:
    """Activities that are part of ``many`` of one lead ``within`` so many microseconds."""
    n = len(stream.at)
    marked = np.zeros(n + 1, dtype="int64")
    if n >= many:
        last = np.arange(many - 1, n)
        first = last - many + 1
        dense = (stream.lead[first] == stream.lead[last]) & (stream.at[last] - stream.at[first] <= within)
        np.add.at(marked, first[dense], 1)
        np.add.at(marked, last[dense] + 1, -1)
    return np.asarray(marked.cumsum()[:-1] > 0)


def in_step(stream: Stream) -> Flags:
    """Activities in a run of one lead at intervals equal to the second; whole days do not count."""
    gap = np.diff(stream.at, prepend=stream.at[:1]) // SECOND
    same_lead = np.diff(stream.lead, prepend=-1) == 0
    steady = same_lead & (gap > 0) & (gap % (DAY // SECOND) != 0)
    goes_on = steady & np.concatenate([[False], steady[:-1] & (gap[1:] == gap[:-1])])
    run = np.cumsum(~goes_on)
    member = (np.bincount(run) + 1 >= _SAME)[run]
    first = np.concatenate([member[1:] & same_lead[1:], [False]])
    return np.asarray(member | first)


def sleepless(stream: Stream) -> Flags:
    """All activities of leads that have many, in nearly every hour of the day, in any time zone."""
    leads = int(stream.lead.max()) + 1
    hours = np.zeros((leads, 24), dtype=bool)
    hours[stream.lead, (stream.at // _HOUR) % 24] = True
    always = (hours.sum(axis=1) >= _HOURS) & (np.bincount(stream.lead, minlength=leads) >= _HOURS_OF)
    return np.asarray(always[stream.lead])


def at_once(stream: Stream) -> Flags:
    """Opens and clicks within seconds of a sending to the same lead."""
    place = np.maximum.accumulate(np.where(stream.sent, np.arange(len(stream.at)), -1))
    known = (place >= 0) & (stream.lead[place] == stream.lead)
    return np.asarray(stream.opened & known & (stream.at - stream.at[place] <= _AT_ONCE))


SIGNS: tuple[tuple[str, Callable[[Stream], Flags]], ...] = (
    (
        f"{_BURST} or more of one lead within {_BURST_WITHIN // SECOND} seconds",
        lambda s: crowded(s, _BURST, _BURST_WITHIN),
    ),
    (f"{_PACE} or more of one lead within a day", lambda s: crowded(s, _PACE, _PACE_WITHIN)),
    (f"{_SAME} or more of one lead at intervals equal to the second", in_step),
    (f"of leads active in {_HOURS} or more of the 24 hours of the day", sleepless),
    (f"opened or clicked within {_AT_ONCE // SECOND} seconds of sending", at_once),
)


def _finding(view: View, words: str, marked: Flags, stream: Stream) -> Finding | None:
    rows = int(marked.sum())
    if not rows:
        return None
    leads = len(np.unique(stream.lead[marked]))
    share = rows / len(marked)
    evidence = f"{rows:,} of {len(marked):,} activities ({percent(share)}), of {leads:,} leads: {words}."
    numbers: dict[str, Any] = {"sign": words, "activities": rows, "leads": leads, "share": share}
    if share < view.settings.bot_ask:
        return CHECK.finding(Severity.NOTE, None, evidence, **numbers)
    question = "Is this a link scanner, a crawler or an import? Filter it out of the export, or it counts as interest."
    return CHECK.finding(Severity.ASK, None, evidence, question=question, **numbers)


CHECK = Check(
    code="bots",
    title="Machines in the activity",
    explanation="Scanners open every mail and click every link. They make a lead look keen that never read a word.",
    look=look,
)
