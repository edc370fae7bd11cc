"""How leads ended: lost, without decision or won, after which stage, in which groups, and how long it took."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from crm.history import Milestone
from models.definition import Plural, Words
from training.labels import HeadName
from training.pages.document import Part
from training.pages.tables import Row, Table
from training.review.groups import Group, groups_of, name_of, table
from training.review.handed import Handed
from training.review.shares import answers_of
from training.review.telling import DAY, Telling

LOST, UNDECIDED, WON = str(Milestone.LOST), str(Milestone.NO_DECISION), str(Milestone.WON)
ENDS = (LOST, UNDECIDED, WON)

STAGES = ("before", "accepted", "met", "offered")
"""How far a lead had come when it ended: before acceptance, accepted, after a meeting, after an offer."""

BY = ("source", "segment", "grade")

_OFFER = re.compile(r"\b(offers?|quotes?|quotations?|proposals?|devis|offres?|propositions?)\b", re.IGNORECASE)
_MEETING = re.compile(
    r"\b(meetings?|appointments?|demos?|demonstrations?|démonstrations?|rendez-vous|rdv|réunions?)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Took:
    """Days from the hand-off to one end, of leads old enough that every end had its time: quartiles."""

    end: str
    leads: int
    quarter: float
    half: float
    three_quarters: float


@dataclass(frozen=True, slots=True)
class Ended:
    """``stages[stage][end]`` counts leads; ``by[name]`` groups of ``accepted`` leads with the share of each end.

    ``rejected`` and ``open`` leads are no losses. ``offers`` and ``meetings``: kinds of activity that tell of them.
    """

    stages: Mapping[str, Mapping[str, int]]
    rejected: int
    open: int
    by: Mapping[str, list[Group]]
    took: list[Took]
    offers: tuple[str, ...]
    meetings: tuple[str, ...]

    def count(self, end: str) -> int:
        """Leads that ended so."""
        return sum(ends[end] for ends in self.stages.values())

    @property
    def losses(self) -> int:
        """Leads lost or left without decision."""
        return self.count(LOST) + self.count(UNDECIDED)


def measure(handed: Handed) -> Ended:
    """Shares by group are of accepted leads where acceptance is recorded, the young ones weighed in."""
    leads = handed.leads
    offers, meetings = (kinds_like(pattern, handed) for pattern in (_OFFER, _MEETING))
    stage = stages_of(handed, offers, meetings)
    counts = {
        name: {end: int(((stage == name) & (leads["outcome"] == end).to_numpy()).sum()) for end in ENDS}
        for name in STAGES
    }
    return Ended(
        counts,
        int((leads["outcome"] == Milestone.REJECTED).sum()),
        int(leads["outcome"].isna().sum()),
        _by(handed),
        _took(handed),
        offers,
        meetings,
    )


def kinds_like(pattern: re.Pattern[str], handed: Handed) -> tuple[str, ...]:
    """The kinds of activity whose name, or whose words in the definition, match."""
    words = handed.definition.words
    kinds = sorted(handed.history.activities["kind"].dropna().unique())
    return tuple(k for k in kinds if any(pattern.search(text) for text in _names(k, words.get(k))))


def _names(kind: str, words: Words | None) -> Iterator[str]:
    yield kind.replace("_", " ")
    for said in (words.en, words.fr) if words is not None else ():
        yield from (said.one, said.other) if isinstance(said, Plural) else [said or ""]


def stages_of(handed: Handed, offers: Sequence[str], meetings: Sequence[str]) -> np.ndarray:
    """How far each lead came by its end, of `STAGES`. Where acceptances are not recorded, none counts as accepted."""
    leads = handed.leads
    end = leads["outcome_at"].fillna(handed.until)
    accepted = (leads["accepted_at"] <= end).to_numpy() | (leads["outcome"] == WON).to_numpy()
    accepted = accepted & handed.history.tracks_acceptance
    met, offered = (_had(handed, kinds, end) for kinds in (meetings, offers))
    return np.select([offered, met, accepted], STAGES[:0:-1], STAGES[0])


def _had(handed: Handed, kinds: Sequence[str], end: pd.Series) -> np.ndarray:
    done = handed.history.activities
    done = done[done["kind"].isin(list(kinds)).to_numpy()][["lead_id", "occurred_at"]]
    spans = pd.DataFrame({"lead_id": handed.leads["lead_id"], "at": handed.leads["handed_off_at"], "end": end})
    both = spans.merge(done, on="lead_id")
    inside = (both["occurred_at"] >= both["at"]) & (both["occurred_at"] <= both["end"])
    return np.asarray(handed.leads["lead_id"].isin(set(both.loc[inside, "lead_id"])))


def _by(handed: Handed) -> Mapping[str, list[Group]]:
    leads = handed.leads
    close = answers_of(handed, HeadName.CLOSE)
    within = (leads["y_accept"] == 1).to_numpy() if handed.history.tracks_acceptance else np.ones(len(leads), bool)
    in_time = (leads["outcome_at"] <= leads["handed_off_at"] + handed.definition.close_days * DAY).to_numpy()
    known = close.weight > 0
    questions = {}
    for end in ENDS:
        yes = (leads["outcome"] == end).to_numpy() & in_time
        y = np.where(known, yes.astype(float), np.nan)
        questions[end] = replace(close.within(within), y=y)
    made = {name: groups_of(leads[name], questions, within) for name in BY}
    order = [*handed.definition.grades, None]
    made["grade"].sort(key=lambda group: order.index(group.name) if group.name in order else len(order))
    return made


def _took(handed: Handed) -> list[Took]:
    ripe = handed.leads["handed_off_at"] + handed.definition.close_days * DAY <= handed.until
    out = []
    for end in ENDS:
        mine = handed.leads[ripe.to_numpy() & (handed.leads["outcome"] == end).to_numpy()]
        days = ((mine["outcome_at"] - mine["handed_off_at"]) / DAY).to_numpy()
        if len(days):
            out.append(Took(end, len(days), *(float(q) for q in np.quantile(days, [0.25, 0.5, 0.75]))))
    return out


def end_name(end: str, telling: Telling) -> str:
    """An end as a word."""
    names = {LOST: telling.say("lost"), UNDECIDED: telling.say("no decision"), WON: telling.say("won")}
    return names[end]


def part(ended: Ended, telling: Telling) -> Part:
    """What ended how, and after which stage."""
    say, number = telling.say, telling.speaker.number
    facts = {"lost": number(ended.count(LOST)), "none": number(ended.count(UNDECIDED)), "won": number(ended.count(WON))}
    told = [say("%(lost)s leads were lost, %(none)s ended without a decision, %(won)s were won.", **facts)]
    told.append(
        say(
            "%(rejected)s were rejected by sales, which is told on the weekly page, and %(open)s are still open.",
            rejected=number(ended.rejected),
            open=number(ended.open),
        )
    )
    told += _stages(ended, telling)
    notes = []
    if not ended.offers and not ended.meetings:
        notes.append(
            say(
                "No activity tells of a meeting or an offer. Record them as activities of their own, and this page "
                "tells "
                "whether leads are lost before or after them."
            )
        )
    tables = (_stage_table(ended, telling), _took_table(ended, telling))
    return Part(
        say("What ended how, and when"), tuple(told), tables=tuple(t for t in tables if t.rows), notes=tuple(notes)
    )


def stage_name(stage: str, telling: Telling) -> str:
    """A stage at the head of a row."""
    say = telling.say
    if stage == "before":
        return (
            say("before acceptance")
            if telling.handed.history.tracks_acceptance
            else say("before a meeting or an offer")
        )
    return {"accepted": say("after acceptance"), "met": say("after a meeting"), "offered": say("after an offer")}[stage]


def last_stage(ended: Ended) -> tuple[str, int]:
    """The furthest stage at which leads are lost, and how many losses came there."""
    stage = next((s for s in STAGES[::-1] if sum(ended.stages[s].values())), STAGES[0])
    return stage, ended.stages[stage][LOST] + ended.stages[stage][UNDECIDED]


def _stages(ended: Ended, telling: Telling) -> Iterator[str]:
    stage, losses = last_stage(ended)
    if ended.losses and stage in {"met", "offered"}:
        share = telling.speaker.percent(losses / ended.losses)
        facts = {"n": telling.speaker.number(losses), "of": telling.speaker.number(ended.losses), "share": share}
        if stage == "offered":
            yield telling.say("%(n)s of the %(of)s losses (%(share)s) came after an offer.", **facts)
        else:
            yield telling.say("%(n)s of the %(of)s losses (%(share)s) came after a meeting.", **facts)
    took = {one.end: one for one in ended.took}
    for end in (LOST, UNDECIDED):
        if end in took:
            yield _took_said(end, took[end].half, telling)


def _took_said(end: str, days: float, telling: Telling) -> str:
    if end == LOST:
        return telling.count(
            "Half of the leads that are lost are lost within %(n)s day of the hand-off.",
            "Half of the leads that are lost are lost within %(n)s days of the hand-off.",
            math.ceil(days),
        )
    return telling.count(
        "Half of the leads that end without a decision do so within %(n)s day of the hand-off.",
        "Half of the leads that end without a decision do so within %(n)s days of the hand-off.",
        math.ceil(days),
    )


def _stage_table(ended: Ended, telling: Telling) -> Table:
    rows = []
    for stage, ends in ended.stages.items():
        every = sum(ends.values())
        if every:
            cells = (telling.number(every), *(telling.part_of(ends[end], every) for end in ENDS))
            rows.append(Row(stage_name(stage, telling), cells))
    return Table((telling.say("ended"), *(end_name(end, telling) for end in ENDS)), tuple(rows))


def _took_table(ended: Ended, telling: Telling) -> Table:
    say, rows = telling.say, []
    for one in ended.took:
        days = (telling.number(value) for value in (one.quarter, one.half, one.three_quarters))
        rows.append(Row(end_name(one.end, telling), (telling.number(one.leads), *days)))
    heads = (say("leads"), say("a quarter within, days"), say("half within, days"), say("three quarters within, days"))
    return Table(heads, tuple(rows))


def groups_part(ended: Ended, telling: Telling) -> Part:
    """Where leads are lost: by source, segment and grade."""
    say = telling.say
    heads = {LOST: say("lost"), UNDECIDED: say("no decision"), WON: say("won")}
    told, notes = [], []
    for name, groups in ended.by.items():
        told += list(_apart(groups, telling))
        if not groups:
            notes.append(_missing(name, telling))
    of = say(
        "Shares are of the leads that sales accepted, within %(days)s days of the hand-off.",
        days=telling.few(telling.handed.definition.close_days),
    )
    if not telling.handed.history.tracks_acceptance:
        of = say(
            "Shares are of all leads handed over, within %(days)s days.",
            days=telling.few(telling.handed.definition.close_days),
        )
    tables = tuple(table(groups, heads, telling) for groups in ended.by.values() if groups)
    title = say("Where they are lost: source, segment and grade")
    return Part(title, tuple(told), tables=tables, notes=(*([of] if tables else []), *notes))


def _apart(groups: list[Group], telling: Telling) -> Iterator[str]:
    for group in groups:
        for end in (LOST, UNDECIDED):
            if group.differs[end] > 0:
                facts = {
                    "group": name_of(group, telling),
                    "share": telling.ranged(group.shares[end]),
                    "others": telling.speaker.percent(group.others[end].value),
                }
                if end == LOST:
                    yield telling.say("%(group)s: %(share)s are lost, of all others %(others)s.", **facts)
                else:
                    yield telling.say("%(group)s: %(share)s end without a decision, of all others %(others)s.", **facts)


def _missing(name: str, telling: Telling) -> str:
    if name == "source":
        return telling.say("The history does not tell of several sources.")
    if name == "segment":
        return telling.say("No segments are recorded with the scores.")
    return telling.say("No lead has a grade.")
