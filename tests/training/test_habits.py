"""A person's habit is told from what their leads are worth, trained away, and in nothing that is served."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from crm.history import Field, Kind
from crm.simulation import Company, simulate
from features.catalog import Catalog, Family, Feature, FeatureKind
from models.components import Component
from models.definition import Definition
from tests.builders import history, lead, milestone
from training.average import Average
from training.candidates import Fitter, Sample
from training.folds import fold_of
from training.habits import ROLE, habits_of
from training.labels import HeadName
from training.persons import UNKNOWN, coded, deciders
from training.settings import Settings, Trees
from training.snapshots import take

SETTINGS = Settings(widths=(0.5,), half_lives=(), trees=(Trees(leaves=4, rate=0.1),), most_trees=60)
CANDIDATES = ("logistic_0.5", "trees_4")
CATALOG = Catalog(
    (
        Feature("size", FeatureKind.NUMBER, Family.ATTRIBUTE, "size"),
        Feature("fair", FeatureKind.NUMBER, Family.ATTRIBUTE, "source"),
    )
)
SPREAD = 1.5
PERSONS = 12


def company(n: int = 6000, *, by_source: float = 0.8, seed: int = 3) -> tuple[Sample, np.ndarray]:
    """Leads whose worth is their size and nothing else; leads of fairs mostly go to the six lenient persons."""
    rng = np.random.default_rng(seed)
    habit = np.sort(rng.normal(0, SPREAD, PERSONS))
    size, fair = rng.normal(0, 1, n), rng.integers(0, 2, n)
    person = np.where(rng.random(n) < by_source, 6 * fair + rng.integers(0, 6, n), rng.integers(0, PERSONS, n))
    y = (rng.random(n) < expit(size - 0.5 + habit[person])).astype(float)
    age = np.linspace(100, 0, n)
    sample = Sample(CATALOG, np.column_stack([size, fair]).astype(float), y, np.ones(n), age, age < 20, person)
    return sample, habit


def fitted(name: str, sample: Sample) -> Component:
    return Fitter(sample, SETTINGS, None, seed=0).fit(name)


def effect_of_fairs(model: Component) -> float:
    low, high = model.log_odds(np.array([[0.0, 0.0], [0.0, 1.0]]))
    return float(high - low)


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_source_is_not_better_for_going_to_the_lenient(name: str) -> None:
    sample, _ = company()
    mistaken = effect_of_fairs(fitted(name, replace(sample, person=None)))
    honest = effect_of_fairs(fitted(name, sample))
    assert mistaken > 0.8
    assert abs(honest) < 0.25


@pytest.mark.parametrize("name", CANDIDATES)
@pytest.mark.parametrize("by_source", [0.0, 0.8])
def test_training_habits_away_brings_probabilities_nearer_to_the_average_persons(name: str, by_source: float) -> None:
    sample, habit = company(by_source=by_source)
    raw = sample.x[:, 0] - 0.5
    truth = expit(raw[:, None] + habit).mean(axis=1)

    def error(of: Sample) -> float:
        p = expit(fitted(name, of).log_odds(sample.x))
        return float(np.mean(truth * np.log(truth / p) + (1 - truth) * np.log((1 - truth) / (1 - p))))

    without, away = error(replace(sample, person=None)), error(sample)
    assert away < without * (0.5 if by_source else 1.1)


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_candidate_keeps_the_level_of_those_who_decide_nowadays(name: str) -> None:
    sample, _ = company(by_source=0.0)
    recent = sample.newest
    p = expit(fitted(name, sample).log_odds(sample.x))
    assert p[recent].mean() == pytest.approx(sample.y[recent].mean(), abs=0.02)


@pytest.mark.parametrize("name", CANDIDATES)
def test_where_all_decide_alike_nothing_changes(name: str) -> None:
    sample, _ = company()
    rng = np.random.default_rng(1)
    alike = replace(sample, y=(rng.random(len(sample.y)) < expit(sample.x[:, 0] - 0.5)).astype(float))
    with_persons, without = (fitted(name, s).log_odds(sample.x) for s in (alike, replace(alike, person=None)))
    assert np.abs(with_persons - without).mean() < 0.05


def test_habits_and_their_spread_are_recovered_where_sources_are_mixed_up_with_persons() -> None:
    sample, habit = company()
    rows = (sample.x - sample.x.mean(axis=0)) / sample.x.std(axis=0)
    assert sample.person is not None
    found = habits_of(sample.person, sample.y, sample.weight, rows, offset=np.zeros(len(rows)))
    assert found is not None
    assert np.corrcoef(found.habit, habit)[0, 1] > 0.98
    assert found.spread == pytest.approx(np.std(habit), rel=0.2)
    held = np.abs(found.habit - (habit - habit.mean())) < 2.5 * found.error
    assert held.mean() > 0.9


def test_few_leads_shrink_a_person_to_the_average() -> None:
    rng = np.random.default_rng(0)
    person = np.repeat([0, 1, 2, 3], [400, 400, 400, 4])
    y = np.concatenate([rng.random(400) < p for p in (0.3, 0.5, 0.7)] + [[True, True, True, False]]).astype(float)
    found = habits_of(person, y, np.ones(len(y)), np.empty((len(y), 0)), offset=np.zeros(len(y)))
    assert found is not None
    raw = logit(0.75) - logit(0.5)
    assert 0 < found.habit[3] < raw
    assert found.error[3] > 2 * found.error[0]


def test_who_says_only_no_records_and_has_no_habit() -> None:
    rng = np.random.default_rng(0)
    person = np.repeat([0, 1, 2], [300, 300, int(ROLE) + 5])
    y = np.concatenate([rng.random(300) < 0.4, rng.random(300) < 0.6, np.zeros(int(ROLE) + 5)]).astype(float)
    found = habits_of(person, y, np.ones(len(y)), np.empty((len(y), 0)), offset=np.zeros(len(y)))
    assert found is not None
    assert list(found.has) == [True, True, False]
    assert np.isnan(found.of(person)[-1])


def test_where_who_is_known_depends_on_the_answer_no_habit_is_told() -> None:
    sample, _ = company()
    rng = np.random.default_rng(0)
    assert sample.person is not None
    hidden = (sample.y == 0) & (rng.random(len(sample.y)) < 0.4)  # the noes of those who let leads lie
    of = replace(sample, person=np.where(hidden, UNKNOWN, sample.person))
    assert Fitter(of, SETTINGS, None, seed=0).away() is None
    assert Fitter(sample, SETTINGS, None, seed=0).away() is not None


def test_the_average_of_many_persons_is_a_line_in_log_odds() -> None:
    rng = np.random.default_rng(0)
    average = Average.of(np.append(rng.normal(0.3, 1.2, 500), np.nan), np.ones(501))
    raw = rng.normal(-1, 1, 2000)
    slope, intercept = average.line(raw, np.ones(2000))
    assert slope < 0.9
    np.testing.assert_allclose(expit(slope * raw + intercept), average.probability(raw), atol=0.01)


def test_the_person_is_who_decided_first_else_whom_the_lead_belongs_to() -> None:
    made = history(
        *(lead(name, owner=owner) for name, owner in (("a", "ann"), ("b", "ann"), ("c", None))),
        milestone("a", "rejected", "2026-02-03", actor="eve"),
        milestone("a", "accepted", "2026-02-01", actor="bob"),
        milestone("b", "won", "2026-02-01", actor="bob"),
        milestone("c", "accepted", "2027-02-01", actor="bob"),
        fields=(Field("owner", Kind.CATEGORY, actor=True),),
    )
    persons = deciders(made)
    assert persons["a"] == "bob"
    assert persons["b"] == "ann"
    assert np.isnan(persons["c"])
    assert list(coded(persons, made.leads["lead_id"])) == [1, 0, UNKNOWN]
    assert deciders(made.without(["owner"])).isna().sum() == 2


def test_nothing_about_persons_is_in_a_scorer() -> None:
    run = simulate(Company(leads=800, leaks=False, leniency=1.5), seed=2).history
    fold = fold_of(run, run, take(run, (0,)).iloc[:0], Definition(), SETTINGS, seed=0)
    assert not [f for f in fold.catalog.features if f.field == "owner"]
    fitter = Fitter(fold.sample(HeadName.ACCEPT), SETTINGS, None, seed=0)
    assert fitter.away() is not None
    told = json.dumps([fold.catalog.to_json(), *(fitter.fit(name).to_json() for name in CANDIDATES)])
    assert "rep0" not in told
    assert "owner" not in told


def test_persons_are_told_apart_for_acceptance_alone_and_only_where_asked() -> None:
    run = simulate(Company(leads=600, leaks=False), seed=2).history
    nothing = take(run, (0,)).iloc[:0]
    asked = fold_of(run, run, nothing, Definition(), SETTINGS, seed=0)
    assert asked.sample(HeadName.ACCEPT).person is not None
    assert asked.sample(HeadName.CLOSE).person is None
    left_in = fold_of(run, run, nothing, Definition(), SETTINGS.model_copy(update={"habits_away": False}), seed=0)
    assert left_in.sample(HeadName.ACCEPT).person is None
