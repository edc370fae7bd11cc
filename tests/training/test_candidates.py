import numpy as np
import pytest
from scipy.special import expit, logit

from features.catalog import Catalog, Family, Feature, FeatureKind
from models.design import Form
from training.candidates import CONSTANT, Fitter, Sample, constant, logistic, names, stack
from training.designs import LEVEL_SCALE, design_of
from training.settings import Settings, Trees

CATALOG = Catalog(
    (
        Feature("size", FeatureKind.NUMBER, Family.ATTRIBUTE, "size"),
        Feature("source", FeatureKind.CATEGORY, Family.ATTRIBUTE, "source", levels=("web", "fair", "(other)")),
    )
)
SETTINGS = Settings(widths=(0.5,), half_lives=(0.5,), trees=(Trees(leaves=4, rate=0.2),), most_trees=40)


def sample(n: int = 4000, *, seed: int = 0) -> Sample:
    """Log-odds are size, plus 1 for a fair; sizes of a tenth are missing."""
    rng = np.random.default_rng(seed)
    size, source = rng.normal(0, 1, n), rng.integers(0, 2, n).astype(float)
    y = (rng.random(n) < expit(size - 1 + source)).astype(float)
    size[rng.random(n) < 0.1] = np.nan
    age = rng.uniform(0, 100, n)
    return Sample(CATALOG, np.column_stack([size, source]), y, np.ones(n), age, age < 20)


def fit(name: str, of: Sample, settings: Settings = SETTINGS):  # noqa: ANN201  any component
    return Fitter(of, settings, None, seed=0).fit(name)


@pytest.mark.parametrize("name", [n for n in names(SETTINGS) if n != CONSTANT])
def test_each_candidate_finds_what_is_there(name: str) -> None:
    model = fit(name, sample())
    low, high = model.log_odds(np.array([[-1.0, 0.0], [1.0, 0.0]]))
    web, fair = model.log_odds(np.array([[0.0, 0.0], [0.0, 1.0]]))
    assert high - low > 1
    assert fair - web > 0.5


@pytest.mark.parametrize("name", names(SETTINGS))
def test_fitting_twice_gives_the_same_to_the_last_bit(name: str) -> None:
    assert fit(name, sample()).to_json() == fit(name, sample()).to_json()


@pytest.mark.parametrize("name", names(SETTINGS))
def test_each_candidate_keeps_the_level_of_its_rows(name: str) -> None:
    rows = sample()
    assert expit(fit(name, rows).log_odds(rows.x)).mean() == pytest.approx(rows.y.mean(), abs=0.01)


def test_the_narrower_the_prior_the_nearer_to_the_base_rate() -> None:
    rows = sample()
    settings = Settings(widths=(0.01, 0.1, 1.0), half_lives=(), trees=())
    spread = [np.std(fit(name, rows, settings).log_odds(rows.x)) for name in names(settings)]
    assert spread == sorted(spread)
    assert spread[0] == pytest.approx(0, abs=1e-12)  # the constant


def test_fading_counts_old_rows_half_after_the_half_life() -> None:
    rows = sample(1000)
    faded = rows.faded(0.5)
    oldest = rows.age.max()
    np.testing.assert_allclose(faded, 0.5 ** (rows.age / (oldest / 2)))
    assert rows.faded(None) is rows.weight


def test_a_constant_is_never_certain() -> None:
    assert 0 < expit(constant(np.ones(3), np.ones(3)).intercept) < 1


def test_rows_of_weight_zero_do_not_count() -> None:
    rows = sample(2000)
    weight = np.where(np.arange(2000) < 1000, 1.0, 0.0)
    design = design_of(CATALOG, rows.x[:1000], weight[:1000])
    half = logistic(design, design.encode(rows.x[:1000]), rows.y[:1000], weight[:1000], 0.5)
    whole = logistic(design, design.encode(rows.x), rows.y, weight, 0.5)
    np.testing.assert_allclose(half.weights, whole.weights, atol=1e-6)


def test_stacked_log_odds_are_those_of_each_component() -> None:
    rows = sample(500)
    components = [fit(name, rows) for name in names(SETTINGS)]
    stacked = stack(components, rows.x)
    for j, component in enumerate(components):
        np.testing.assert_allclose(stacked[:, j], component.log_odds(rows.x), atol=1e-9)


def test_a_design_centres_its_columns_and_does_not_free_rare_levels() -> None:
    rows = sample()
    design = design_of(CATALOG, rows.x, rows.weight)
    assert [column.form for column in design.columns] == [Form.NUMBER, Form.MISSING, Form.LEVEL]
    np.testing.assert_allclose(design.encode(rows.x).mean(axis=0), 0, atol=1e-9)
    assert all(c.scale == LEVEL_SCALE for c in design.columns if c.form != Form.NUMBER)


def test_columns_that_say_nothing_give_a_constant() -> None:
    x = np.column_stack([np.ones(50), np.full(50, np.nan)])
    design = design_of(CATALOG, x, np.ones(50))
    assert design.columns == ()
    model = logistic(design, design.encode(x), np.arange(50) % 2.0, np.ones(50), 0.5)
    assert model.log_odds(x)[0] == pytest.approx(logit(0.5))


def test_counts_enter_as_logarithms_and_odd_values_are_pulled_in() -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.lognormal(0, 1.5, 1000), np.zeros(1000)])
    x[0, 0] = 1e9
    design = design_of(CATALOG, x, np.ones(1000))
    assert design.columns[0].form == Form.LOG
    assert design.encode(x)[0, 0] < 5
