"""Why sales rejects leads, where which reason stands out, and what would have told so before the hand-off."""

from __future__ import annotations

import json
from collections.abc import Iterator

from crm.history import Milestone
from training.pages.document import Part
from training.pages.tables import Cell, Row, Table
from training.review.coded import Pair, Reasons, bars, crossed, listed, measure
from training.review.foretold import FREQUENT, Foretold
from training.review.handed import Handed
from training.review.telling import Telling

REJECTED = str(Milestone.REJECTED)

MOST = 6
"""Pairs of reason and group that are told."""


def of(handed: Handed, *, seed: int) -> Reasons:
    """The reasons of the rejections."""
    rejected = handed.leads[(handed.leads["outcome"] == REJECTED).to_numpy()]
    return measure(rejected, ("source", "segment"), seed=seed)


def part(reasons: Reasons, telling: Telling) -> Part:
    """Told for the weekly meeting."""
    say = telling.say
    title = say("Why sales rejects")
    if not reasons.ended:
        return Part(title, (say("No lead was rejected, or rejections are not recorded."),))
    if not reasons.reasons:
        return Part(title, (_unsaid(reasons, telling),))
    told = list(_sentences(reasons, telling))
    tables = [listed(reasons, REJECTED, telling)]
    tables += [table for by in reasons.cross if (table := crossed(reasons, by, REJECTED, telling)) is not None]
    plots = (bars(reasons, REJECTED, say("Share of the rejections that give a reason"), telling),)
    return Part(title, tuple(told), plots=plots, tables=tuple(tables))


def _unsaid(reasons: Reasons, telling: Telling) -> str:
    return telling.count(
        "%(n)s lead was rejected, without a reason. Map the reason of a rejection in the CRM, or send it with the "
        "feedback as one of the definition’s coded reasons: then this page tells why, and what would have told so "
        "before.",
        "%(n)s leads were rejected, none with a reason. Map the reason of a rejection in the CRM, or send it with the "
        "feedback as one of the definition’s coded reasons: then this page tells why, and what would have told so "
        "before.",
        reasons.ended,
    )


def _sentences(reasons: Reasons, telling: Telling) -> Iterator[str]:
    first = reasons.reasons[0]
    yield telling.say(
        "Most often named: “%(reason)s”, for %(share)s of the rejections that give a reason.",
        reason=telling.reason(REJECTED, first.code),
        share=telling.ranged(first.share),
    )
    if reasons.unsaid:
        yield telling.count("%(n)s rejection gives no reason.", "%(n)s rejections give no reason.", reasons.unsaid)
    for pair in reasons.pairs[:MOST]:
        yield pair_said(pair, REJECTED, telling)
    if reasons.cross and not reasons.pairs:
        yield telling.say("No reason stands out in any source or segment beyond what chance makes.")


def pair_said(pair: Pair, outcome: str, telling: Telling) -> str:
    """One reason that stands out in one group."""
    percent = telling.speaker.percent
    return telling.say(
        "%(group)s: “%(reason)s” is named for %(share)s, elsewhere for %(others)s.",
        group=telling.group(pair.group, pair.by),
        reason=telling.reason(outcome, pair.code),
        share=percent(pair.share),
        others=percent(pair.others),
    )


def before(foretold: tuple[Foretold, ...] | None, reasons: Reasons, telling: Telling) -> Part:
    """What would have told so; ``None``: nobody can say what was known at the hand-off."""
    say = telling.say
    title = say("What would have told so beforehand")
    if foretold is None:
        return Part(title, (say("What was known at the hand-off is only known once a scorer has been trained."),))
    told = [_told(one, telling) for one in foretold]
    if not any(reason.leads >= FREQUENT for reason in reasons.reasons):
        told.append(
            telling.count(
                "No reason is named for %(n)s lead or more: too few to look for what they share.",
                "No reason is named for %(n)s leads or more: too few to look for what they share.",
                FREQUENT,
            )
        )
    elif not any(one.reason for one in foretold):
        told.append(
            say(
                "Nothing known at the hand-off sets the leads of any reason apart by more than chance: no filter of "
                "marketing’s would have spared sales just these rejections."
            )
        )
    filters = [one for one in foretold if one.filters]
    told += _proposals(filters, telling)
    return Part(title, tuple(told), tables=_table(filters, telling), notes=_notes(filters, telling) if foretold else ())


def _told(one: Foretold, telling: Telling) -> str:
    percent = telling.speaker.percent
    if one.reason is None:
        return telling.say(
            "Rejected more often, whatever the reason: %(fact)s. Sales accepts %(accepted)s of these leads, of all "
            "others %(others)s.",
            fact=telling.fact(one.test),
            accepted=percent(one.accepted.value),
            others=percent(one.others.value),
        )
    return telling.say(
        "Rejected as “%(reason)s”: %(among)s already had this at the hand-off: %(fact)s. Of all leads %(every)s.",
        reason=telling.reason(REJECTED, one.reason),
        among=percent(one.among),
        every=percent(one.of_all),
        fact=telling.fact(one.test),
    )


def _distinct(filters: list[Foretold]) -> list[Foretold]:
    """Each filter once, however many reasons it told of."""
    return list({json.dumps(dict(one.rule), sort_keys=True): one for one in filters[::-1]}.values())[::-1]


def _proposals(filters: list[Foretold], telling: Telling) -> Iterator[str]:
    if filters:
        yield telling.say(
            "A proposal for the definition: marketing could keep the leads of the table below until they show more, or "
            "sales could say that it wants them all the same."
        )


def _written(one: Foretold) -> str:
    """The condition as it stands in a definition: the field first."""
    rule = sorted(one.rule.items(), key=lambda item: item[0] not in {"field", "activity"})
    return "{" + ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in rule) + "}"


def _table(filters: list[Foretold], telling: Telling) -> tuple[Table, ...]:
    if not filters:
        return ()
    say, percent, number = telling.say, telling.speaker.percent, telling.speaker.number
    rows = []
    for one in sorted(_distinct(filters), key=lambda one: -one.of_all):
        cells = (
            telling.number(one.accepted.leads),
            telling.share(one.accepted),
            telling.share(one.others),
            Cell(percent(one.wins), say("%(n)s of %(of)s", n=number(one.won), of=number(one.all_wins))),
        )
        rows.append(Row(telling.fact(one.test), cells))
    heads = (say("leads"), say("accepted"), say("accepted of all others"), say("share of all wins"))
    return (Table(heads, tuple(rows)),)


def _notes(filters: list[Foretold], telling: Telling) -> tuple[str, ...]:
    note = telling.say(
        "Every field and activity known at the hand-off was tried against every frequent reason. Told is only what "
        "chance "
        "alone would show in one report of twenty, leads of one account counting once."
    )
    if not filters:
        return (note,)
    rules = "; ".join(_written(one) for one in _distinct(filters)[:MOST])
    written = telling.say("As conditions of a definition: %(rules)s.", rules=rules)
    return note, written
