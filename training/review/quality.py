"""The report ``quality``: whether the score still means what it says, and is there when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from models.definition import Language
from models.phrases import Phrases
from training.labels import HeadName
from training.pages.document import Document, Part
from training.pages.tables import Cell, Row, Table
from training.review.calibrated import FEWEST, TRIFLE, Calibrated, calibrated
from training.review.coverage import Coverage, coverage
from training.review.drifted import MUCH, SOME, Drift, Moved, drifted
from training.review.handed import Handed
from training.review.heat import Heat, heat
from training.review.opening import opening
from training.review.quality_plots import months, reliability
from training.speaker import Speaker

MOST = 8
"""Features that are told of those that moved."""


def document(handed: Handed, *, seed: int, language: Language) -> Document:
    """The report."""
    speaker = Speaker(language)
    heads, drift, hot, scored = calibrated(handed, seed), drifted(handed, seed), heat(handed), coverage(handed)
    parts = [
        _calibration(heads, speaker),
        _drift(drift, handed, speaker),
        _heat(hot, speaker),
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
        (HeadName.ACCEPT, "below"): "Sales accepts fewer leads than the probabilities say: %(came)s for %(expected)s "
        "expected; known since %(day)s.",
        (HeadName.ACCEPT, "above"): "Sales accepts more leads than the probabilities say: %(came)s for %(expected)s "
        "expected; known since %(day)s.",
        (HeadName.CLOSE, "below"): "Fewer leads are won than the probabilities say: %(came)s for %(expected)s "
        "expected; known since %(day)s.",
        (HeadName.CLOSE, "above"): "More leads are won than the probabilities say: %(came)s for %(expected)s "
        "expected; known since %(day)s.",
    }
    return speaker.say(messages[one.head, alarm[1]], **facts)


def in_words(one: Moved, drift: Drift, phrases: Phrases, speaker: Speaker) -> str:
    """What moved from what to what: ``source: webinar, 12 % of leads before, 25 % now``."""
    if one.shares is None:
        return speaker.say(
            "%(before)s in the middle before, now %(now)s",
            before=_phrase(one, one.before, drift, phrases, speaker),
            now=_phrase(one, one.now, drift, phrases, speaker),
        )
    return speaker.say(
        "%(fact)s: %(before)s of leads before, now %(now)s",
        fact=_phrase(one, one.before, drift, phrases, speaker),
        before=speaker.percent(one.shares[0]),
        now=speaker.percent(one.shares[1]),
    )


def _phrase(one: Moved, value: float, drift: Drift, phrases: Phrases, speaker: Speaker) -> str:
    if one.feature < 0:
        return speaker.say("probability of closing %(p)s", p=speaker.percent(value, 1))
    row = np.full(len(drift.scorer.catalog.features), np.nan)
    row[one.feature] = value
    return phrases.say(one.feature, row)


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
            facts = {"expected": speaker.percent(one.expected), "came": speaker.percent(one.came)}
            sentences.append(
                say("Accepted by sales: %(expected)s were expected, %(came)s were; no more than may be.", **facts)
                if one.head == HeadName.ACCEPT
                else say("Won: %(expected)s were expected, %(came)s were; no more than may be.", **facts)
            )
        cells = [
            Cell(speaker.number(one.leads)),
            Cell(speaker.percent(one.expected, 1)),
            Cell(speaker.percent(one.came, 1)),
        ]
        cells += [
            Cell(speaker.number(value, 2), speaker.span(low, high, 2))
            for value, low, high in (one.slope, one.intercept)
        ]
        rows.append(Row(names[one.head], tuple(cells), own=one.alarm is not None))
    heads_of = (say("leads judged"), say("expected"), say("came"), say("slope"), say("level"))
    notes = (
        say(
            "Slope: 1 where twice the odds mean twice the odds; below 1, probabilities promise more difference than there "
            "is. Level: 0 where as many come as were expected, in log-odds. Ranges: 95 %% of a single look, whole accounts "
            "drawn. The alarm is raised by evidence that may be looked at every week, when the level is off by more than "
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


def _drift(drift: Drift | None, handed: Handed, speaker: Speaker) -> Part:
    say = speaker.say
    title = say("Are the leads still those that the score learned from?")
    if drift is None:
        return Part(title, (say("There are too few leads on either side of a comparison."),))
    phrases = Phrases(drift.scorer.catalog.features, drift.scorer.fields, handed.definition, speaker.language)
    facts = {
        "now": speaker.number(drift.now),
        "before": speaker.number(drift.before),
        "day": speaker.date(drift.since),
    }
    sentences = [
        say("%(now)s leads handed over after %(day)s, beside the %(before)s of the year before.", **facts)
        if drift.learned
        else say(
            "Too few leads came since the scorer learned: the %(now)s of the last three months are held beside the "
            "%(before)s of the year before.",
            **facts,
        )
    ]
    if drift.from_ledger:
        sentences.append(
            speaker.count(
                "%(n)s is looked at as the service saw it when it scored it.",
                "%(n)s are looked at as the service saw them when it scored them.",
                drift.from_ledger,
            )
        )
    sentences += list(_moved(drift, phrases, speaker))
    shown = [drift.score, *drift.moved[:MOST]]
    rows = [
        Row(
            say("The score itself") if one.feature < 0 else phrases.name(one.feature),
            (
                Cell(speaker.number(one.index, 2), say("by chance up to %(n)s", n=speaker.number(one.chance, 2))),
                Cell(_size(one, speaker), in_words(one, drift, phrases, speaker)),
            ),
            own=one.much,
        )
        for one in shown
    ]
    note = say(
        "Population stability index, from %(some)s on some change, from %(much)s on much; beside it what it would reach "
        "if the same accounts had come in any order. A change of leads is no fault of the score; but where it is much, the "
        "score speaks of leads it has seen few of, and a new training is due.",
        some=speaker.number(SOME, 2),
        much=speaker.number(MUCH, 2),
    )
    return Part(
        title,
        tuple(sentences),
        tables=(Table((say("index"), say("change")), tuple(rows)),),
        notes=(note,),
        alarm=drift.score.much or any(one.much for one in drift.moved),
    )


def _moved(drift: Drift, phrases: Phrases, speaker: Speaker) -> Iterator[str]:
    if drift.score.beyond and drift.score.index >= SOME:
        yield speaker.say("The scores themselves moved: %(what)s.", what=in_words(drift.score, drift, phrases, speaker))
    else:
        yield speaker.say("The scores are spread as before.")
    if not drift.beyond:
        yield speaker.say("No field moved by more than chance and a trifle.")
    for one in drift.beyond[:3]:
        yield speaker.say("What moved: %(what)s.", what=in_words(one, drift, phrases, speaker))


def _size(one: Moved, speaker: Speaker) -> str:
    if not one.beyond:
        return speaker.say("no more than chance")
    if one.index < SOME:
        return speaker.say("a trifle")
    return speaker.say("much") if one.index >= MUCH else speaker.say("some")


def _heat(hot: Heat | None, speaker: Speaker) -> Part:
    say = speaker.say
    title = say("Does the best grade stay rare and good?")
    if hot is None:
        return Part(title, (say("No lead has a grade."),))
    sentences = []
    facts = {"grade": hot.grade}
    if hot.inflated:
        sentences.append(
            say("More and more leads get grade %(grade)s and fewer and fewer of them keep what it promises.", **facts)
        )
    sentences.append(_half(say("Leads with grade %(grade)s", **facts), hot.share, speaker))
    sentences.append(_half(say("Of those, accepted by sales"), hot.accept, speaker))
    sentences.append(_half(say("Of those, won"), hot.close, speaker))
    note = say(
        "The earlier and the later half of the leads that can be judged; “beyond chance” in 95 of 100 such looks."
    )
    return Part(title, tuple(sentences), plots=(months(hot, speaker),), notes=(note,), alarm=hot.inflated)


def _half(what: str, found: tuple[float, float, int | None], speaker: Speaker) -> str:
    before, now, moved = found
    if moved is None:
        return speaker.say("%(what)s: too few to compare.", what=what)
    facts = {"what": what, "before": speaker.percent(before), "now": speaker.percent(now)}
    messages = {
        -1: "%(what)s: %(before)s at first, %(now)s later; fewer beyond chance.",
        0: "%(what)s: %(before)s at first, %(now)s later; no more than chance.",
        1: "%(what)s: %(before)s at first, %(now)s later; more beyond chance.",
    }
    return speaker.say(messages[moved], **facts)


def _coverage(scored: Coverage, speaker: Speaker) -> Part:
    say = speaker.say
    title = say("Is there a score when it is needed?")
    if scored.since is None:
        said = say("The ledger holds no scores: nobody has asked the service for any, or it kept none.")
        return Part(title, (said,))
    sentences = [
        speaker.count(
            "%(n)s lead was handed over since the ledger has kept scores, from %(day)s on.",
            "%(n)s leads were handed over since the ledger has kept scores, from %(day)s on.",
            scored.leads,
            day=speaker.date(scored.since),
        )
    ]
    if scored.leads:
        part = {name: speaker.percent(n / scored.leads) for name, n in _parts(scored)}
        sentences.append(
            say(
                "Scored when handed over, or within a day: %(before)s; only later: %(later)s; never: %(never)s.", **part
            )
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
