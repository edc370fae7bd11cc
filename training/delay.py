"""How long answers take: the share of all answers of a kind that have come by an age.

Only answers that came before the export are seen, so a quick one is more likely to be seen than a slow one. Counting
them back from the longest (the product-limit estimate in reverse time, Lagakos, Barraj & De Gruttola 1988; the
development factors of the insurers' chain ladder) allows for that, and rests on answers alone: it holds whatever became
of the rate of answers meanwhile, which the censoring weights of `training.censoring` do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.censoring import Floats

FEWEST = 10
"""Answers in a landmark from which it has a curve of its own, and that a factor of the estimate must rest on."""

Seen = Callable[[Floats, NDArray[np.int64]], Floats]
"""From ages in days and landmarks, ``[n]`` each, to the share of the answers that have come by that age, ``[n]``."""


SLOW = 0.9
"""Old answers fade: by half in twice this quantile of the durations seen. Sales cycles change with the team, and for
each duration it is the latest leads that are old enough for it that tell."""

LEFT = 0.02
"""Of the noes at least this share is taken as still to come: a lead open at an odd age is no sure yes."""


@dataclass(frozen=True)
class Delays:
    """How long yeses and noes take, as known at one instant."""

    yes: Seen
    no: Seen

    def left(self, age: Floats, landmark: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """The shares of yeses and of noes that take longer than ``age``, ``[n]`` each."""
        return 1.0 - self.yes(age, landmark), np.maximum(1.0 - self.no(age, landmark), LEFT)


def delays_of(labels: pd.DataFrame, snapshots: pd.DataFrame) -> Delays:
    """The delays that the labels of these snapshots show."""
    weight, landmark = snapshots["weight"].to_numpy(), snapshots["landmark"].to_numpy()
    return Delays(seen_share(labels, 1.0, weight, landmark), seen_share(labels, 0.0, weight, landmark))


def seen_share(labels: pd.DataFrame, answer: float, weight: Floats, landmark: NDArray[np.int64]) -> Seen:
    """The curves of one answer (1.0 or 0.0) by landmark; ``weight`` is that of the snapshots.

    Landmarks with fewer than `FEWEST` such answers share one curve. Without any answer the share is 1 at every age:
    nothing is known about how long it takes.
    """
    chosen = (labels["y"] == answer).to_numpy() & (weight > 0)
    duration, age = labels["duration"].to_numpy()[chosen], labels["censored_after"].to_numpy()[chosen]
    kind, own = landmark[chosen], weight[chosen]
    together = _curve(duration, age, own)
    curves = {}
    for day in np.unique(kind):
        mine = kind == day
        curves[day] = _curve(duration[mine], age[mine], own[mine]) if mine.sum() >= FEWEST else together

    def share(ages: Floats, landmarks: NDArray[np.int64]) -> Floats:
        out = np.ones(len(ages))
        for day in np.unique(landmarks):
            mine = landmarks == day
            out[mine] = curves.get(day, together)(ages[mine])
        return out

    return share


def _curve(duration: Floats, age: Floats, weight: Floats) -> Callable[[Floats], Floats]:
    """``F(t)``: the product over all durations ``s > t`` of ``1 - (answers after s) / (answers within s, seen for s)``.

    Durations for which fewer than `FEWEST` answers were under observation so long, and all above them, are an unknown
    tail and taken as empty. Fewer than that many answers at all give the plain share of those seen.
    """
    if len(duration) == 0:
        return np.ones_like
    if len(duration) < FEWEST:
        age = np.full(len(age), age.max())
    weight = weight * 0.5 ** (age / (2 * np.quantile(duration, SLOW)))
    days, place = np.unique(duration, return_inverse=True)
    came = np.bincount(place, weights=weight)
    at_risk = np.cumsum(came) - _below(age, weight, days)
    count = np.cumsum(np.bincount(place)) - _below(age, np.ones(len(age)), days)
    known = np.arange(len(days)) <= np.flatnonzero(count >= min(FEWEST, len(duration))).max(initial=-1)
    factor = np.where(known & (at_risk > 0), 1.0 - came / np.where(at_risk > 0, at_risk, 1.0), 1.0)
    share = np.append(np.cumprod(np.clip(factor, 0.0, 1.0)[::-1])[::-1], 1.0)  # share[i]: by any age before days[i]

    def curve(ages: Floats) -> Floats:
        return np.asarray(share[np.searchsorted(days, ages, side="right")])

    return curve


def _below(age: Floats, weight: Floats, days: Floats) -> Floats:
    """The weight of the ages below each of these days."""
    order = np.argsort(age, kind="stable")
    so_far = np.append(0.0, np.cumsum(weight[order]))
    return np.asarray(so_far[np.searchsorted(age[order], days, side="left")])
