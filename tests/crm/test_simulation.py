from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from crm.contracts import check
from crm.history import FINAL, History, Kind, Milestone
from crm.past import known_at
from crm.simulation import Company, Leak, Simulated, reasons, simulate
from models.loop import DEFAULT_REASONS

SMALL = Company(leads=1_500)


@pytest.fixture(scope="module")
def cut() -> Simulated:
    return simulate(SMALL, seed=3)


@pytest.fixture(scope="module")
def later() -> Simulated:
    return simulate(SMALL.model_copy(update={"wait_days": 900}), seed=3)


def fingerprint(history: History) -> tuple[int, ...]:
    tables = (history.leads, history.accounts, history.activities, history.milestones, history.changes)
    return tuple(int(pd.util.hash_pandas_object(table).sum()) for table in tables)


def test_same_company_and_seed_give_the_same_history(cut: Simulated) -> None:
    assert fingerprint(simulate(SMALL, seed=3).history) == fingerprint(cut.history)
    assert fingerprint(simulate(SMALL, seed=4).history) != fingerprint(cut.history)


def test_history_keeps_every_rule_of_the_contracts(cut: Simulated) -> None:
    checked = check(cut.history)
    assert checked.quarantine.empty
    assert not checked.cut
    assert fingerprint(checked.history) == fingerprint(cut.history)


def test_nothing_is_exported_that_came_after_the_export(cut: Simulated) -> None:
    history = cut.history
    for times in (history.activities["occurred_at"], history.milestones["reached_at"], history.changes["changed_at"]):
        assert times.max() <= history.exported_at
    assert history.leads["created_at"].max() <= history.exported_at


def test_later_export_only_adds_to_an_earlier_one(cut: Simulated, later: Simulated) -> None:
    at = cut.history.exported_at
    for table, time in (("activities", "occurred_at"), ("milestones", "reached_at"), ("changes", "changed_at")):
        whole: pd.DataFrame = getattr(later.history, table)
        assert len(whole) > len(getattr(cut.history, table))
        then = whole[whole[time] <= at].reset_index(drop=True)
        pd.testing.assert_frame_equal(then, getattr(cut.history, table))
    recorded = [f.name for f in cut.history.fields if f.name not in cut.leaks and not f.of_account] + ["rating"]
    past = known_at(later.history, at).leads.sort_values("lead_id", ignore_index=True)
    pd.testing.assert_frame_equal(past[recorded], cut.history.leads[recorded])


def test_youngest_leads_are_still_open_and_the_oldest_hardly(cut: Simulated) -> None:
    decided = cut.history.milestones.loc[cut.history.milestones["milestone"].isin(list(FINAL)), "lead_id"]
    open_ = ~cut.history.leads["lead_id"].isin(decided)
    assert open_.iloc[-50:].mean() > 0.7
    assert open_.iloc[:500].mean() < 0.25


def test_milestones_come_in_the_order_of_the_funnel(later: Simulated) -> None:
    at = later.history.milestones.pivot_table(index="lead_id", columns="milestone", values="reached_at", aggfunc="min")
    for before, after in (
        ("handed_off", "accepted"),
        ("accepted", "won"),
        ("accepted", "lost"),
        ("handed_off", "rejected"),
    ):
        both = at.dropna(subset=[after])
        assert len(both) > 50
        assert (both[before] <= both[after]).all()
    assert (at[[str(m) for m in FINAL]].notna().sum(axis=1) <= 1).all()


def test_every_ending_has_a_coded_reason_and_every_win_an_amount(later: Simulated) -> None:
    milestones = later.history.milestones
    told = milestones["milestone"].isin([Milestone.REJECTED, Milestone.LOST, Milestone.NO_DECISION])
    assert milestones.loc[told, "reason"].notna().all()
    assert milestones.loc[~told, "reason"].isna().all()
    assert (milestones["amount"].notna() == (milestones["milestone"] == Milestone.WON)).all()


def test_default_company_is_realistic() -> None:
    later = simulate(Company(leads=6_000, wait_days=900), seed=1)
    share = later.history.milestones["milestone"].value_counts() / 6_000
    assert 0.35 <= share["accepted"] <= 0.5
    assert 0.08 <= share["won"] <= 0.15
    assert share["no_decision"] > share["won"]
    leads = later.history.leads
    assert 0.15 < leads["account_id"].isna().mean() < 0.25
    assert (leads["account_id"].value_counts() > 1).mean() > 0.5
    assert 7 <= len(later.history.activities) / 6_000 <= 40


def test_people_rest_and_machines_click_in_the_night(cut: Simulated) -> None:
    activities = cut.history.activities
    night = activities["occurred_at"].dt.hour.between(1, 3)
    clicks = activities["kind"] == "email_click"
    assert night[~clicks].mean() < 0.02
    assert night[clicks].mean() > 0.3
    gap = activities[clicks & night].groupby("lead_id")["occurred_at"].diff().dt.total_seconds()
    assert (gap == 1.0).mean() > 0.7
    without = simulate(SMALL.model_copy(update={"bots": 0.0}), seed=3).history.activities
    assert without["occurred_at"].dt.hour.between(1, 3).mean() < 0.02


