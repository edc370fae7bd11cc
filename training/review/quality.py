"""The report ``quality``: whether the score still means what it says, and is there when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from models.definition import Language
from models.vocabulary import M_
from training.labels import HeadName
from training.pages.document import Document, Part
from training.pages.tables import Cell, Row, Table
from training.review import moved
from training.review.calibrated import FEWEST, TRIFLE, Calibrated, calibrated
from training.review.coverage import Coverage, coverage
from training.review.drifted import drifted
from training.review.handed import Handed
from training.review.heat import Heat, heat
from training.review.opening import opening
from training.review.quality_plots import FEWEST_OF_A_MONTH, months, reliability
from training.speaker import Speaker


def document(handed: Handed, *, seed: int, language: Language) -> Document:
    """The report."""
    speaker = Speaker(language)
    heads, drift, hot, scored = calibrated(handed, seed), drifted(handed, seed), heat(handed), coverage(handed)
    parts = [
        _calibration(heads, speaker),
        moved.part(drift, handed, speaker),
        _heat(hot, speaker, accept=bool(handed.graded["p_accept"].notna().any())),
        _coverage(scored, speaker),
    ]
    return Document(
        name="quality",
        title=speaker.say("Quality of the score"),
        opening=tuple(opening(handed, speaker)),
        parts=tuple(parts),
        figures={
            "since": handed.since.isoformat(),
            "until": handed.until.isoformat(),
            "calibration": [each.to_json() for each in heads],
            "drift": None if drift is None else drift.to_json(),
            "hot": None if hot is None else hot.to_json(),
            "coverage": scored.to_json(),
        },
    )


def off(one: Calibrated, speaker: Speaker) -> str:
    """That probabilities of a head are off, in a sentence."""
    alarm = one.alarm
    if alarm is None:
        raise ValueError(one.head)
    facts = {
        "day": speaker.date(alarm[0]),
        "came": speaker.percent(one.came),
        "expected": speaker.percent(one.expected),
    }
    messages = {
        (HeadName.ACCEPT, "below"): M_(
            "Sales accepts fewer leads than the probabilities say: %(came)s for %(expected)s expected; "
            "known since %(day)s."
        ),
        (HeadName.ACCEPT, "above"): M_(
            "Sales accepts more leads than the probabilities say: %(came)s for %(expected)s expected; "
            "known since %(day)s."
        ),
        (HeadName.CLOSE, "below"): M_(
            "Fewer leads are won than the probabilities say: %(came)s for %(expected)s expected; known since %(day)s."
        ),
        (HeadName.CLOSE, "above"): M_(
            "More leads are won than the probabilities say: %(came)s for %(expected)s expected; known since %(day)s."
        ),
    }
    return speaker.say(messages[one.head, alarm[1]], **facts)


def inflated(hot: Heat, speaker: Speaker) -> str:
    """That the best grade inflates, in a sentence."""
    return speaker.say(
        "More and more leads get grade %(grade)s, and fewer and fewer of them do what such leads do.", grade=hot.grade
    )


def _calibration(heads: Sequence[Calibrated], speaker: Speaker) -> Part:
    say = speaker.say
    sentences, rows = [], []
    names = {HeadName.ACCEPT: say("accepted by sales"), HeadName.CLOSE: say("won")}
    if not heads:
        sentences.append(
            say(
                "Fewer than %(n)s leads handed over can be judged: nothing can be said of the probabilities yet.",
                n=speaker.number(FEWEST),
            )
        )
    for one in heads:
        if one.alarm is not None:
            sentences.append(off(one, speaker))
        else:
            sentences.append(_level(one, speaker))
        cells = [
            Cell(speaker.number(one.leads)),
            Cell(speaker.percent(one.expected, 1)),
            Cell(speaker.percent(one.came, 1)),
        ]
        cells += [
            Cell(speaker.number(value, 2), _span(low, high, speaker)) for value, low, high in (one.slope, one.intercept)
        ]
        rows.append(Row(names[one.head], tuple(cells), own=one.alarm is not None))
    heads_of = (say("leads judged"), say("expected"), say("came"), say("slope"), say("level"))
    notes = (
        say(
            "Slope: 1 where twice the odds mean twice the odds; below 1, probabilities promise more difference than "
            "there "
            "is. Level: 0 where as many come as were expected, in log-odds. Ranges: 95%% of a single look, whole "
            "accounts "
            "drawn. The alarm is raised by evidence that may be looked at every week, when the level is off by more "
            "than "
            "%(trifle)s.",
            trifle=speaker.number(TRIFLE, 2),
        ),
    )
    return Part(
        say("Do probabilities mean what they say?"),
        tuple(sentences),
        plots=tuple(reliability(one, speaker) for one in heads),
        tables=(Table(heads_of, tuple(rows)),) if rows else (),
        notes=notes if rows else (),
        alarm=any(one.alarm is not None for one in heads),
    )


def _span(low: float, high: float, speaker: Speaker) -> str:
    """A range of numbers that may be below nought."""
    return speaker.say("%(low)s to %(high)s", low=speaker.number(low, 2), high=speaker.number(high, 2))


def _level(one: Calibrated, speaker: Speaker) -> str:
    """What was expected and what came of a head that raises no alarm."""
    say = speaker.say
    facts = {"expected": speaker.percent(one.expected), "came": speaker.percent(one.came)}
    if one.head == HeadName.ACCEPT:
        said = say("Accepted by sales: %(expected)s were expected, %(came)s were.", **facts)
    else:
        said = say("Won: %(expected)s were expected, %(came)s were.", **facts)
    _, low, high = one.intercept
    if not (np.isfinite(low) and np.isfinite(high)):  # none came, or all did: the level has no number
        return said
    if low <= 0 <= high:
        return f"{said} {say('That is no more than chance.')}"
    return f"{said} {say('That is more than chance, but not yet proven to be more than may be.')}"


def _heat(hot: Heat | None, speaker: Speaker, *, accept: bool) -> Part:
    """Of acceptance only where the history records it."""
    say = speaker.say
    title = say("Does the best grade stay rare and good?")
    if hot is None:
        return Part(title, (say("No lead has a grade."),))
    sentences = []
    facts = {"grade": hot.grade}
    if hot.inflated:
        sentences.append(inflated(hot, speaker))
    sentences.append(_half(say("Leads with grade %(grade)s", **facts), hot.share, speaker))
    if accept:
        sentences.append(_half(say("Of those, accepted by sales"), hot.accept, speaker))
    sentences.append(_half(say("Of those, won"), hot.close, speaker))
    note = say(
        "The earlier and the later half of the leads that can be judged; “beyond chance” in 95 of 100 such looks. What "
        "became of them is drawn for months with %(fewest)s of them or more.",
        fewest=FEWEST_OF_A_MONTH,
    )
    return Part(title, tuple(sentences), plots=(months(hot, speaker),), notes=(note,), alarm=hot.inflated)


def _half(what: str, found: tuple[float, float, int | None], speaker: Speaker) -> str:
    before, now, moved = found
    if moved is None:
        return speaker.say("%(what)s: too few to compare.", what=what)
    facts = {"what": what, "before": speaker.percent(before), "now": speaker.percent(now)}
    messages = {
        -1: M_("%(what)s: %(before)s at first, %(now)s later; fewer beyond chance."),
        0: M_("%(what)s: %(before)s at first, %(now)s later; no more than chance."),
        1: M_("%(what)s: %(before)s at first, %(now)s later; more beyond chance."),
    }
    return speaker.say(messages[moved], **facts)


def _coverage(scored: Coverage, speaker: Speaker) -> Part:
    say = speaker.say
    title = say("Is there a score when it is needed?")
    if scored.since is None:
        said = say("The ledger holds no scores: nobody has asked the service for any, or it kept none.")
        return Part(title, (said,))
    day = speaker.date(scored.since)
    if not scored.leads:
        said = say(
            "The ledger has kept scores since %(day)s; the export is too old to know leads handed over since.", day=day
        )
        return Part(title, (said,))
    sentences = [
        speaker.count(
            "%(n)s lead was handed over since the ledger has kept scores, from %(day)s on.",
            "%(n)s leads were handed over since the ledger has kept scores, from %(day)s on.",
            scored.leads,
            day=day,
        )
    ]
    part = {name: speaker.percent(n / scored.leads) for name, n in _parts(scored)}
    sentences.append(
        say("Scored when handed over, or within a day: %(before)s; only later: %(later)s; never: %(never)s.", **part)
    )
    if np.isfinite(scored.enough):
        sentences.append(
            say(
                "Of those scored in time, %(enough)s rest on enough information.", enough=speaker.percent(scored.enough)
            )
        )
    return Part(title, tuple(sentences))


def _parts(scored: Coverage) -> Iterator[tuple[str, int]]:
    yield from (("before", scored.before), ("later", scored.later), ("never", scored.never))
