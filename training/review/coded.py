"""Coded reasons of an outcome: how often each is named, and in which groups more often than chance would have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.drawing import OWN, figure_of, svg_of
from training.pages.document import Plot
from training.pages.tables import Row, Table
from training.review.chance import doubts_of
from training.review.groups import MOST
from training.review.shares import DOUBT, Share, plain
from training.review.telling import Telling, labelled, names_of, rows_of
from training.trial.draws import clusters_of

FEWEST = 5
"""Leads of a group with a reason, from which on the two may stand out together."""

WIDEST = 6
"""Reasons across a table; the others are counted together."""

_PERIOD = pd.Timedelta(days=91)


@dataclass(frozen=True, slots=True)
class Reason:
    """How often one reason is named among those that give one."""

    code: str
    share: Share
    leads: int


@dataclass(frozen=True, slots=True)
class Pair:
    """A reason named clearly more often in one group: ``leads`` of them, its share there and among all others."""

    by: str
    group: str | None
    code: str
    leads: int
    share: float
    others: float
    doubt: float


@dataclass(frozen=True, slots=True)
class Reasons:
    """The reasons of ``ended`` leads, ``unsaid`` of which give none; ``cross[by][group][code]`` counts leads."""

    ended: int
    unsaid: int
    reasons: tuple[Reason, ...]
    pairs: tuple[Pair, ...]
    cross: dict[str, dict[str | None, dict[str, int]]]


def measure(ended: pd.DataFrame, by: Sequence[str], *, seed: int) -> Reasons:
    """The reasons of these leads (rows of `Handed.leads`), crossed with the groups of these columns.

    A pair is told where chance alone would make any pair of the whole table as clear in one of twenty reports.
    """
    said = ended[ended["reason"].notna().to_numpy()].reset_index(drop=True)
    counted = said["reason"].value_counts()
    every = np.ones(len(said), dtype=bool)
    reasons = tuple(
        Reason(str(code), plain((said["reason"] == code).to_numpy(), every, said).share(every), int(n))
        for code, n in counted.items()
    )
    cross: dict[str, dict[str | None, dict[str, int]]] = {}
    groups: list[tuple[str, str | None, np.ndarray]] = []
    for name in by:
        named = [(group, rows_of(said[name], group)) for group in names_of(said[name])]
        if len(named) > 1:
            cross[name] = {
                g: {r.code: int((said["reason"][rows] == r.code).sum()) for r in reasons} for g, rows in named
            }
            groups += [(name, group, rows) for group, rows in named]
    return Reasons(len(ended), len(ended) - len(said), reasons, _pairs(said, reasons, groups, seed), cross)


def _pairs(
    said: pd.DataFrame, reasons: Sequence[Reason], groups: Sequence[tuple[str, str | None, np.ndarray]], seed: int
) -> tuple[Pair, ...]:
    if not groups or len(reasons) < 2:  # noqa: PLR2004
        return ()
    marks = np.column_stack([(said["reason"] == reason.code).to_numpy() for reason in reasons])
    facts = np.column_stack([rows for *_, rows in groups])
    ended = said["outcome_at"].fillna(said["handed_off_at"])  # a rejection may have no time
    period = ((ended - ended.min()) // _PERIOD).to_numpy(dtype=np.intp)
    p = doubts_of(marks, facts, clusters_of(said), period, seed=seed)
    out = []
    for r, reason in enumerate(reasons):
        for f, (by, group, rows) in enumerate(groups):
            both = int((marks[:, r] & rows).sum())
            if p[r, f] <= DOUBT and both >= FEWEST:
                shares = (both / int(rows.sum()), float(marks[~rows, r].mean()) if (~rows).any() else 0.0)
                out.append(Pair(by, group, reason.code, both, *shares, float(p[r, f])))
    return tuple(sorted(out, key=lambda pair: -pair.leads * (pair.share - pair.others)))


def crossed(reasons: Reasons, by: str, outcome: str, telling: Telling, most: int = MOST) -> Table | None:
    """Groups down, reasons across: how many leads, and the share of the group's; the smaller groups together."""
    groups = reasons.cross.get(by)
    if not groups:
        return None
    codes = [reason.code for reason in reasons.reasons[:WIDEST]]
    clear = {pair.group for pair in reasons.pairs if pair.by == by}
    rows = []
    order = list(telling.handed.definition.grades) if by == "grade" else []
    shown = sorted(
        list(groups.items())[:most], key=lambda item: order.index(item[0]) if item[0] in order else len(order)
    )
    named = [(telling.group(group, by), group in clear, counts) for group, counts in shown]
    if smaller := list(groups.values())[most:]:
        together = {code: sum(counts[code] for counts in smaller) for code in smaller[0]}
        named.append((telling.say("all others"), False, together))
    for name, stands_out, counts in named:
        of = sum(counts.values())
        rest = of - sum(counts[code] for code in codes)
        cells = [telling.number(of), *(telling.part_of(counts[code], of) for code in codes)]
        cells += [telling.part_of(rest, of)] if len(reasons.reasons) > WIDEST else []
        rows.append(Row(name, tuple(cells), own=stands_out))
    heads = [telling.say("leads"), *(telling.reason(outcome, code) for code in codes)]
    heads += [telling.say("other reasons")] if len(reasons.reasons) > WIDEST else []
    return Table(tuple(heads), tuple(rows))


def listed(reasons: Reasons, outcome: str, telling: Telling) -> Table:
    """Each reason with its number of leads and its share."""
    rows = [
        Row(telling.reason(outcome, one.code), (telling.number(one.leads), telling.share(one.share)))
        for one in reasons.reasons
    ]
    return Table((telling.say("leads"), telling.say("share")), tuple(rows))


def bars(reasons: Reasons, outcome: str, title: str, telling: Telling) -> Plot:
    """The shares of the reasons with their ranges."""
    names = [telling.reason(outcome, one.code) for one in reasons.reasons]
    with figure_of(5.2, 0.9 + 0.3 * len(names)) as (figure, axes):
        place = labelled(axes[0], names)
        value = np.array([one.share.value for one in reasons.reasons])
        low = value - np.array([one.share.low for one in reasons.reasons])
        high = np.array([one.share.high for one in reasons.reasons]) - value
        axes[0].barh(
            place, value, color=OWN, xerr=np.maximum([low, high], 0), error_kw={"ecolor": "#5c6b7a", "capsize": 2}
        )
        telling.percents(axes[0], "x")
        axes[0].set_title(title)
        return Plot(svg_of(figure), title)
