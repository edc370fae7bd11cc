"""The report ``kept``: whether each grade keeps what was promised."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from models.definition import Language
from models.sheet import Range
from training.pages.document import Document, Part
from training.pages.tables import Cell, Row, Table
from training.review.answers import VISIT
from training.review.handed import Handed
from training.review.kept_plots import plots
from training.review.opening import opening, promised_by
from training.review.wagers import ALPHA, EVERY
from training.review.warranty import ONCE, State, Warranties, Warranty, examine, of_the_past
from training.speaker import DASH, Speaker

_MUCH = 1_000_000
"""Evidence beyond which figures tell nothing more."""


def document(handed: Handed, *, seed: int, language: Language) -> Document | None:  # noqa: ARG001 - nothing is drawn
    """The report; ``None`` where no sheet promises anything."""
    if handed.agreed is None:
        return None
    found = examine(handed, handed.agreed.sheet)
    speaker = Speaker(language)
    parts = [_in_short(found, speaker)]
    if found.leads or found.broken:
        parts += [_grade(found, grade, speaker) for grade in found.sheet.grading.names]
    elif (past := _past(handed, found, speaker)) is not None:
        parts.append(past)
    return Document(
        name="kept",
        title=speaker.say("Promises kept"),
        opening=(promised_by(handed.agreed, speaker), *opening(handed, speaker)),
        parts=tuple(parts),
        closing=tuple(_how_to_read(found, speaker)),
        figures={
            "sheet": found.sheet.hash,
            "since": found.since.isoformat(),
            "until": found.until.isoformat(),
            "leads": found.leads,
            "alpha": ALPHA,
            "promises": [each.to_json() for each in found.every],
        },
    )


def broken(one: Warranty, speaker: Speaker) -> str:
    """Which promise is broken, how and since when, in a sentence."""
    say = speaker.say
    facts = {"grade": one.grade, "promised": ends(one, one.promised, speaker)}
    messages = {
        ("per_week", "below"): say("Grade %(grade)s: fewer leads a week than promised (%(promised)s).", **facts),
        ("per_week", "above"): say("Grade %(grade)s: more leads a week than promised (%(promised)s).", **facts),
        ("accept", "below"): say("Grade %(grade)s: sales accepts fewer than promised (%(promised)s).", **facts),
        ("accept", "above"): say("Grade %(grade)s: sales accepts more than promised (%(promised)s).", **facts),
        ("close", "below"): say("Grade %(grade)s: fewer are won than promised (%(promised)s).", **facts),
        ("close", "above"): say("Grade %(grade)s: more are won than promised (%(promised)s).", **facts),
    }
    if one.side is None or one.since is None:
        raise ValueError(one.grade)
    now = figure(one, one.now, speaker)
    since = say("The alarm was raised by what was known on %(day)s; so far it is %(now)s.",
                day=speaker.date(one.since), now=now)  # fmt: skip
    return f"{messages[one.what, one.side]} {since}"


def figure(one: Warranty, value: Range | None, speaker: Speaker) -> str:
    """A figure: a number a week, or a share."""
    if value is None:
        return DASH
    return speaker.number(value.value, 1) if one.what == "per_week" else speaker.percent(value.value)


def ends(one: Warranty, value: Range | None, speaker: Speaker) -> str:
    """The ends of a range."""
    if value is None:
        return ""
    if one.what == "per_week":
        return speaker.span(value.low, value.high, 1)
    return speaker.between(value.low, value.high)


def name(one: Warranty, speaker: Speaker) -> str:
    """What is promised, as a head."""
    names = {
        "per_week": speaker.say("leads a week"),
        "accept": speaker.say("accepted by sales"),
        "close": speaker.say("won"),
    }
    return names[one.what]


def _in_short(found: Warranties, speaker: Speaker) -> Part:
    say = speaker.say
    sentences = [broken(one, speaker) for one in found.broken]
    kept = [one for one in found.every if one.state == State.KEPT]
    young = [one for one in found.every if one.state == State.YOUNG]
    if not found.leads and not found.broken:
        sentences.append(say("No lead has been handed over since the sheet was measured: nothing can be judged yet."))
        sentences += list(_first_verdicts(found, speaker))
    else:
        if not found.broken:
            sentences.append(say("No promise is broken as far as anybody can tell."))
        if kept:
            sentences.append(
                speaker.count("%(n)s promise is kept so far.", "%(n)s promises are kept so far.", len(kept))
            )
        if young:
            sentences.append(
                speaker.count(
                    "%(n)s promise cannot be judged yet: even the worst answers would be too few to tell.",
                    "%(n)s promises cannot be judged yet: even the worst answers would be too few to tell.",
                    len(young),
                )
            )
    sentences += list(_left_out(found, speaker))
    tables = (_table(found, speaker),) if found.leads or found.broken else ()
    single = say(
        "“So far” is the share or number since the sheet was measured, with the range of a single look at it "
        "(%(once)s). "
        "It is there for comparison: whoever looks every week will see it leave the promise by chance. Only the "
        "evidence "
        "decides.",
        once=speaker.percent(ONCE),
    )
    notes = (single,) if tables else ()
    return Part(say("In short"), tuple(sentences), tables=tables, notes=notes, alarm=bool(found.broken))


def _left_out(found: Warranties, speaker: Speaker) -> Iterator[str]:
    """Leads handed over since the sheet was measured that test nothing, and why."""
    if found.others:
        yield speaker.count(
            "%(n)s lead was graded by another definition than that of the sheet: it tests nothing here.",
            "%(n)s leads were graded by another definition than that of the sheet: they test nothing here.",
            found.others,
        )
    if found.since > pd.Timestamp(found.sheet.measured.exported_at):
        yield speaker.say(
            "Only leads handed over after %(day)s are looked at, not all since the sheet was measured: whoever chooses "
            "the day, and another one tomorrow, raises more false alarms than are promised below.",
            day=speaker.date(found.since),
        )


def _first_verdicts(found: Warranties, speaker: Speaker) -> Iterator[str]:
    definition = found.sheet.definition
    accept, close = (
        found.since + pd.Timedelta(days=days + VISIT) for days in (definition.accept_days, definition.close_days)
    )
    yield speaker.say(
        "The first answers of sales can be counted from %(accept)s on, the first wins from %(close)s on.",
        accept=speaker.date(accept),
        close=speaker.date(close),
    )


def _table(found: Warranties, speaker: Speaker) -> Table:
    say = speaker.say
    states = {
        State.KEPT: say("kept so far"),
        State.YOUNG: say("not judged yet"),
        State.BROKEN: say("broken"),
    }
    rows = [
        Row(
            f"{one.grade} {DASH} {name(one, speaker)}",
            (
                Cell(states[one.state], "" if one.since is None else speaker.date(one.since)),
                Cell(ends(one, one.promised, speaker)),
                Cell(figure(one, one.now, speaker), ends(one, one.now, speaker)),
                Cell(_counted(one, speaker), say("%(n)s needed", n=speaker.number(one.needed))),
                Cell(_evidence(one.evidence, speaker), say("alarm at %(n)s", n=speaker.number(one.threshold))),
            ),
            own=one.state == State.BROKEN,
        )
        for one in found.every
    ]
    heads = (say("state"), say("promised"), say("so far"), say("counted"), say("evidence against it"))
    return Table(heads, tuple(rows))


def _counted(one: Warranty, speaker: Speaker) -> str:
    if one.what == "per_week":
        return speaker.count("%(n)s week", "%(n)s weeks", one.says)
    return speaker.count("%(n)s answer", "%(n)s answers", one.says)


def _evidence(value: float, speaker: Speaker) -> str:
    if value < 0.01:  # noqa: PLR2004 - what two digits show
        return f"< {speaker.number(0.01, 2)}"
    if value > _MUCH:
        return f"> {speaker.number(_MUCH)}"
    return speaker.number(value, 2 if value < 1 else 1 if value < 10 else 0)  # noqa: PLR2004


def _grade(found: Warranties, grade: str, speaker: Speaker) -> Part:
    mine = found.of(grade)
    return Part(
        speaker.say("Grade %(grade)s", grade=grade),
        plots=plots(mine, speaker),
        alarm=any(one.state == State.BROKEN for one in mine),
    )


def _past(handed: Handed, found: Warranties, speaker: Speaker) -> Part | None:
    """Promised beside what came of graded leads of the past: no test, since the promise was measured on them."""
    say = speaker.say
    rows = []
    for one in found.every:
        if one.what == "per_week":  # the backtest's scorers of other dates call more or fewer leads good
            continue
        came = of_the_past(handed, one, found.sheet.definition)
        if came is not None:
            cells = (Cell(ends(one, one.promised, speaker)), Cell(figure(one, came, speaker), ends(one, came, speaker)))
            rows.append(Row(f"{one.grade} {DASH} {name(one, speaker)}", cells))
    if not rows:
        return None
    return Part(
        say("What is promised, beside the past"),
        tables=(Table((say("promised"), say("in the past")), tuple(rows)),),
        notes=(say("This is no test: the promise was measured on these leads, and for the weeks that follow them."),),
    )


def _how_to_read(found: Warranties, speaker: Speaker) -> Iterator[str]:
    say, definition = speaker.say, found.sheet.definition
    yield say(
        "A lead counts once %(accept)s days (accepted or not) or %(close)s days (won or not) have passed since its "
        "hand-off, whatever was answered and however early: quick answers are not like slow ones.",
        accept=speaker.number(definition.accept_days),
        close=speaker.number(definition.close_days),
    )
    yield say("Leads of one account are answered alike, so an account has one say: the mean of its leads of one week.")
    yield say(
        "Evidence is what somebody who doubts the promise would have made of 1 by betting against it. While promises "
        "hold, the chance that any alarm of this sheet is ever raised is at most %(alpha)s, however often one looks.",
        alpha=speaker.percent(ALPHA),
    )
    yield say(
        "A new doubter starts every %(days)s days, so that a change that comes late is seen as well.",
        days=speaker.number(EVERY),
    )
    yield say("For leads a week this rests on weeks that are no more restless than those of the year before the sheet.")
