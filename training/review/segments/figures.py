"""The figures of the report ``segments``: both teams' views of the leads handed over, real groups, open leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm.history import Milestone
from features.instants import micros
from models.conditions import Ground
from models.loop import Segments
from models.segments import Segmented
from training.drawn import Drawn
from training.folds import drawn
from training.labels import HeadName, label
from training.review.handed import Handed
from training.review.segments.classes import NONE, Cross, cross
from training.review.segments.concord import Concord, concord
from training.review.segments.portraits import Portrait, matching, portraits
from training.review.segments.traits import ground_of, held, traits_of
from training.review.shares import Answers, Share, answers_of, horizon_of, labelled
from training.snapshots import take
from training.trial.draws import clusters_of

MOST_LEADS = 60_000
"""Leads of the history that portraits are sought among; beyond, they are drawn by a hash of their key."""

BOTH, MARKETING, SALES, NEITHER = "both", "marketing", "sales", "neither"
"""Who sees an open lead: it is in one of marketing's segments; its account is in class A or B of sales."""


@dataclass(frozen=True, slots=True)
class Group:
    """Leads of a segment or class: ``accounts`` are theirs, ``amount`` was won with them."""

    name: str | None
    leads: int
    accounts: int
    shares: Mapping[HeadName, Share]
    amount: float


@dataclass(frozen=True)
class Seen:
    """All that the report tells. ``open_leads`` has one row an open lead, the likeliest first; see `_open`."""

    segments: tuple[Group, ...]
    classes: tuple[Group, ...]
    cross: Cross | None
    concord: Mapping[str, Concord]
    portraits: tuple[Portrait, ...]
    sought: int  # leads that portraits were sought among
    open_leads: pd.DataFrame
    knows_amounts: bool


def seen(handed: Handed, *, seed: int) -> Seen:
    """The figures of the leads handed over."""
    settings = handed.definition.segments or Segments()
    leads = handed.leads
    ground = ground_of(handed)
    segment = _segments(handed, ground, leads["lead_id"], leads["handed_off_at"])
    crossed = cross(handed.history, settings, handed.since)
    answers = {head: answers_of(handed, head) for head in _heads(handed)}
    names = [*settings.marketing, None] if settings.marketing else []
    groups = [_group(name, _is(segment, name), leads, answers) for name in names]
    found, sought = _portraits(handed, ground, seed)
    return Seen(
        segments=tuple(group for group in groups if group.leads or group.name is not None),
        classes=_classes(crossed, leads, answers),
        cross=crossed,
        concord=_concord(crossed, leads, segment, seed),
        portraits=tuple(found),
        sought=sought,
        open_leads=_open(handed, ground, crossed, found),
        knows_amounts=bool(handed.history.milestones["amount"].notna().any()),
    )


def _heads(handed: Handed) -> tuple[HeadName, ...]:
    return (HeadName.ACCEPT, HeadName.CLOSE) if handed.history.tracks_acceptance else (HeadName.CLOSE,)


def _segments(handed: Handed, ground: Ground | None, lead_id: pd.Series, at: pd.Series) -> pd.Series:
    """The segment of each lead at its instant; all missing where nothing can be told."""
    if ground is None:
        return pd.Series([None] * len(lead_id), dtype=object)
    of = Segmented.of(handed.definition, ground.catalog, ground.fields)
    return pd.Series(of.names(ground.facts, ground.facts.rows(lead_id), micros(at)), dtype=object)


def _is(column: pd.Series, name: str | None) -> NDArray[np.bool_]:
    return np.asarray(column.isna() if name is None else column == name, dtype=bool)


def _group(
    name: str | None, mine: NDArray[np.bool_], leads: pd.DataFrame, answers: Mapping[HeadName, Answers]
) -> Group:
    rows = leads[mine]
    won = rows.loc[(rows["outcome"] == Milestone.WON).to_numpy(), "amount"].astype("float64")
    shares = {head: one.share(mine) for head, one in answers.items()}
    return Group(name, int(mine.sum()), int(rows["account_id"].nunique()), shares, float(won.sum()))


def _classes(crossed: Cross | None, leads: pd.DataFrame, answers: Mapping[HeadName, Answers]) -> tuple[Group, ...]:
    """The leads by their accounts' classes: ``A/B`` is revenue A, potential B; leads without account are left out."""
    if crossed is None:
        return ()
    both = crossed.of(leads["account_id"], "revenue") + "/" + crossed.of(leads["account_id"], "potential")
    return tuple(_group(name, _is(both, name), leads, answers) for name in sorted(both.dropna().unique(), key=_rank))


