"""The hearing: the voices of a definition and the score on the same arrivals, against what sales accepted and closed.

Every lead is judged as it was known when it was handed over; the score is that of the forward backtest, so each lead
was scored by what was learned before it came. Answers not yet known are weighed in by the censoring weights of the
arrivals, never taken for failures.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pandas as pd

from crm.errors import AccordError
from crm.history import History
from features.catalog import Catalog
from features.facts import Facts
from features.instants import micros
from models.conditions import Ground
from models.definition import Definition
from models.voices import check, unseen, verdicts
from training.arrivals import WEEK
from training.trial.draws import (
    ACCEPT_ASKED,
    ACCEPTED,
    CLOSE_ASKED,
    CLOSED,
    LEADS,
    REVENUE,
    ROUNDS,
    Floats,
    Truth,
    clusters_of,
    columns_of,
    curve_of,
    draw,
)
from training.trial.figures import TEAMS, Agreement, Dispute, Gap, Name, Outcome, Trial, Unit
from training.trial.ranges import number_of, part_of, range_of, ratio, share_of

QUARTER = 13
"""Weeks of a quarter; a trial that is shorter counts by the week."""


def ground_of(history: History, catalog: Catalog, blocked: Collection[str], definition: Definition) -> Ground:
    """What the definition's voices may look at in this history, where the audit blocks these fields."""
    out = set(blocked) - definition.keep.keys()
    readable = history.without(out | set(definition.never_use))
    facts = Facts.of_history(readable, readable.fields)
    return Ground(facts, history.fields, catalog, blocked=out, never_use=frozenset(definition.never_use))


def hear(
    name: str,
    history: History,
    definition: Definition,
    arrivals: pd.DataFrame,
    ground: Ground,
    *,
    seed: int = 0,
    rounds: int = ROUNDS,
) -> Trial:
    """Put the voices on trial. ``arrivals`` as of `training.arrivals.forward`; ``ground`` as of `ground_of`.

    Deterministic for a seed, whatever the order of the rows. Raises `AccordError` where the definition has no voices,
    a rule makes no sense, or there is nothing to judge by.
    """
    voices = definition.voices
    if voices is None:
        raise AccordError("The definition has no voices.", where="definition", remedy="Write one rule a team: voices.")
    check(voices, ground)
    if arrivals.empty:
        raise AccordError("No lead arrived after the first date of the backtest: there is nothing to judge rules by.")
    arrivals = arrivals.sort_values(["as_of", "lead_id"], ignore_index=True)
    found = verdicts(voices, ground, ground.facts.rows(arrivals["lead_id"]), micros(arrivals["as_of"]))
    columns, clusters = columns_of(arrivals), clusters_of(arrivals)
    p_close = arrivals["p_close"].to_numpy(dtype="float64")
    sums = draw(columns, clusters, found, p_close, seed=seed, rounds=rounds)
    weeks = _weeks(arrivals)
    scale = _Scale(sums[Name.EVERY], weeks)
    won = (arrivals["y_close"] == 1).to_numpy()
    judged = _judged(arrivals, found, p_close)
    return Trial(
        name=name,
        definition=definition,
        exported_at=history.exported_at.isoformat(),
        since=None if weeks is None else arrivals["as_of"].min().isoformat(),
        until=None if weeks is None else arrivals["as_of"].max().isoformat(),
        weeks=weeks,
        unit=scale.unit,
        arrivals=len(arrivals),
        wins=int(won.sum()),
        wins_with_amount=int((won & arrivals["amount"].notna().to_numpy()).sum()),
        outcomes={one: _outcome(one, sums, judged[one], scale, int(won.sum())) for one in Name},
        gaps={team: _gap(team, sums, scale) for team in TEAMS if sums[team][0, LEADS] > 0},
        dispute=_dispute(sums),
        agreements=tuple(_agreements(sums, judged)),
        curve=curve_of(columns, clusters, p_close),
        unseen=unseen(voices, ground),
    )


class _Scale:
    """Turns sums into numbers by the trial's unit, as if every lead had been followed to the end of its horizon."""

    def __init__(self, every: Floats, weeks: float | None) -> None:
        self.weeks = weeks
        self.unit = Unit.WHOLE if weeks is None else Unit.QUARTER if weeks >= QUARTER else Unit.WEEK
        self.units = 1.0 if weeks is None else weeks / QUARTER if self.unit is Unit.QUARTER else weeks
        with np.errstate(divide="ignore", invalid="ignore"):
            self._followed = every[:, LEADS] / every[:, CLOSE_ASKED] / self.units

    def numbers(self, sums: Floats, column: int) -> Floats:
        """Weighted sums of a column of `CLOSED` or `REVENUE`, by the unit."""
        with np.errstate(invalid="ignore"):
            return np.asarray(sums[:, column] * self._followed)

    def per_week(self, sums: Floats) -> Floats | None:
        """Leads a week."""
        return None if self.weeks is None else np.asarray(sums[:, LEADS] / self.weeks)


def _weeks(arrivals: pd.DataFrame) -> float | None:
    """From the first date of the backtest to the last arrival, at least a day; ``None`` where it had no dates."""
    if arrivals["date"].isna().all():
        return None
    return max(float((arrivals["as_of"].max() - arrivals["date"].min()) / WEEK), 1 / 7)


