"""What every report says first: which leads it is about, and who graded them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from models.agreement import Agreement
from training.review.handed import AGAIN, BACKTEST, GIVEN, NONE, Handed
from training.speaker import Speaker


def opening(handed: Handed, speaker: Speaker) -> Iterator[str]:
    """Which leads, and where their grades come from."""
    since, until = speaker.date(handed.since), speaker.date(handed.until)
    yield speaker.count(
        "%(n)s lead was handed over from %(since)s to the export of %(until)s.",
        "%(n)s leads were handed over from %(since)s to the export of %(until)s.",
        len(handed.leads),
        since=since,
        until=until,
    )
    yield from graded_by(handed, speaker)


def graded_by(handed: Handed, speaker: Speaker) -> Iterator[str]:
    """Where the grades of the leads come from."""
    say, count = speaker.say, speaker.count
    of = handed.leads["given"].value_counts()
    if given := int(of.get(GIVEN, 0)):
        yield count(
            "%(n)s has the score it was given then.",
            "%(n)s have the score they were given then.",
            given,
        )
    if again := int(of.get(AGAIN, 0)):
        yield count(
            "%(n)s has no score on record: the scorer, which never saw how it ended, grades it as of its hand-off.",
            "%(n)s have no score on record: the scorer, which never saw how they ended, grades them as of their "
            "hand-off.",
            again,
        )
    if back := int(of.get(BACKTEST, 0)):
        yield count(
            "The scorer in service learned from %(n)s: its grade is that of a scorer trained before its hand-off.",
            "The scorer in service learned from %(n)s: their grade is that of a scorer trained before their hand-off.",
            back,
        )
    if none := int(of.get(NONE, 0)):
        yield count("%(n)s has no grade: no scorer spoke of it.", "%(n)s have no grade: no scorer spoke of them.", none)
    if handed.learned is not None and not (handed.leads["handed_off_at"] > handed.learned).any():
        learned = speaker.date(handed.learned)
        yield say("Nothing has been handed over since the scorer in service learned, on %(day)s.", day=learned)


def promised_by(agreed: Agreement, speaker: Speaker) -> str:
    """Which sheet promises, and who signed it."""
    say = speaker.say
    sheet = agreed.sheet
    day = speaker.date(datetime.fromisoformat(sheet.measured.exported_at))
    if not agreed.complete:
        return say(
            "Nobody has promised anything yet: sheet %(sheet)s, measured on %(day)s, is not signed by both teams.",
            sheet=sheet.short_hash,
            day=day,
        )
    teams = {"marketing": say("marketing"), "sales": say("sales")}
    names = ", ".join(f"{each.name} ({teams[each.role]})" for each in agreed.signatures)
    return say(
        "The promise is sheet %(sheet)s, measured on %(day)s and signed by %(names)s.",
        sheet=sheet.short_hash,
        day=day,
        names=names,
    )
