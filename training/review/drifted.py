"""Whether the leads handed over are still like those that the scorer learned from, field by field, and its scores too.

The measure is the population stability index (Siddiqi 2006, Credit Risk Scorecards): ``Σ (now - before) ln (now /
before)`` over the parts of a feature's values, missing ones being a part of their own. How large chance alone makes it
depends on the number of leads and parts, so it is held against what it is when accounts are dealt to the two periods
at random; over all features together chance flags none in 95 of 100 looks. Rates of earlier leads are left out: they
move with what becomes of leads, not with which leads come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.compute import matrix
from features.facts import Facts
from features.instants import micros
from features.spec import Family, FeatureKind
from models.scorer import Scorer
from training.forecast import accounts_of
from training.review.handed import Handed, promptly
from training.snapshots import take

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SOME, MUCH = 0.1, 0.25
"""From where on an index is called some, and much, of a change."""

FEWEST = 50
"""Leads on either side without which nothing is compared."""

YEAR = pd.Timedelta(days=365)
QUARTER = pd.Timedelta(days=91)
SCORE = -1
"""The number of the score among the features."""

DEALS = 200
PARTS = 10


@dataclass(frozen=True, slots=True)
class Moved:
    """How far one feature moved (``feature`` is its number, or `SCORE`). ``chance``: what luck alone makes of it.

    ``middle``: the middle value of a number before and now, where most leads have one; else ``None``. ``part``: a value
    that stands for the part of the values whose share moved most (NaN: not known), with its ``shares`` before and now.
    """

    feature: int
    index: float
    chance: float
    beyond: bool
    middle: tuple[float, float] | None
    part: float
    shares: tuple[float, float]

    @property
    def much(self) -> bool:
        """Whether it is more than chance and more than a trifle."""
        return self.beyond and self.index >= MUCH


@dataclass(frozen=True)
class Drift:
    """What moved, the most first, one feature a topic; ``score`` is that of the score itself.

    ``since``: from when on leads count as new; ``learned``: whether that is when the scorer had learned, or only the
    newest leads of those it learned from. ``from_ledger``: leads whose features are those they were scored on.
    """

    scorer: Scorer
    since: pd.Timestamp
    learned: bool
    before: int
    now: int
    from_ledger: int
    moved: tuple[Moved, ...]
    score: Moved

    @property
    def beyond(self) -> tuple[Moved, ...]:
        """The features that moved by more than chance and than a trifle."""
        return tuple(each for each in self.moved if each.beyond and each.index >= SOME)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        names = (*self.scorer.catalog.names, "score")
        told = [
            {"feature": names[each.feature], "index": each.index, "chance": each.chance, "beyond_chance": each.beyond}
            for each in (self.score, *self.moved)
        ]
        return {"since": self.since.isoformat(), "before": self.before, "now": self.now, "moved": told}


def drifted(handed: Handed, seed: int) -> Drift | None:
    """The newest leads against those before; ``None`` without a scorer or with too few leads on either side."""
    scorer = handed.scorer
    if scorer is None:
        return None
    rows = take(handed.history, (0,)).rename(columns={"as_of": "handed_off_at"})
    since = handed.since if handed.learned is None else max(handed.since, handed.learned)
    learned = int((rows["handed_off_at"] > since).sum()) >= FEWEST
    since = since if learned else handed.until - min(QUARTER, (handed.until - rows["handed_off_at"].min()) / 3)
    recent = (rows["handed_off_at"] > since - YEAR) & (rows["handed_off_at"] <= handed.until)
    rows = rows[recent.to_numpy()].sort_values(["handed_off_at", "lead_id"], ignore_index=True)
    now = (rows["handed_off_at"] > since).to_numpy()
    if now.sum() < FEWEST or (~now).sum() < FEWEST:
        return None
    account = handed.history.leads.set_index("lead_id")["account_id"].reindex(rows["lead_id"].to_numpy())
    rows = rows.assign(account_id=account.to_numpy())
    facts = Facts.of_history(handed.history, scorer.fields)
    x = matrix(scorer.catalog, facts, facts.rows(rows["lead_id"]), micros(rows["handed_off_at"]))
    x, seen = _as_scored(x, rows, now, handed, scorer)
    score = scorer.score_matrix(x, np.zeros(len(x), dtype=bool), reasons=0).p_close
    deals = _deals(accounts_of(rows) * 2 + now, now, seed)
    features = scorer.catalog.features
    looked_at = [i for i, feature in enumerate(features) if feature.family is not Family.RATE]
    columns = [*((x[:, i], features[i].kind is FeatureKind.CATEGORY) for i in looked_at), (score, False)]
    index, chance = (np.array(part) for part in zip(*(_index(v, c, now, deals) for v, c in columns), strict=True))
    spread = chance.std(axis=1) + 1e-9
    luck = ((chance - chance.mean(axis=1)[:, None]) / spread[:, None]).max(axis=0)
    beyond = (index - chance.mean(axis=1)) / spread > np.quantile(luck, 0.95)
    found = [
        Moved(which, float(index[i]), float(np.quantile(chance[i], 0.95)), bool(beyond[i]), *_stands(*columns[i], now))
        for i, which in enumerate([*looked_at, SCORE])
    ]
    return Drift(
        scorer=scorer,
        since=since,
        learned=learned,
        before=int((~now).sum()),
        now=int(now.sum()),
        from_ledger=seen,
        moved=tuple(_of_topics(found[:-1], scorer)),
        score=found[-1],
    )


def _as_scored(x: Floats, rows: pd.DataFrame, now: Mask, handed: Handed, scorer: Scorer) -> tuple[Floats, int]:
    """New leads as the service saw them when it scored them at the hand-off, where the ledger says so."""
    scores = handed.scores
    if "features" not in scores or "catalog" not in scores:
        return x, 0
    same = scores[(scores["catalog"] == scorer.catalog.hash).to_numpy()]
    new = promptly(rows[now].reset_index(), same, ("features",))
    if new.empty:
        return x, 0
    seen = x.copy()
    seen[new["index"].to_numpy()] = np.stack(list(new["features"]))
    return seen, len(new)


def _deals(unit: NDArray[np.intp], now: Mask, seed: int) -> Floats:
    """Which leads are new in each deal of accounts at random, [n, deals]; an account is one unit in each period."""
    _, unit = np.unique(unit, return_inverse=True)
    is_new = np.zeros(unit.max() + 1, dtype=bool)
    is_new[unit] = now
    rng = np.random.default_rng((seed, len(unit)))
    dealt = np.stack([rng.permutation(is_new) for _ in range(DEALS)], axis=1)
    return np.asarray(dealt[unit].astype("float64"))


def _index(values: Floats, category: bool, now: Mask, deals: Floats) -> tuple[float, Floats]:
    """The index of a feature, and of each deal."""
    part = _parts(values, category)
    one = np.eye(part.max() + 1)[part]
    every = one.sum(axis=0)

    def of(new: Floats) -> Floats:
        came = one.T @ new
        a, b = came + 0.5, every[:, None] - came + 0.5
        a, b = a / a.sum(axis=0), b / b.sum(axis=0)
        return np.asarray(((a - b) * np.log(a / b)).sum(axis=0))

    return float(of(now[:, None].astype("float64"))[0]), of(deals)


def _parts(values: Floats, category: bool) -> NDArray[np.intp]:
    """The part of each value: a level, or a tenth of the values; missing ones are the last part."""
    known = np.isfinite(values)
    part = np.zeros(len(values), dtype=np.intp)
    if known.any():
        if category:
            part[known] = values[known].astype(np.intp)
        else:
            edges = np.unique(np.quantile(values[known], np.linspace(0, 1, PARTS + 1)[1:-1]))
            part[known] = np.searchsorted(edges, values[known], side="left")
    part[~known] = part.max(initial=0) + 1
    return np.unique(part, return_inverse=True)[1]


def _stands(values: Floats, category: bool, now: Mask) -> tuple[tuple[float, float] | None, float, tuple[float, float]]:
    """The middle values, and the part whose share moved most with its shares."""
    old, new = values[~now], values[now]
    most_known = not category and np.isfinite(old).mean() > 0.5 and np.isfinite(new).mean() > 0.5  # noqa: PLR2004
    middle = (float(np.nanmedian(old)), float(np.nanmedian(new))) if most_known else None
    part = _parts(values, category)
    shares = np.stack([np.bincount(part[mine], minlength=part.max() + 1) / mine.sum() for mine in (~now, now)])
    most = int(np.argmax(np.abs(shares[1] - shares[0])))
    mine = values[part == most]
    value = float(np.median(mine)) if np.isfinite(mine).all() else float("nan")
    return middle, value, (float(shares[0, most]), float(shares[1, most]))


def _of_topics(found: list[Moved], scorer: Scorer) -> Iterator[Moved]:
    """The feature of each topic that moved most, those beyond chance and then the largest first."""
    seen: set[str] = set()
    for each in sorted(found, key=lambda one: (not one.beyond, -one.index)):
        topic = scorer.catalog.features[each.feature].topic
        if topic not in seen:
            seen.add(topic)
            yield each
