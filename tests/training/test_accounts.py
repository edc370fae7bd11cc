"""No account dictates: its weight is capped, the others' scores stay what they are without it, and it is reported."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import expit

from crm.history import History, Milestone
from crm.past import known_at
from crm.simulation import Company, simulate
from models.definition import Definition
from training.accounts import TIMES_EVEN, capped, largest
from training.candidates import Fitter, stack
from training.choice import default
from training.folds import Fold, fold_of
from training.labels import HeadName
from training.recent import recent_of
from training.settings import Settings
from training.snapshots import take

DEFINITION = Definition()
DATE = pd.Timestamp("2025-12-01", tz="UTC")


@given(
    st.lists(st.tuples(st.integers(-1, 12), st.floats(0, 3, allow_subnormal=False)), min_size=1, max_size=60),
    st.sampled_from([0.02, 0.05, 0.2, 1.0]),
)
@example([(0, 1.0), (1, 1.2e-38), (2, 6.9e-299)], 0.05)
def test_no_account_carries_more_than_its_share_and_nobody_else_changes(
    rows: list[tuple[int, float]], share: float
) -> None:
    account, weight = np.array([a for a, _ in rows]), np.array([w for _, w in rows])
    held = capped(weight, account, share)
    known = account >= 0
    before, after = (np.bincount(account[known], weights=w[known], minlength=13) for w in (weight, held))
    parties = int((before > 0).sum() + (weight[~known] > 0).sum())
    most = max(share, TIMES_EVEN / max(parties, 1))
    assert (after <= most * held.sum() * (1 + 1e-9) + 1e-12).all()
    np.testing.assert_array_equal(held[~known], weight[~known])
    scaled = after < before * (1 - 1e-9)
    np.testing.assert_allclose(after[scaled], most * held.sum(), rtol=1e-6)
    if (before <= most * weight.sum()).all():
        assert held is weight


def test_rows_of_one_account_are_scaled_down_together() -> None:
    weight, account = np.array([4.0, 2.0, *[1.0] * 94]), np.array([0, 0, *[-1] * 94])
    held = capped(weight, account, 0.05)
    assert held[0] == pytest.approx(2 * held[1])
    assert held[:2].sum() == pytest.approx(0.05 * held.sum())


def test_without_accounts_the_weights_are_the_very_same() -> None:
    weight = np.array([9.0, 1.0])
    assert capped(weight, np.array([-1, -1]), 0.01) is weight


OWN = simulate(Company(leads=1500, leaks=False, drift=0.0), seed=5).history
GIANT = "GIANT"


def with_giant() -> History:
    """The company beside one account with as many leads, which takes what the company's sales turn down."""
    theirs = simulate(Company(leads=1500, leaks=False, drift=0.0), seed=6).history
    leads = theirs.leads.assign(lead_id="G" + theirs.leads["lead_id"], account_id=GIANT)
    odd = leads["source"].isin(["paid_social", "paid_search", "event"])
    taken = np.where(odd, str(Milestone.ACCEPTED), str(Milestone.REJECTED))
    steps = [(Milestone.HANDED_OFF, 1, None), (None, 3, taken)]
    made = [
        pd.DataFrame(
            {
                "lead_id": leads["lead_id"],
                "reached_at": leads["created_at"] + pd.Timedelta(days=days),
                "milestone": str(name) if what is None else what,
            }
        )
        for name, days, what in steps
    ]
    reached = pd.concat(made).reindex(columns=OWN.milestones.columns)
    reached = reached[(reached["reached_at"] <= OWN.exported_at).to_numpy()].astype(OWN.milestones.dtypes.to_dict())
    giant = OWN.accounts.iloc[:1].assign(account_id=GIANT)
    acts = theirs.activities.assign(lead_id="G" + theirs.activities["lead_id"])
    return replace(
        OWN,
        leads=pd.concat([OWN.leads, leads], ignore_index=True),
        accounts=pd.concat([OWN.accounts, giant], ignore_index=True),
        milestones=pd.concat([OWN.milestones, reached], ignore_index=True),
        activities=pd.concat([OWN.activities, acts], ignore_index=True),
    )


def fold(history: History, share: float) -> tuple[Fold, Settings]:
    settings = Settings(account_share=share)
    every = take(OWN, (0,))
    later = every[(every["as_of"] > DATE).to_numpy()]
    return fold_of(known_at(history, DATE), history, later, DEFINITION, settings, seed=0), settings


def said(history: History, share: float) -> np.ndarray:
    """What a default blend, at the recent level, says of the company's own later leads."""
    made, settings = fold(history, share)
    choice = default(settings)
    fitter = Fitter(made.sample(HeadName.ACCEPT), settings, 0.5, seed=0)
    components = [fitter.fit(name) for name in choice.blend]
    blend = np.array(list(choice.blend.values()))
    level = recent_of(made, HeadName.ACCEPT, components, settings).shift(choice.rule, blend)
    return np.asarray(expit(stack(components, made.test.x) @ blend + level))


def test_with_the_cap_a_giant_with_odd_habits_leaves_the_score_of_others_near_what_it_is_without_it() -> None:
    alone, beside = said(OWN, 0.05), with_giant()
    held, dictated = said(beside, 0.05), said(beside, 1.0)
    off_held, off_dictated = (float(np.abs(p - alone).mean()) for p in (held, dictated))
    assert off_dictated > 0.1
    assert off_held < 0.05
    assert off_held < off_dictated / 3
    assert np.corrcoef(held, alone)[0, 1] > 0.95 > np.corrcoef(dictated, alone)[0, 1]


def test_the_giant_carries_the_cap_in_each_head_and_in_the_level_young_leads_too() -> None:
    made, _ = fold(with_giant(), 0.05)
    assert largest(made.known, 3)[0] == GIANT
    for head in HeadName:
        rows = made.train.snapshots["lead_id"].str.startswith("G").to_numpy()
        weight = made.train.learning[head]
        assert weight[rows].sum() == pytest.approx(0.05 * weight.sum())
        told = made.train.weight[head]
        assert told[rows].sum() > 0.2 * told.sum()


def test_a_history_of_small_accounts_is_not_touched_to_the_last_bit() -> None:
    capped_fold, _ = fold(OWN, 0.05)
    free, _ = fold(OWN, 1.0)
    for head in HeadName:
        np.testing.assert_array_equal(capped_fold.train.learning[head], free.train.learning[head])
        np.testing.assert_array_equal(capped_fold.sample(head).weight, free.sample(head).weight)
