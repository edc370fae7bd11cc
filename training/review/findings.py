"""What ``accord check`` finds: promises broken, probabilities off, scores that moved, data that stop coming."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from models.phrases import Phrases
from training.review import kept, moved, quality
from training.review.calibrated import Calibrated
from training.review.drifted import Drift
from training.review.handed import Handed
from training.review.heat import Heat
from training.review.silence import Silence, Stream
from training.review.warranty import Warranties
from training.speaker import Speaker


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, with what to do about it. ``alarm``: it ends `accord check` with its own exit code.

    ``code``: ``promise_broken``, ``calibration_off``, ``scores_moved``, ``fields_moved``, ``inflated``,
    ``data_stopped``, ``export_old`` or ``ledger_silent``; ``grade`` and ``what`` say of what, where it is of one.
    """

    code: str
    sentence: str
    remedy: str
    alarm: bool = True
    grade: str | None = None
    what: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def of_promises(found: Warranties, speaker: Speaker) -> Iterator[Finding]:
    """Each broken promise."""
    remedy = speaker.say("Read accord report kept together; then train, negotiate and sign anew.")
    for one in found.broken:
        yield Finding("promise_broken", kept.broken(one, speaker), remedy, grade=one.grade, what=one.what)


def of_quality(
    handed: Handed, heads: Sequence[Calibrated], drift: Drift | None, hot: Heat | None, speaker: Speaker
) -> Iterator[Finding]:
    """Probabilities that are off, scores and fields that moved, a best grade that inflates."""
    train = speaker.say("Train anew: accord train; then look at accord report quality.")
    for one in heads:
        if one.alarm is not None:
            yield Finding("calibration_off", quality.off(one, speaker), train, what=str(one.head))
    if drift is not None and drift.learned:
        fields = drift.scorer.catalog.features
        phrases = Phrases(fields, drift.scorer.fields, handed.definition, speaker.language)
        if drift.score.much:
            told = moved.in_words(drift.score, drift, phrases, speaker)
            said = speaker.say("The scores themselves moved: %(what)s.", what=told)
            yield Finding("scores_moved", said, train, what="score")
        for field in drift.beyond[: moved.TOLD]:
            if field.much:
                told = moved.in_words(field, drift, phrases, speaker)
                said = speaker.say("What moved: %(what)s.", what=told)
                yield Finding("fields_moved", said, train, alarm=False, what=fields[field.feature].topic)
    if hot is not None and hot.inflated:
        said = quality.inflated(hot, speaker)
        remedy = speaker.say("Negotiate the cut-offs anew: accord negotiate.")
        yield Finding("inflated", said, remedy, grade=hot.grade)


def of_data(
    silent: Sequence[Silence], exported_at: pd.Timestamp, now: pd.Timestamp, days: float, speaker: Speaker
) -> Iterator[Finding]:
    """Streams that stopped, and an export that is too old."""
    say = speaker.say
    names = {
        Stream.LEADS: say("new leads"),
        Stream.HAND_OFFS: say("hand-offs"),
        Stream.ACTIVITIES: say("activities"),
        Stream.ANSWERS: say("answers of sales"),
        Stream.SCORES: say("scores given"),
    }
    for one in silent:
        if one.stopped:
            said = say(
                "No %(what)s for %(days)s days, the last on %(day)s; the longest wait that is usual is %(limit)s days.",
                what=names[one.stream],
                days=speaker.number(one.days),
                day=speaker.date(one.last),
                limit=speaker.number(one.limit),
            )
            remedy = (
                say("Look whether the service is asked and keeps its ledger: accord status.")
                if one.stream == Stream.SCORES
                else say("Look at the export and its mapping, and at whoever sends feedback.")
            )
            yield Finding("data_stopped", said, remedy, what=str(one.stream))
    age = (now - exported_at) / pd.Timedelta(days=1)
    if age > days:
        said = say(
            "The export is of %(day)s, %(age)s days ago; %(days)s are allowed.",
            day=speaker.date(exported_at),
            age=speaker.number(age),
            days=speaker.number(days),
        )
        yield Finding("export_old", said, say("Export anew from the CRM, or allow more: --export-days."), what="export")
