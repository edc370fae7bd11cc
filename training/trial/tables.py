"""The figures of a trial as rows of cells, for the terminal and for pages."""

from __future__ import annotations

from models.sheet import Range
from training.pages.tables import Cell, Row, Table
from training.speaker import DASH
from training.trial.figures import CONTENDERS, GROUPS, Name, Outcome
from training.trial.words import Telling, digits


def contenders(telling: Telling) -> Table:
    """Who would have given what."""
    trial, say = telling.trial, telling.speaker.say
    heads = [say("leads a week") if trial.timed else say("leads")]
    heads += [say("accepted")] if trial.tracks_acceptance else []
    heads += [
        say("won"),
        say("wins found, %(unit)s", unit=telling.unit),
        say("wins missed, %(unit)s", unit=telling.unit),
    ]
    heads += [say("share of all wins")]
    if trial.knows_amounts:
        heads += [say("revenue found, %(unit)s", unit=telling.unit), say("share of all revenue")]
    rows = [_row(telling, trial.outcomes[name]) for name in CONTENDERS]
    return Table(tuple(heads), tuple(rows))


def groups(telling: Telling) -> Table:
    """The leads by what the two rules say of them."""
    trial, say = telling.trial, telling.speaker.say
    heads = [say("leads a week") if trial.timed else say("leads"), say("share of all leads")]
    heads += [say("accepted")] if trial.tracks_acceptance else []
    heads += [say("won"), say("share of all wins")]
    rows = []
    for name in GROUPS:
        one = trial.outcomes[name]
        cells = [_leads(telling, one), Cell(telling.speaker.percent(one.share))]
        cells += [_share(telling, one.accepted)] if trial.tracks_acceptance else []
        cells += [_share(telling, one.closed), _share(telling, one.wins_share)]
        rows.append(Row(telling.name(name), tuple(cells)))
    return Table(tuple(heads), tuple(rows))


def agreements(telling: Telling) -> Table | None:
    """How far each choice agrees with what sales accepted; none where acceptance is not recorded."""
    if not telling.trial.agreements:
        return None
    rows = []
    for one in telling.trial.agreements:
        own = one.name in {Name.SCORE_FOR_MARKETING, Name.SCORE_FOR_SALES}
        kappa = _number(telling, one.kappa, 2)
        shares = (_share(telling, share) for share in (one.taken, one.left, one.same))
        rows.append(Row(telling.name(one.name), (*shares, kappa), own=own))
    say = telling.speaker.say
    heads = (say("accepted of those it takes"), say("accepted of all others"), say("same answer"), say("beyond chance"))
    return Table(heads, tuple(rows))


def _row(telling: Telling, one: Outcome) -> Row:
    trial = telling.trial
    cells = [_leads(telling, one)]
    cells += [_share(telling, one.accepted)] if trial.tracks_acceptance else []
    cells += [_share(telling, one.closed), _number(telling, one.wins), _number(telling, one.missed)]
    cells += [_share(telling, one.wins_share)]
    if trial.knows_amounts:
        cells += [_amount(telling, one.revenue), _share(telling, one.revenue_share)]
    own = one.name in {Name.SCORE_FOR_MARKETING, Name.SCORE_FOR_SALES}
    return Row(telling.name(one.name), tuple(cells), own=own)


def _leads(telling: Telling, one: Outcome) -> Cell:
    return Cell(telling.number(one.leads)) if one.per_week is None else _number(telling, one.per_week)


def _share(telling: Telling, share: Range | None) -> Cell:
    if share is None:
        return Cell(DASH)
    exact = share.low == share.high
    return Cell(telling.share(share), "" if exact else telling.speaker.between(share.low, share.high))


def _number(telling: Telling, number: Range | None, places: int | None = None) -> Cell:
    if number is None:
        return Cell(DASH)
    many = digits(number.value) if places is None else places
    figure = telling.speaker.number(number.value, many)
    exact = number.low == number.high
    return Cell(figure, "" if exact else telling.speaker.span(number.low, number.high, many))


def _amount(telling: Telling, amount: Range | None) -> Cell:
    if amount is None:
        return Cell(DASH)
    value, low, high = (telling.compact(figure) for figure in (amount.value, amount.low, amount.high))
    return Cell(value, "" if low == high else f"{low}{DASH}{high}")