def _judged(arrivals: pd.DataFrame, found: Mapping[str, Truth], p_close: Floats) -> Mapping[Name, tuple[int, int]]:
    """How many of the leads of each choice have a known answer, for both heads."""
    marketing, sales = found["marketing"], found["sales"]
    taken = {
        Name.EVERY: np.ones(len(arrivals), dtype=bool),
        Name.MARKETING: marketing,
        Name.SALES: sales,
        Name.BOTH: marketing & sales,
        Name.EITHER: marketing | sales,
        Name.ONLY_MARKETING: marketing & ~sales,
        Name.ONLY_SALES: sales & ~marketing,
        Name.NEITHER: ~(marketing | sales),
    }
    order = np.argsort(-p_close, kind="stable")
    for team, score in TEAMS.items():
        taken[score] = np.zeros(len(arrivals), dtype=bool)
        taken[score][order[: int(taken[team].sum())]] = True
    known = [(arrivals[f"weight_{head}"] > 0).to_numpy() for head in ("accept", "close")]
    return {name: (int((mine & known[0]).sum()), int((mine & known[1]).sum())) for name, mine in taken.items()}


def _outcome(name: Name, sums: Mapping[Name, Floats], judged: tuple[int, int], scale: _Scale, won: int) -> Outcome:
    mine, every = sums[name], sums[Name.EVERY]
    leads = float(mine[0, LEADS])
    per_week = scale.per_week(mine)
    wins, all_wins = scale.numbers(mine, CLOSED), scale.numbers(every, CLOSED)
    amounts = bool(every[0, REVENUE] > 0)
    closed = share_of(mine[:, CLOSED], mine[:, CLOSE_ASKED], judged[1])
    return Outcome(
        name=name,
        leads=leads,
        share=leads / float(every[0, LEADS]),
        judged_accept=judged[0],
        judged_close=judged[1],
        per_week=None if per_week is None else range_of(per_week),
        accepted=share_of(mine[:, ACCEPTED], mine[:, ACCEPT_ASKED], judged[0]),
        closed=closed,
        wins=number_of(wins, closed, leads / scale.units),
        missed=range_of(all_wins - wins),
        wins_share=part_of(mine[:, CLOSED], every[:, CLOSED], won, leads),
        revenue=range_of(scale.numbers(mine, REVENUE)) if amounts else None,
        revenue_share=part_of(mine[:, REVENUE], every[:, REVENUE], won, leads) if amounts else None,
    )


def _gap(team: Name, sums: Mapping[Name, Floats], scale: _Scale) -> Gap:
    score, rule = sums[TEAMS[team]], sums[team]
    amounts = bool(sums[Name.EVERY][0, REVENUE] > 0)
    return Gap(
        team=team,
        wins=range_of(scale.numbers(score, CLOSED) - scale.numbers(rule, CLOSED)),
        accepted=range_of(ratio(score, ACCEPTED, ACCEPT_ASKED) - ratio(rule, ACCEPTED, ACCEPT_ASKED)),
        closed=range_of(ratio(score, CLOSED, CLOSE_ASKED) - ratio(rule, CLOSED, CLOSE_ASKED)),
        revenue=range_of(scale.numbers(score, REVENUE) - scale.numbers(rule, REVENUE)) if amounts else None,
    )


def _dispute(sums: Mapping[Name, Floats]) -> Dispute:
    sales, marketing = sums[Name.ONLY_SALES], sums[Name.ONLY_MARKETING]
    return Dispute(
        accepted=range_of(ratio(sales, ACCEPTED, ACCEPT_ASKED) - ratio(marketing, ACCEPTED, ACCEPT_ASKED)),
        closed=range_of(ratio(sales, CLOSED, CLOSE_ASKED) - ratio(marketing, CLOSED, CLOSE_ASKED)),
    )


def _agreements(sums: Mapping[Name, Floats], judged: Mapping[Name, tuple[int, int]]) -> Iterator[Agreement]:
    """How each choice agrees with what sales accepted; none where acceptance is not recorded."""
    every = sums[Name.EVERY]
    for name in (Name.MARKETING, Name.SALES, Name.BOTH, Name.EITHER, *TEAMS.values()):
        mine, others = sums[name], every - sums[name]
        with np.errstate(divide="ignore", invalid="ignore"):
            taken, yes = mine[:, ACCEPT_ASKED] / every[:, ACCEPT_ASKED], ratio(every, ACCEPTED, ACCEPT_ASKED)
            same = 1 - taken - yes + 2 * mine[:, ACCEPTED] / every[:, ACCEPT_ASKED]
            chance = taken * yes + (1 - taken) * (1 - yes)
            varies = (taken > 0) & (taken < 1) & (yes > 0) & (yes < 1)
            kappa = np.where(varies, (same - chance) / (1 - chance), np.nan)
        agreed, count = range_of(same), judged[name][0]
        if agreed is not None:
            yield Agreement(
                name=name,
                taken=share_of(mine[:, ACCEPTED], mine[:, ACCEPT_ASKED], count),
                left=share_of(others[:, ACCEPTED], others[:, ACCEPT_ASKED], judged[Name.EVERY][0] - count),
                gap=range_of(ratio(mine, ACCEPTED, ACCEPT_ASKED) - ratio(others, ACCEPTED, ACCEPT_ASKED)),
                same=agreed,
                kappa=range_of(kappa),
            )
