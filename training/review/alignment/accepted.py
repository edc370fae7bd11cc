"""The share of leads that sales accepts, and wins, by source and by segment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from training.labels import HeadName
from training.pages.document import Part
from training.review.groups import Group, groups_of, name_of, table
from training.review.handed import Handed
from training.review.shares import Answers, Share, answers_of
from training.review.telling import Telling

MOST = 4
"""Groups that are told in sentences."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Of all leads, and by ``source`` and ``segment``; a list is empty where the history does not tell of groups."""

    accepted: Share | None
    won: Share
    by: Mapping[str, list[Group]]


def measure(handed: Handed) -> Accepted:
    """Shares are those of all leads handed over, the young ones weighed in."""
    close = answers_of(handed, HeadName.CLOSE)
    questions: dict[str, Answers] = {"won": close}
    if handed.history.tracks_acceptance:
        questions = {"accepted": answers_of(handed, HeadName.ACCEPT), **questions}
    every = handed.leads["lead_id"].notna().to_numpy()
    return Accepted(
        questions["accepted"].share(every) if "accepted" in questions else None,
        close.share(every),
        {name: groups_of(handed.leads[name], questions) for name in ("source", "segment")},
    )


def part(accepted: Accepted, telling: Telling) -> Part:
    """Told for the weekly meeting."""
    say = telling.say
    heads = {"accepted": say("accepted")} if accepted.accepted is not None else {}
    heads["won"] = say("won")
    told = []
    if accepted.accepted is not None and accepted.accepted.known:
        told.append(say("Sales accepts %(share)s of the leads.", share=telling.ranged(accepted.accepted)))
    if accepted.won.known:
        told.append(say("Of all leads, %(share)s are won.", share=telling.ranged(accepted.won)))
    for groups in accepted.by.values():
        told += _apart(groups, tuple(heads), telling)
    tables = tuple(table(groups, heads, telling) for groups in accepted.by.values() if groups)
    return Part(
        say("What sales accepts, by source and segment"), tuple(told), tables=tables, notes=_notes(accepted, telling)
    )


def _apart(groups: list[Group], questions: Sequence[str], telling: Telling) -> Iterator[str]:
    """The groups that differ: in the first of the questions in which any does."""
    say = telling.say
    question = next((q for q in questions if any(group.differs[q] for group in groups)), None)
    if question is None:
        if groups:
            yield say(
                "The differences within this list are no larger than chance makes them: %(groups)s.",
                groups=telling.listed([name_of(group, telling) for group in groups]),
            )
        return
    apart = [group for group in groups if group.differs[question]]
    apart.sort(key=lambda group: group.leads * abs(group.shares[question].value - group.others[question].value))
    for group in apart[::-1][:MOST]:
        share, others = telling.ranged(group.shares[question]), telling.speaker.percent(group.others[question].value)
        facts = {"group": name_of(group, telling), "share": share, "others": others}
        if question == "accepted":
            yield say("%(group)s: sales accepts %(share)s, of all other leads %(others)s.", **facts)
        else:
            yield say("%(group)s: %(share)s are won, of all other leads %(others)s.", **facts)


def _notes(accepted: Accepted, telling: Telling) -> tuple[str, ...]:
    notes = []
    if not accepted.by["source"]:
        notes.append(
            telling.say(
                "The history does not tell of several sources. Map where a lead came from to a field called source, "
                "and the "
                "leads are shown by source."
            )
        )
    if not accepted.by["segment"]:
        notes.append(
            telling.say(
                "No segments are recorded with the scores. Write marketing’s segments into the definition, and the "
                "leads are "
                "shown by segment."
            )
        )
    if left := int(telling.handed.left.sum()):
        notes.append(
            telling.count(
                "%(n)s lead of a low grade was not drawn to be worked: it counts here for what became of it.",
                "%(n)s leads of low grades were not drawn to be worked: they count here for what became of them.",
                left,
            )
        )
    return tuple(notes)
