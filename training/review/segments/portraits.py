"""Groups of leads that really differ in being accepted and won: a small tree, found on one half, judged on the other.

Accounts are never split between the halves. On the first half the tree takes, group by group, the trait that tells the
most of both outcomes. On the second half, which it never saw, each split must show: the two sides differ in the share
accepted or won by more than chance, leads of one account being one observation and all splits being judged together
(Holm 1979, Scand. J. Stat. 6:65); what does not show is undone. All figures are those of the second half (honest
estimation, Athey & Imbens 2016, PNAS 113:7353).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.rules import FieldTest
from training.labels import HeadName
from training.review.segments.traits import Traits
from training.review.shares import Answers, Share, doubts

Truth = NDArray[np.bool_]

DEPTH = 3
LEAST_SHARE, LEAST = 0.05, 40
"""A group holds at least this share of the leads of each half, and so many."""

DOUBT = 0.05
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Condition:
    """A trait that a group has, or has not."""

    test: FieldTest
    holds: bool


@dataclass(frozen=True)
class Portrait:
    """A group: what its leads have in common, and its shares on the half that the tree never saw."""

    conditions: tuple[Condition, ...]
    leads: int
    shares: Mapping[HeadName, Share]
    amount: float
    rows: Truth


@dataclass(frozen=True)
class _Node:
    conditions: tuple[Condition, ...]
    rows: Truth
    split: int | None = None
    yes: _Node | None = None
    no: _Node | None = None


def portraits(
    traits: Traits,
    answers: Mapping[HeadName, Answers],
    amount: NDArray[np.float64],
    cluster: NDArray[np.intp],
    *,
    seed: int,
) -> list[Portrait]:
    """The groups that really differ, the one that is won most first; none where nothing is shown to differ.

    ``amount[n]``: won with each lead, NaN where nothing or not known.
    """
    first = halves(cluster, seed)
    tree = _grown(_Node((), np.ones(len(first), dtype=bool)), traits, answers, first, DEPTH)
    tree = _pruned(tree, answers, ~first)
    if tree.split is None:
        return []
    found = []
    for leaf in _leaves(tree):
        honest = leaf.rows & ~first
        shares = {head: one.share(honest) for head, one in answers.items()}
        found.append(Portrait(leaf.conditions, int(honest.sum()), shares, float(np.nansum(amount[honest])), leaf.rows))
    return sorted(found, key=lambda one: -np.nan_to_num(one.shares[HeadName.CLOSE].value, nan=-1.0))


def halves(cluster: NDArray[np.intp], seed: int) -> Truth:
    """Which rows are in the first half: about half of the accounts, whatever their order."""
    clusters = int(cluster.max(initial=-1)) + 1
    return np.asarray(np.random.default_rng((seed, clusters)).random(clusters) < _HALF)[cluster]


def _grown(node: _Node, traits: Traits, answers: Mapping[HeadName, Answers], first: Truth, depth: int) -> _Node:
    if depth == 0:
        return node
    gain = np.zeros(len(traits.tests))
    learned, judged = node.rows & first, node.rows & ~first
    fits = np.ones(len(traits.tests), dtype=bool)
    for half, whole in ((learned, first), (judged, ~first)):
        least = max(LEAST, LEAST_SHARE * whole.sum())
        count = traits.holds[half].sum(axis=0)
        fits &= (count >= least) & (half.sum() - count >= least)
    if not fits.any():
        return node
    for one in answers.values():
        gain += _gain(traits.holds[learned], one.y[learned], one.among(learned)[learned], one.cluster[learned])
    best = int(np.argmax(np.where(fits, gain, -np.inf)))
    if not gain[best] > 0:
        return node
    test, holds = traits.tests[best], traits.holds[:, best]
    sides = [
        _grown(
            _Node((*node.conditions, Condition(test, side)), node.rows & (holds == side)),
            traits,
            answers,
            first,
            depth - 1,
        )
        for side in (True, False)
    ]
    return _Node(node.conditions, node.rows, best, sides[0], sides[1])


def _gain(
    holds: Truth, y: NDArray[np.float64], weight: NDArray[np.float64], cluster: NDArray[np.intp]
) -> NDArray[np.float64]:
    """How clearly each trait tells the two sides apart: the square of their gap over its error, by account: [m]."""
    judged = weight > 0
    if not judged.any():
        return np.zeros(holds.shape[1])
    order = np.flatnonzero(judged)[np.argsort(cluster[judged], kind="stable")]
    holds, y, weight = holds[order], y[order], weight[order]
    inside, total = weight @ holds, weight.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        means = ((weight * y) @ holds / inside, (weight * y) @ ~holds / (total - inside))
        pull = np.where(
            holds,
            (weight[:, None] * (y[:, None] - means[0])) / inside,
            (weight[:, None] * (means[1] - y[:, None])) / (total - inside),
        )
        spread = np.add.reduceat(pull, np.flatnonzero(np.diff(cluster[order], prepend=-1)), axis=0)
        z = (means[0] - means[1]) ** 2 / (spread**2).sum(axis=0)
    return np.asarray(np.nan_to_num(z, posinf=0.0))


def _pruned(tree: _Node, answers: Mapping[HeadName, Answers], honest: Truth) -> _Node:
    """The tree with the splits that the honest half shows; below one that it does not, nothing is left."""
    nodes = list(_inner(tree))
    if not nodes:
        return tree
    p = np.array([_doubt(node, answers, honest) for node in nodes])
    shown = _holm(p)
    kept = {id(node) for node, one in zip(nodes, shown, strict=True) if one}
    return _cut(tree, kept)


def _holm(p: NDArray[np.float64]) -> Truth:
    order = np.argsort(p, kind="stable")
    passed = np.cumprod(p[order] <= DOUBT / np.arange(len(p), 0, -1)).astype(bool)
    out = np.zeros(len(p), dtype=bool)
    out[order[passed]] = True
    return out


def _doubt(node: _Node, answers: Mapping[HeadName, Answers], honest: Truth) -> float:
    """How likely chance alone would have made the sides differ as much in one of the answers."""
    if node.yes is None:
        return 1.0
    least = 1.0
    for one in answers.values():
        inside = one.within(node.rows & honest)
        least = min(least, float(doubts(np.array([inside.gap(node.yes.rows & honest)[1]]))[0]))
    return min(least * len(answers), 1.0)


def _cut(node: _Node, kept: set[int]) -> _Node:
    if node.split is None or node.yes is None or node.no is None:
        return node
    if id(node) not in kept:
        return _Node(node.conditions, node.rows)
    return _Node(node.conditions, node.rows, node.split, _cut(node.yes, kept), _cut(node.no, kept))


def _inner(node: _Node) -> Iterator[_Node]:
    if node.yes is not None and node.no is not None:
        yield node
        yield from _inner(node.yes)
        yield from _inner(node.no)


def _leaves(node: _Node) -> Iterator[_Node]:
    if node.yes is None or node.no is None:
        yield node
        return
    yield from _leaves(node.yes)
    yield from _leaves(node.no)


def matching(found: list[Portrait], traits: Traits) -> NDArray[np.intp]:
    """The portrait of each row of other traits of the same tests, by its place in ``found``; -1 for none."""
    place = {test: i for i, test in enumerate(traits.tests)}
    out = np.full(len(traits.holds), -1, dtype=np.intp)
    for number, portrait in enumerate(found):
        mine = np.ones(len(traits.holds), dtype=bool)
        for condition in portrait.conditions:
            mine &= traits.holds[:, place[condition.test]] == condition.holds
        out[mine] = number
    return out
