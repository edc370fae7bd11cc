"""What would have told beforehand why leads are rejected: facts known at the hand-off that set a reason's leads apart.

The facts are conditions as the definition writes them, so what is found can be agreed on as it is. Many facts are tried
against every frequent reason; only what chance would reach once in twenty such reports is told
(`training.review.chance`), and only where it makes a difference that somebody could act on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from crm.history import Field, History, Kind, Milestone
from features.words import DOMAIN, SENIORITY
from models.conditions import Ground, look
from models.rule_errors import RuleError
from models.rules import ActivityTest, FieldTest, Test
from models.verdicts import Looks
from training.labels import HeadName
from training.review.chance import doubts_of
from training.review.ground import at_hand_off
from training.review.handed import Handed
from training.review.shares import DOUBT, Share, Truth, Z, answers_of
from training.trial.draws import clusters_of

FREQUENT = 20
"""Leads that a reason needs before anything is looked for."""

MOST_LEVELS = 12
"""Levels of a category that are tried: the most frequent ones."""

ACTED_ON = 0.10
"""How much larger a fact's share must be among a reason's leads than among all."""

TWICE = 1.5
"""And how many times as large."""

SPARED = 2 / 3
"""The share of wins, to that of leads, that a filter may hold back and still be proposed."""

MOST_LEADS = 0.5
"""What most leads have sets nobody apart: larger facts are not told of rejection at all."""

SAME = 0.5
"""Two facts that go together so closely (phi) are one thing: the clearer one is told."""

MOST = 3
"""Facts told of a reason."""

_RARE = 0.02
_ENDS = (0.2, 0.8)
_PERIOD = pd.Timedelta(days=91)


@dataclass(frozen=True, slots=True)
class Foretold:
    """One fact that told of one reason beforehand (``reason`` null: of rejection for any reason).

    ``among``: share of the reason's leads that have the fact, of ``every`` answered lead; ``doubt``: how likely chance
    alone would have shown some fact as clear as this. Of the leads with the fact (``of_all`` leads handed over):
    ``accepted`` against ``others``, and how many of ``all_wins`` they hold (``won``) as a share (``wins``, NaN where
    there is none);
    ``filters`` where sales clearly accepts fewer of them and few wins are among them, so that marketing could hold
    them back.
    """

    reason: str | None
    leads: int
    test: Test
    among: float
    every: float
    doubt: float
    of_all: float
    accepted: Share
    others: Share
    wins: float
    won: int
    all_wins: int
    filters: bool

    @property
    def rule(self) -> Mapping[str, Any]:
        """The condition as it is written in a definition."""
        return self.test.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def foretell(handed: Handed, ground: Ground, *, seed: int) -> tuple[Foretold, ...]:
    """What told of rejection at all, clearest first, then of each frequent reason, the most frequent first.

    A reason's leads are held against those rejected for other reasons: what makes sales reject leads of every kind says
    nothing of this one. Both searches together find something by chance in one of twenty reports.
    """
    leads = handed.leads
    rejected = (leads["outcome"] == Milestone.REJECTED).to_numpy()
    answered = rejected | leads["accepted_at"].notna().to_numpy()
    held = _held(handed, ground) if rejected.sum() >= FREQUENT else {}
    tests = [test for test, holds in held.items() if _RARE <= holds[answered].mean() <= 1 - _RARE]
    if not tests:
        return ()
    search = _Search(handed, tests, np.column_stack([held[test] for test in tests]), answered, seed)
    counted = leads.loc[rejected, "reason"].value_counts()
    all_ = int(rejected.sum())  # a reason that all give sets nobody apart
    reasons = [str(reason) for reason, n in counted.items() if FREQUENT <= n < all_ and reason != OTHER]
    found = list(search.of(None, rejected, answered))
    if reasons:
        found += search.each(reasons, rejected)
    return tuple(found)


@dataclass(frozen=True)
class _Search:
    """Facts ``[n, f]`` that ``tests`` ask of the leads handed over."""

    handed: Handed
    tests: Sequence[Test]
    facts: Truth
    answered: Truth
    seed: int

    def of(self, reason: str | None, mine: Truth, among: Truth) -> Iterator[Foretold]:
        """What sets ``mine`` apart from the others ``among`` whom they are."""
        p = self._doubts(mine[:, None], among)[0]
        gaps = np.array([self._gap(fact) for fact in self.facts.T])
        share = self.facts[among].mean(axis=0)
        told = np.flatnonzero((p <= DOUBT / 2) & (gaps <= -ACTED_ON) & (share <= MOST_LEADS))
        clearest = np.argsort((gaps * share * (1 - share))[told], kind="stable")
        yield from self._worth(reason, mine, told[clearest], p)

    def each(self, reasons: Sequence[str], rejected: Truth) -> Iterator[Foretold]:
        """What sets the leads of each reason apart from those rejected for another."""
        marks = np.column_stack([rejected & (self.handed.leads["reason"] == reason).to_numpy() for reason in reasons])
        for reason, mine, p in zip(reasons, marks.T, self._doubts(marks, rejected), strict=True):
            share, others = self.facts[mine].mean(axis=0), self.facts[rejected & ~mine].mean(axis=0)
            told = np.flatnonzero((p <= DOUBT / 2) & (share - others >= ACTED_ON) & (share >= TWICE * others))
            yield from self._worth(reason, mine, told[np.argsort((p - share + others)[told], kind="stable")], p)

    def _doubts(self, marks: Truth, among: Truth) -> np.ndarray:
        at = self.handed.leads["handed_off_at"]
        period = ((at - at.min()) // _PERIOD).to_numpy(dtype=np.intp)
        cluster = clusters_of(self.handed.leads)
        return doubts_of(marks[among], self.facts[among], cluster[among], period[among], seed=self.seed)

    def _gap(self, having: Truth) -> float:
        taken = self.handed.leads["accepted_at"].notna().to_numpy()[self.answered]
        mine = having[self.answered]
        return float(taken[mine].mean() - taken[~mine].mean()) if mine.any() and not mine.all() else 0.0

    def _worth(self, reason: str | None, mine: Truth, ranked: np.ndarray, p: np.ndarray) -> Iterator[Foretold]:
        for f in _apart(ranked, self.facts[self.answered]):
            fact = self.facts[:, f]
            shares = (float(fact[mine].mean()), float(fact[self.answered].mean()), float(p[f]))
            yield _worth(self.handed, reason, int(mine.sum()), self.tests[f], fact, shares)


OTHER = "other"
"""The reason that is none."""


def _worth(
    handed: Handed, reason: str | None, leads: int, test: Test, having: Truth, shares: tuple[float, float, float]
) -> Foretold:
    """With what a filter on the fact would have kept back, of leads that were to be worked."""
    every = answers_of(handed, HeadName.ACCEPT)
    answers_ = replace(every, weight=np.where(handed.left, 0.0, every.weight))
    _, errors = answers_.gap(having)
    won = (handed.leads["outcome"] == Milestone.WON).to_numpy()
    theirs, all_wins = int((won & having).sum()), int(won.sum())
    wins = theirs / all_wins if all_wins else float("nan")
    return Foretold(
        *(reason, leads, test, *shares),
        of_all=float(having.mean()),
        accepted=answers_.share(having),
        others=answers_.share(~having),
        wins=wins,
        won=theirs,
        all_wins=all_wins,
        filters=bool(errors < -Z and not wins > SPARED * having.mean()),
    )


def _apart(ranked: np.ndarray, facts: Truth) -> list[int]:
    """The first of each group of facts that say the same, at most `MOST`."""
    kept: list[int] = []
    for f in ranked.tolist():
        if len(kept) < MOST and all(_phi(facts[:, f], facts[:, other]) < SAME for other in kept):
            kept.append(f)
    return kept


def _phi(a: Truth, b: Truth) -> float:
    return float(abs(np.corrcoef(a, b)[0, 1]))


def _held(handed: Handed, ground: Ground) -> Mapping[Test, Truth]:
    """Every fact that is tried, and for which leads it held at their hand-off."""
    looks = {}
    for test in _tests(handed.history, ground):
        try:
            looks[test] = look(test, ground, ())
        except RuleError:
            continue  # a rule may not look at it: known later only, an identifier, one of our own people
    return Looks.of(looks, ground).told(ground.facts, *at_hand_off(handed, ground)) if looks else {}


def _tests(history: History, ground: Ground) -> Iterator[Test]:
    for field in ground.fields:
        table = history.accounts if field.of_account else history.leads
        if field.column in table:
            values = table[field.column]
            for asked in _asked(field, values):
                yield FieldTest.model_validate({"field": field.name, **asked})
            if 0 < values.isna().mean() < 1 or field.of_account:
                yield FieldTest.model_validate({"field": field.name, "known": False})
    for kind in ground.facts.kinds:
        yield ActivityTest(activity=kind, at_least=1.0)
        yield ActivityTest(activity=kind, below=1.0)


def _asked(field: Field, values: pd.Series) -> Sequence[Mapping[str, Any]]:
    """The conditions on the values of a field: each frequent word, yes and no, the lowest and the highest fifth."""
    match field.kind:
        case Kind.CATEGORY:
            return [{"is": str(word)} for word in values.value_counts().index[:MOST_LEVELS]]
        case Kind.TITLE:
            return [{"is": word} for word in SENIORITY]
        case Kind.EMAIL:
            return [{"is": word} for word in DOMAIN]
        case Kind.BOOLEAN:
            return [{"is": True}, {"is": False}]
        case Kind.NUMBER if values.notna().any():
            low, high = (float(f"{end:.2g}") for end in values.quantile(_ENDS))
            return [{"at_most": low}, {"at_least": high}] if low < high else []
        case _:
            return []