def _rank(pair: str) -> tuple[int, int]:
    revenue, potential = pair.split("/")
    return "ABC-".index(revenue), "ABC-".index(potential)


def _concord(crossed: Cross | None, leads: pd.DataFrame, segment: pd.Series, seed: int) -> dict[str, Concord]:
    """How far segments and classes agree, by account: its segment is that of most of its leads."""
    if crossed is None or segment.isna().all():
        return {}
    table = pd.DataFrame({"account": leads["account_id"].to_numpy(), "segment": segment.fillna("").to_numpy()})
    table = table[table["account"].notna()]
    each = table.groupby("account", sort=True)["segment"].agg(lambda names: names.mode().iloc[0])
    out = {}
    for which, known in (("potential", crossed.known_potential), ("revenue", crossed.known_revenue)):
        klass = crossed.accounts[f"{which}_class"].reindex(each.index)
        found = concord(each, klass, seed=seed) if known else None
        if found is not None:
            out[which] = found
    return out


def _portraits(handed: Handed, ground: Ground | None, seed: int) -> tuple[list[Portrait], int]:
    """Groups that differ among all leads of the history; those left unworked by lot say nothing (`training.drawn`)."""
    if ground is None:
        return [], 0
    history = handed.history
    start = drawn(take(history, (0,)), MOST_LEADS, seed)
    account = history.leads.set_index("lead_id")["account_id"].reindex(start["lead_id"].to_numpy())
    leads = start[["lead_id"]].assign(account_id=account.to_numpy())
    won = history.milestones[(history.milestones["milestone"] == Milestone.WON).to_numpy()]
    amount = won.drop_duplicates("lead_id").set_index("lead_id")["amount"].reindex(leads["lead_id"].to_numpy())
    by_lot = Drawn.of(handed.definition, handed.scores)
    counts = np.ones(len(start)) if by_lot is None else by_lot.weights(history, start)
    answers = {}
    for head in _heads(handed):
        labels = label(history, start, head, handed.definition)
        horizon = horizon_of(handed, head)
        answers[head] = labelled(labels, labels["y"].to_numpy(), clusters_of(leads), horizon, counts)
    found = portraits(
        traits_of(ground, start), answers, amount.to_numpy(dtype="float64"), clusters_of(leads), seed=seed
    )
    return found, len(start)


def _open(handed: Handed, ground: Ground | None, crossed: Cross | None, found: list[Portrait]) -> pd.DataFrame:
    """Every lead handed over and undecided at the export, the likeliest to be won first.

    Columns ``lead_id, account_id, segment, revenue_class, potential_class, portrait`` (a number, -1 for none),
    ``grade, p_close, owner, accepted, seen, ready, drawn``: segment, portrait, grade and chance as of the export;
    ``ready``: graded, above the lowest grade and those that are explored; ``drawn``: by lot, to be worked all the same.
    """
    rows = handed.leads[handed.leads["outcome"].isna().to_numpy()].reset_index(drop=True)
    at = pd.Series([handed.until] * len(rows)).astype(handed.leads["handed_off_at"].dtype)
    out = rows[["lead_id", "account_id", "owner", "grade", "p_close"]].assign(accepted=rows["accepted_at"].notna())
    out["segment"] = _segments(handed, ground, rows["lead_id"], at)
    for which in ("revenue", "potential"):
        out[f"{which}_class"] = NONE if crossed is None else crossed.of(rows["account_id"], which).fillna(NONE)
    out["portrait"] = -1
    if ground is not None and len(rows):
        snapshots = pd.DataFrame({"lead_id": rows["lead_id"], "as_of": at})
        out["portrait"] = _matching(found, ground, snapshots)
        if handed.scorer is not None:
            now = handed.scorer.score(ground.facts, ground.facts.rows(rows["lead_id"]), micros(at), reasons=0)
            out["grade"], out["p_close"] = now.grade, now.p_close
    large = out[["revenue_class", "potential_class"]].isin(["A", "B"]).any(axis=1)
    placed = out["segment"].notna()
    exploration = handed.definition.exploration
    low = {list(handed.definition.grades)[-1], *(exploration.grades if exploration else ())}
    out["ready"] = out["grade"].notna() & ~out["grade"].isin(low)
    out["drawn"] = rows["explored"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    out["seen"] = np.select([placed & large, placed, large], [BOTH, MARKETING, SALES], NEITHER)
    return out.sort_values(["p_close", "lead_id"], ascending=[False, True], ignore_index=True)


def _matching(found: list[Portrait], ground: Ground, snapshots: pd.DataFrame) -> NDArray[np.intp]:
    tests = tuple(dict.fromkeys(c.test for portrait in found for c in portrait.conditions))
    return matching(found, held(ground, snapshots, tests))
