"""What moved among the leads since the score learned, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from models.phrases import Phrases
from training.pages.document import Part
from training.pages.tables import Cell, Row, Table
from training.review.drifted import MUCH, SCORE, SOME, Drift, Moved
from training.review.handed import Handed
from training.speaker import Speaker

MOST, TOLD = 8, 4
"""Features in the table of those that moved, and in sentences."""


def part(drift: Drift | None, handed: Handed, speaker: Speaker) -> Part:
    """Whether the leads are still those that the score learned from."""
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
            "Too few leads came since the scorer learned: the %(now)s that came after %(day)s are held beside the "
            "%(before)s that came before them.",
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
    shown = [drift.score, *(one for one in drift.moved[:MOST] if one.chance > 0)]
    rows = [
        Row(
            _name(one, drift, phrases, speaker),
            (Cell(speaker.number(one.index, 2)), Cell(speaker.number(one.chance, 2)), Cell(_size(one, speaker))),
            own=one.much,
        )
        for one in shown
    ]
    note = say(
        "Population stability index, from %(some)s on some change, from %(much)s on much; beside it what it would "
        "reach "
        "if the same accounts had come in any order. A change of leads is no fault of the score; but where it is much, "
        "the "
        "score speaks of leads it has seen few of, and a new training is due.",
        some=speaker.number(SOME, 2),
        much=speaker.number(MUCH, 2),
    )
    return Part(
        title,
        tuple(sentences),
        tables=(Table((say("index"), say("by chance up to"), say("change")), tuple(rows)),),
        notes=(note,),
        alarm=drift.learned and drift.score.much,
    )


def _moved(drift: Drift, phrases: Phrases, speaker: Speaker) -> Iterator[str]:
    if drift.score.beyond and drift.score.index >= SOME:
        yield speaker.say("The scores themselves moved: %(what)s.", what=in_words(drift.score, drift, phrases, speaker))
    else:
        yield speaker.say("The scores are spread as before.")
    if not drift.beyond:
        yield speaker.say("No field moved by more than chance and a trifle.")
    for one in drift.beyond[:TOLD]:
        yield speaker.say("What moved: %(what)s.", what=in_words(one, drift, phrases, speaker))


def _size(one: Moved, speaker: Speaker) -> str:
    if not one.beyond:
        return speaker.say("no more than chance")
    if one.index < SOME:
        return speaker.say("a trifle")
    return speaker.say("much") if one.index >= MUCH else speaker.say("some")


def in_words(one: Moved, drift: Drift, phrases: Phrases, speaker: Speaker) -> str:
    """What moved from what to what: ``source: webinar: 12 % of leads before, 25 % now``."""
    if one.middle is not None:
        before, now = (_phrase(one, value, phrases, drift, speaker) for value in one.middle)
        if before != now:
            return speaker.say("typically “%(before)s” before, now “%(now)s”", before=before, now=now)
    return speaker.say(
        "“%(fact)s”: %(before)s of leads before, now %(now)s",
        fact=_phrase(one, one.part, phrases, drift, speaker),
        before=speaker.percent(one.shares[0]),
        now=speaker.percent(one.shares[1]),
    )


def _phrase(one: Moved, value: float, phrases: Phrases, drift: Drift, speaker: Speaker) -> str:
    if one.feature == SCORE:
        return speaker.say("probability of closing %(p)s", p=speaker.percent(value, 1))
    row = np.full(len(drift.scorer.catalog.features), np.nan)
    row[one.feature] = value
    return phrases.say(one.feature, row)


def _name(one: Moved, drift: Drift, phrases: Phrases, speaker: Speaker) -> str:
    """What moved: a field or kind of activity; of other features what they say."""
    if one.feature == SCORE:
        return speaker.say("The score itself")
    feature = drift.scorer.catalog.features[one.feature]
    if feature.measure == "created":
        return speaker.say("Time since creation")
    if feature.field is None and feature.activity is None and feature.measure is not None:
        return re.split(r"\s?:", _phrase(one, one.part, phrases, drift, speaker))[0]
    return phrases.name(one.feature)
