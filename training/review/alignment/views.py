"""Where the two teams' views part: their rules, and the grades, against what sales then did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from crm.history import Milestone
from models.conditions import Ground
from training.labels import HeadName
from training.pages.document import Part
from training.pages.tables import Row, Table
from training.review.ground import heard
from training.review.handed import Handed
from training.review.shares import Share, answers_of
from training.review.telling import Telling

GROUPS = ("both", "only_marketing", "only_sales", "neither")


@dataclass(frozen=True, slots=True)
class Stand:
    """Leads that are alike in what was said of them beforehand, and what became of them."""

    leads: int
    accepted: Share
    won: Share
    taken: int  # accepted by sales
    rejected: int  # rejected by sales


@dataclass(frozen=True, slots=True)
class Views:
    """What sales did with the leads of each pair of verdicts, and of each grade; empty where there are none.

    ``has_voices``: whether the definition has rules of the teams; where none can be asked, ``rules`` is empty too.
    """

    rules: Mapping[str, Stand]
    grades: Mapping[str, Stand]
    has_voices: bool

    def of_team(self, team: str, *, takes: bool) -> tuple[int, int]:
        """How many of the leads that this team's rule takes (or leaves) sales accepted and rejected."""
        mine = {"both", f"only_{team}"}
        stands = [stand for name, stand in self.rules.items() if (name in mine) == takes]
        return sum(stand.taken for stand in stands), sum(stand.rejected for stand in stands)


def measure(handed: Handed, ground: Ground | None) -> Views | None:
    """``None`` where acceptance is not recorded: then nobody knows what sales wanted."""
    if not handed.history.tracks_acceptance:
        return None
    accept, close = answers_of(handed, HeadName.ACCEPT), answers_of(handed, HeadName.CLOSE)
    taken = handed.leads["accepted_at"].notna().to_numpy()
    rejected = ~taken & (handed.leads["outcome"] == Milestone.REJECTED).to_numpy()

    def stand(rows: np.ndarray) -> Stand:
        counts = int((rows & taken).sum()), int((rows & rejected).sum())
        return Stand(int(rows.sum()), accept.share(rows), close.share(rows), *counts)

    said = None if ground is None else heard(handed, ground)
    rules = {}
    if said is not None:
        marketing, sales = said["marketing"], said["sales"]
        cells = (marketing & sales, marketing & ~sales, ~marketing & sales, ~marketing & ~sales)
        rules = {name: stand(rows) for name, rows in zip(GROUPS, cells, strict=True)}
    grades = {
        grade: stand(rows)
        for grade in handed.definition.grades
        if (rows := (handed.leads["grade"] == grade).to_numpy()).any()
    }
    return Views(rules, grades, handed.definition.voices is not None)


def part(views: Views | None, telling: Telling) -> Part:
    """Told for the weekly meeting."""
    say = telling.say
    title = say("Where the two teams’ views part")
    if views is None:
        return Part(title, (say("Without recorded acceptances nobody can say which leads sales wanted."),))
    told = [*_rules(views, telling), *_grades(views, telling)]
    tables = []
    if views.rules:
        names = (say("Both rules"), say("Only marketing's rule"), say("Only sales's rule"), say("Neither rule"))
        tables.append(_table(dict(zip(names, views.rules.values(), strict=True)), telling))
    if views.grades:
        tables.append(_table({telling.grade(g): s for g, s in views.grades.items()}, telling))
    return Part(title, tuple(told), tables=tuple(tables))


def _rules(views: Views, telling: Telling) -> Iterator[str]:
    say = telling.say
    if not views.has_voices:
        yield say(
            "The definition holds no rules of the two teams. Write them down as voices, and this page shows where "
            "they part."
        )
        return
    if not views.rules:
        yield say("The rules of the two teams cannot be asked of these leads; `accord trial` says why.")
        return
    for team, took, left in (
        (
            "marketing",
            say("Marketing’s rule takes %(n)s leads that sales rejected, of %(of)s with an answer (%(share)s)."),
            say("It leaves out %(n)s leads that sales accepted, of %(of)s with an answer (%(share)s)."),
        ),
        (
            "sales",
            say(
                "Sales’s own rule takes %(n)s leads that sales rejected all the same, of %(of)s with an answer "
                "(%(share)s)."
            ),
            say(
                "It would leave out %(n)s leads that sales accepted all the same, of %(of)s with an answer (%(share)s)."
            ),
        ),
    ):
        yes, no = views.of_team(team, takes=True)
        other_yes, other_no = views.of_team(team, takes=False)
        if yes + no:
            yield took % _facts(no, yes + no, telling)
        if other_yes + other_no:
            yield left % _facts(other_yes, other_yes + other_no, telling)


def _grades(views: Views, telling: Telling) -> Iterator[str]:
    say = telling.say
    if not views.grades:
        yield say("No lead has a grade: train a scorer, or let the service score the leads when they are handed over.")
        return
    first, last = next(iter(views.grades)), next(reversed(list(views.grades)))
    best, worst = views.grades[first], views.grades[last]
    if best.taken + best.rejected:
        facts = _facts(best.rejected, best.taken + best.rejected, telling)
        yield say("Grade %(grade)s: sales rejected %(n)s of %(of)s with an answer (%(share)s).", grade=first, **facts)
    if worst.taken + worst.rejected and first != last:
        facts = _facts(worst.taken, worst.taken + worst.rejected, telling)
        text = say("Grade %(grade)s: sales accepted %(n)s of %(of)s with an answer (%(share)s).", grade=last, **facts)
        if worst.won.known:
            text += " " + say("Of all leads of this grade %(won)s are won.", won=telling.ranged(worst.won))
        yield text


def _facts(n: int, of: int, telling: Telling) -> dict[str, str]:
    number = telling.speaker.number
    return {"n": number(n), "of": number(of), "share": telling.speaker.percent(n / of)}


def _table(stands: Mapping[str, Stand], telling: Telling) -> Table:
    say = telling.say
    every = sum(stand.leads for stand in stands.values())
    rows = []
    for name, stand in stands.items():
        cells = (
            telling.part_of(stand.leads, every),
            telling.number(stand.taken),
            telling.number(stand.rejected),
            telling.share(stand.accepted),
            telling.share(stand.won),
        )
        rows.append(Row(name, cells))
    heads = (say("leads"), say("accepted by sales"), say("rejected by sales"), say("share accepted"), say("share won"))
    return Table(heads, tuple(rows))
