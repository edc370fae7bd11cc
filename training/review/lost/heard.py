"""What had been said and left unsaid before losses, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from training.pages.document import Part
from training.pages.tables import Cell, Row, Table
from training.review.lost.signals import LONG, WINDOW, Against, Signals
from training.review.telling import Telling
from training.speaker import DASH


def part(signals: Signals, telling: Telling) -> Part:
    """What tickets and complaints had said before, and how long we were silent."""
    say = telling.say
    told = [*_service_said(signals, telling), *_silence_said(signals, telling)]
    found = [(name, one) for name, one in _rows(signals, telling) if one is not None]
    rows = [Row(name, _cells(one, telling), own=one.clear) for name, one in found]
    heads = (say("before losses"), say("before comparable wins"), say("difference"))
    notes = []
    if rows:
        notes.append(
            say(
                "Comparable are wins of the same grade, with a company or without; for silence those that took as "
                "long. "
                "Losses are those after acceptance, where acceptance is recorded."
            )
        )
    alarm = any(one.clear for _, one in found)
    tables = (Table(heads, tuple(rows)),) if rows else ()
    return Part(
        say("What had been said before, and left unsaid"), tuple(told), tables=tables, notes=tuple(notes), alarm=alarm
    )


def _rows(signals: Signals, telling: Telling) -> Iterator[tuple[str, Against | None]]:
    say = telling.say
    yield say("service activity of the lead, %(days)s days", days=str(WINDOW)), signals.service["own"]
    yield say("of others of its company, %(days)s days", days=str(WINDOW)), signals.service["others"]
    yield say("silence of ours of more than %(days)s days", days=str(LONG)), signals.silent


def _cells(one: Against, telling: Telling) -> tuple[Cell, ...]:
    percent, number = telling.speaker.percent, telling.speaker.number
    low, high = number(100 * one.low), number(100 * one.high)
    points = telling.say("%(n)s points", n=number(100 * one.gap))
    between = low if low == high else telling.say("%(low)s to %(high)s", low=low, high=high)
    return Cell(percent(one.lost)), Cell(percent(one.won)), Cell(points, between)


def _service_said(signals: Signals, telling: Telling) -> Iterator[str]:
    say, percent = telling.say, telling.speaker.percent
    if not signals.has_service:
        yield say(
            "What customer service heard before is not known. List its activities in the definition, as kinds: "
            "service: "
            "[ticket, complaint], and record them with their time, for customers too."
        )
        return
    either = signals.service["either"]
    if either is None:
        yield say("There are too few losses or wins to compare what service heard before them.")
        return
    facts = {"lost": percent(either.lost), "won": percent(either.won), "days": str(WINDOW)}
    if either.clear:
        yield say(
            "In the %(days)s days before a loss service heard from the lead or its company in %(lost)s of the cases, "
            "before comparable wins in %(won)s: clearly more often.",
            **facts,
        )
    elif either.high < 0:
        yield say(
            "In the %(days)s days before a loss service heard from the lead or its company in %(lost)s of the cases, "
            "before comparable wins in %(won)s: clearly less often.",
            **facts,
        )
    else:
        yield say(
            "In the %(days)s days before a loss service heard from the lead or its company in %(lost)s of the cases, "
            "before comparable wins in %(won)s: no more of a difference than chance makes.",
            **facts,
        )


def _silence_said(signals: Signals, telling: Telling) -> Iterator[str]:
    say, percent = telling.say, telling.speaker.percent
    if not signals.has_contact:
        yield say(
            "How long we were silent is not known: list the contacts of our people in the definition, as kinds: "
            "contact."
        )
        return
    if np.isfinite(signals.medians[0]):
        yield telling.count(
            "The longest silence of ours before a loss is %(n)s day, in the middle case.",
            "The longest silence of ours before a loss is %(n)s days, in the middle case.",
            round(signals.medians[0]),
        )
    one = signals.silent
    if one is None:
        return
    facts = {"lost": percent(one.lost), "won": percent(one.won), "days": str(LONG)}
    if one.clear:
        yield say(
            "We were silent for more than %(days)s days before %(lost)s of the losses, and before %(won)s of the wins "
            "that took as long: clearly more often.",
            **facts,
        )
    else:
        yield say(
            "We were silent for more than %(days)s days before %(lost)s of the losses, and before %(won)s of the wins "
            "that took as long: nothing that tells losses from wins.",
            **facts,
        )


def heard_cell(n: int, last: float, telling: Telling) -> Cell:
    """How often service had heard before, and how long before the end the last time was."""
    if not n:
        return Cell(DASH)
    ago = telling.count("%(n)s day before", "%(n)s days before", max(round(last), 0))
    return Cell(telling.speaker.number(n), ago)
