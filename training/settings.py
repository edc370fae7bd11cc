"""The ``training:`` section of ``accord.yaml``. Every default is a choice that the backtest then judges."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, field_validator

from crm.strict import Strict
from training.snapshots import LANDMARKS

Share = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class Trees(Strict):
    """One LightGBM setting. Trees are small and shrunk: leads are few, and reasons cost by the leaf."""

    leaves: Annotated[int, Field(ge=2, le=64, description="Leaves of a tree.")] = 6
    rate: Annotated[float, Field(gt=0, le=1, description="How much of each tree counts.")] = 0.06
    least_leads: Annotated[float, Field(gt=0, description="Fewest leads in a leaf, by weight.")] = 20
    columns: Annotated[Share, Field(description="Share of the features each tree may look at.")] = 0.6
    ridge: Annotated[float, Field(ge=0, description="L2 penalty on the values of leaves.")] = 10

    @property
    def name(self) -> str:
        """Short, for tables: ``trees_6``."""
        return f"trees_{self.leaves}"


class Settings(Strict):
    """What training tries and how much of it. Unknown keys are refused."""

    landmarks: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...],
        Field(min_length=1, description="Days after the hand-off at which an undecided lead is looked at again."),
    ] = LANDMARKS
    dates: Annotated[int, Field(ge=1, le=12, description="Most as-of dates of the backtest.")] = 5
    folds: Annotated[int, Field(ge=2, le=10, description="Folds for a history without times.")] = 5
    widths: Annotated[
        tuple[Annotated[float, Field(gt=0)], ...],
        Field(
            min_length=1, description="Logistic regressions: how far a weight is expected to be from 0, in log-odds."
        ),
    ] = (0.05, 0.15, 0.3)
    half_lives: Annotated[
        tuple[Share, ...],
        Field(description="Fading: after this share of the history, old data counts half. Not fading is always tried."),
    ] = (0.5, 0.25)
    trees: Annotated[tuple[Trees, ...], Field(description="LightGBM settings to try; none is allowed.")] = (
        Trees(leaves=4, rate=0.12, columns=0.5),
        Trees(leaves=8, rate=0.08, columns=0.3),
    )
    most_trees: Annotated[
        Count, Field(description="Most trees of a booster; an inner forward split stops earlier.")
    ] = 150
    most_rows: Annotated[
        Count,
        Field(description="Most snapshots for each date of the backtest: leads are drawn beyond. Not the last fit."),
    ] = 50_000
    level_days: Annotated[
        tuple[Annotated[float, Field(gt=0)], ...],
        Field(description="Windows over which the recent level may be measured. No correction is always tried."),
    ] = (14, 30, 60, 120, 240)
    level_priors: Annotated[
        tuple[Annotated[float, Field(gt=0)], ...],
        Field(description="How many expected outcomes the old level counts for against the recent one."),
    ] = (10, 30, 100)
    least_outcomes: Annotated[
        Count, Field(description="Fewest leads that said yes, and no, for a head; with fewer, training refuses.")
    ] = 20
    reference_days: Annotated[
        float,
        Field(gt=0, description="Leads handed off within these days before the export are the reference of scores."),
    ] = 180
    reference_leads: Annotated[
        Count, Field(description="At least so many of the newest leads are in the reference.")
    ] = 500

    arrival_weeks: Annotated[
        float,
        Field(gt=0, le=520, description="Recent weeks whose arrivals tell how many leads a week each grade takes."),
    ] = 13
    ahead_weeks: Annotated[
        float, Field(gt=0, le=520, description="Weeks after the export for which the promised ranges should hold.")
    ] = 13

    account_share: Annotated[
        Share,
        Field(
            description="Most of what a head learns from that one account may carry: above, its leads count less. "
            "1 is no cap."
        ),
    ] = 0.05
    habits_away: Annotated[
        bool,
        Field(
            description="Whether persons' habits are trained out of acceptance. Turn it off only where each person has "
            "leads of a sort that nobody else has: then a habit and what those leads are worth cannot be told apart."
        ),
    ] = True

    def without_time(self) -> Self:
        """For a flat history: nothing is old, so nothing fades, and no level is recent."""
        return self.model_copy(update={"half_lives": (), "level_days": ()})

    @field_validator("trees")
    @classmethod
    def _names_differ(cls, trees: tuple[Trees, ...]) -> tuple[Trees, ...]:
        if len({setting.name for setting in trees}) < len(trees):
            raise ValueError("settings of trees differ in their leaves, which name them")
        return trees
