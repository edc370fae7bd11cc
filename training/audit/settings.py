"""What the audit may be told: fields kept for a reason, and every threshold with the reason for its value."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from crm.strict import Strict

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]


class AuditSettings(Strict):
    """The `audit:` section of ``accord.yaml``. Frozen; unknown keys are refused."""

    keep: dict[str, Reason] = Field(
        default_factory=dict,
        description="Fields kept despite a block or a question, each with the reason, which is shown with the finding.",
    )
    significance: float = Field(
        default=0.01,
        gt=0,
        lt=0.5,
        description="Chance of one false alarm in a whole check; divided by how many fields or levels it looks at.",
    )
    minimum_rows: int = Field(
        default=30, ge=10, description="Fewer leads than this on either side say nothing about a field."
    )
    decided_share: float = Field(
        default=0.02,
        gt=0,
        lt=0.5,
        description="A group counts as decided when at most this share of the outcomes expected in it deviates: "
        "typing errors and late corrections happen, a rule with more exceptions is a habit.",
    )
    presence_block: float = Field(
        default=0.7,
        gt=0,
        le=1,
        description="Filled among the won minus filled among the rest, from which on presence alone tells the outcome: "
        "an area under the ROC curve of 0.85 without looking at a single value.",
    )
    presence_ask: float = Field(
        default=0.33,
        gt=0,
        le=1,
        description="The same, from which on a person is asked: a third of the "
        "way to telling the outcome by presence alone. Forms that only keen leads complete reach about 0.3.",
    )
    presence_note: float = Field(default=0.2, gt=0, le=1, description="The same, from which on it is noted.")
    perfect_area: float = Field(
        default=0.90,
        gt=0.5,
        le=1,
        description="Area under the ROC curve of one field alone, out of fold, above which no honest field is "
        "believed: scores made of all fields together seldom get there.",
    )
    doubtful_area: float = Field(default=0.83, gt=0.5, le=1, description="The same, from which on a person is asked.")
    dominance: float = Field(
        default=2.0,
        gt=1,
        description="The strongest field is 'by far' the strongest when it explains this many times as much of the "
        "outcome (log-loss) as the next one.",
    )
    dominance_share: float = Field(
        default=0.15, gt=0, lt=1, description="... and at least this share of it: below, even the strongest is weak."
    )
    contained_share: float = Field(
        default=0.98,
        gt=0.5,
        le=1,
        description="A field that is filled only where a field that tells the outcome is filled, this often, was "
        "written on the same occasion.",
    )
    same_pattern_share: float = Field(
        default=0.995, gt=0.5, le=1, description="Fields present and absent together this often come from one process."
    )
    wave_fill: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="How far the filled share must fall and rise again along the order of leads: forms come and go "
        "once, and no campaign mix moves a filled share by half and back.",
    )
    value_share: float = Field(
        default=0.5, gt=0, le=1, description="Share of the filled rows whose value reads like what a check looks for."
    )
    few_outcomes_block: int = Field(
        default=20, ge=1, description="Fewer outcomes of either sort cannot fit even one field with an intercept."
    )
    few_outcomes_ask: int = Field(default=100, ge=1, description="Fewer outcomes give intervals as wide as the effect.")
    dominant_account: float = Field(
        default=0.2, gt=0, le=1, description="Share of leads or wins of one account from which on it shapes the score."
    )
    drift_note: float = Field(
        default=0.25, gt=0, description="Population stability index from which a shift is called large by custom."
    )
    late_acceptance_ask: float = Field(
        default=0.1, gt=0, le=1, description="Share of the wins that the accept horizon turns into failures."
    )
    bot_ask: float = Field(
        default=0.01, gt=0, le=1, description="Share of the activities from machines that would move counts."
    )