def test_sources_level_and_one_effect_drift() -> None:
    """The mix, the level and the effect of webinars change from the first half to the second, and only with drift."""

    def halves(drift: float) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
        run = simulate(Company(leads=20_000, wait_days=900, drift=drift), seed=5)
        late = pd.Series(np.arange(20_000) >= 10_000, name="late")
        mix = pd.crosstab(run.history.leads["source"], late, normalize="columns")
        accepted = run.history.leads["lead_id"].isin(run.history.milestones.query("milestone == 'accepted'")["lead_id"])
        webinar = run.history.leads["source"] == "webinar"
        return (
            mix,
            accepted[webinar].groupby(late).mean(),
            accepted[run.history.leads["source"] == "website"].groupby(late).mean(),
        )

    mix, webinar, website = halves(1.0)
    assert mix.loc["paid_social", True] > 1.5 * mix.loc["paid_social", False]
    assert webinar[True] < webinar[False] - 0.03
    assert website[True] > website[False] + 0.02
    mix, webinar, website = halves(0.0)
    assert abs(mix.loc["paid_social", True] - mix.loc["paid_social", False]) < 0.02
    assert abs(webinar[True] - webinar[False]) < 0.06
    assert abs(website[True] - website[False]) < 0.04


def test_colleagues_are_active_together(later: Simulated) -> None:
    leads = later.history.leads
    counts = later.history.activities.query("kind == 'pricing_view'").groupby("lead_id").size()
    active = leads["lead_id"].map(counts).fillna(0.0) > 0
    grouped = pd.DataFrame({"account": leads["account_id"], "active": active}).dropna()
    others = grouped.groupby("account")["active"].transform("sum") - grouped["active"]
    size = grouped.groupby("account")["active"].transform("size")
    alone = grouped["active"][(size > 1) & (others == 0)].mean()
    assert grouped["active"][others > 0].mean() > alone + 0.05


def test_lenient_sales_people_accept_more() -> None:
    run = simulate(Company(leads=8_000, wait_days=900, leniency=1.0, sales_people=5), seed=2)
    accepted = run.history.leads["lead_id"].isin(run.history.milestones.query("milestone == 'accepted'")["lead_id"])
    rates = accepted.groupby(run.history.leads["owner"]).agg(["mean", "size"]).query("size > 300")["mean"]
    assert rates.max() - rates.min() > 0.2


def test_planted_fields_leak(cut: Simulated) -> None:
    history, leads = cut.history, cut.history.leads
    accepted = leads["lead_id"].isin(history.milestones.query("milestone == 'accepted'")["lead_id"])
    won = leads["lead_id"].isin(history.milestones.query("milestone == 'won'")["lead_id"])
    by_leak = {leak: name for name, leak in cut.leaks.items()}
    later = leads[by_leak[Leak.FILLED_LATER]].notna()
    assert later[accepted].mean() > 0.7
    assert later[~accepted].mean() < 0.1
    presence = leads[by_leak[Leak.PRESENCE]].notna()
    assert accepted[presence].all()
    assert (leads[by_leak[Leak.NEAR_PERFECT]] == "L9")[won].mean() > 0.9
    assert leads.loc[(leads[by_leak[Leak.NEAR_PERFECT]] == "L9"), "lead_id"].isin(leads["lead_id"][won]).mean() > 0.9
    changed = history.changes.query("field == @by_leak[@Leak.OVERWRITTEN]").merge(
        history.milestones[history.milestones["milestone"].isin(list(FINAL))], on="lead_id"
    )
    assert len(changed) > 200
    assert (changed["changed_at"] > changed["reached_at"]).all()
    assert leads["row_number"].is_monotonic_increasing
    assert leads["web_key"].is_unique
    assert leads["topic"].isin(["Select", "-"]).mean() > 0.3
    assert set(leads["currency"]) == {"EUR"}
    assert leads.groupby("channel_code")["source"].nunique().eq(1).all()


def test_honest_company_has_no_leaks() -> None:
    run = simulate(Company(leads=200, leaks=False), seed=1)
    assert not run.leaks
    assert set(run.history.changes["field"]) <= {"job_title"}
    assert {f.name for f in run.history.fields if f.actor} == {"owner"}
    assert {f.kind for f in run.history.fields} >= {Kind.TITLE, Kind.EMAIL, Kind.BOOLEAN, Kind.NUMBER, Kind.CATEGORY}


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValidationError, match="extra"):
        Company.model_validate({"leeds": 10})


def test_reasons_follow_the_weaknesses_of_leads(later: Simulated) -> None:
    history = later.history
    ends = history.milestones[history.milestones["reason"].notna()].merge(history.leads, on="lead_id")
    ends = ends.merge(history.accounts[["account_id", "industry"]], on="account_id", how="left")
    rejected = ends[ends["milestone"] == Milestone.REJECTED]

    def share(reason: str, mine: pd.Series) -> float:
        return float((rejected.loc[mine, "reason"] == reason).mean())

    public = rejected["industry"].isin(["education", "public_sector"])
    assert share("not_our_market", public) > 3 * share("not_our_market", ~public)
    called = rejected["phone_given"] == 1
    assert share("not_reached", ~called) > 2 * share("not_reached", called)
    assert abs(share("too_early", ~called) - share("too_early", called)) < 0.1


def test_reasons_are_those_that_a_definition_lists(later: Simulated) -> None:
    for milestone, usual in reasons.USUAL.items():
        assert set(usual) == set(DEFAULT_REASONS.of(str(milestone)))
        told = later.history.milestones.loc[(later.history.milestones["milestone"] == milestone).to_numpy(), "reason"]
        assert set(told) <= set(usual)
