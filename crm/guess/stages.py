"""Outcomes in the table of leads itself, and how long a lead takes to be won."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from crm.guess.draft import UNKNOWN_PACE, USUAL_DAYS, Draft, when
from crm.guess.outcomes import OUTCOME_COLUMN, counted, meaning, settled
from crm.guess.profile import NEARLY_ALL, Column, Profile
from crm.history import Kind, Milestone
from crm.times import read_times
from crm.values import TRUE, as_text

_HORIZONS = (7, 14, 30, 60, 90, 180, 365)
_MOST_STAGES = 60
_FLAG = (0.005, 0.6)  # shares of yes that an outcome may have


def in_leads(leads: Profile, key: Column) -> list[Draft]:
    """Outcomes in the table of leads itself: flags, statuses, and dates that only some leads have."""
    drafts = []
    for column in leads.columns:
        meant = meaning(column.name)
        yes = _yes(leads, column)
        if column.kind is Kind.BOOLEAN and yes is not None:
            word, other, share = yes
            if meant is not None and _FLAG[0] <= share <= _FLAG[1]:
                values = {word: meant.value} | ({other: "no_decision"} if other and meant.value == "won" else {})
                why = f"{column.name} names an outcome and is {word} for {share:.0%} of leads; it has no time."
                drafts.append(Draft({"column": column.name, "values": values}, why))
            elif column.words & OUTCOME_COLUMN:
                why = f"{column.name} is {word} for {share:.0%} of leads: an outcome?"
                drafts.append(Draft({"column": column.name, "values": {word: "won"}}, why, sure=False))
        elif column.kind is Kind.CATEGORY and column.distinct <= _MOST_STAGES and column.words & OUTCOME_COLUMN:
            values_found = counted(leads.frame[column.name], leads.frame[key.name], None)
            sure = settled(values_found)
            why = f"{column.name} looks like a stage, {len(sure)} of its {column.distinct} values name an outcome."
            drafts.append(
                Draft({"column": column.name}, why, sure=bool(sure), values=tuple(values_found), mapped=frozenset(sure))
            )
        elif column.kind is Kind.DATE and meant is not None and column.share < NEARLY_ALL:
            why = f"{column.name} names an outcome and is filled for {column.share:.0%} of leads."
            drafts.append(Draft({"milestone": meant.value, "reached_at": when(column)}, why))
    return _one_claim(drafts)


def _one_claim(drafts: list[Draft]) -> list[Draft]:
    """Of several flags or dates that claim the same step only the first is taken, the others are put to a person."""
    claimed: set[object] = set()
    out = []
    for draft in drafts:
        means = list((draft.settings.get("values") or {}).values())
        claim = draft.settings.get("milestone") or (means[0] if means else None)
        doubled = claim is not None and claim in claimed
        why = f"{draft.why} Another column says the same step: which one is right?" if doubled else draft.why
        out.append(replace(draft, why=why, sure=draft.sure and not doubled))
        claimed |= {claim} if draft.sure else set()
    return out


def timed_first(drafts: Sequence[Draft]) -> list[Draft]:
    """Where a step is told with its time, a column without times that says the same step is put to a person."""
    timed = {said for draft in drafts if draft.sure and "reached_at" in draft.settings for said in _claims(draft)}
    told = "A column with times says it too, and is taken."
    return [
        replace(draft, sure=False, why=f"{draft.why} {told}")
        if draft.sure and "reached_at" not in draft.settings and timed & _claims(draft)
        else draft
        for draft in drafts
    ]


def _claims(draft: Draft) -> set[str]:
    """The steps that an entry tells of."""
    values = draft.settings.get("values") or {}
    found = draft.values  # noqa: PD011 - a tuple
    mapped = {v.meaning.value for v in found if v.meaning and v.value in draft.mapped}
    return {str(draft.settings.get("milestone"))} - {"None"} | mapped | {str(v) for v in values.values()}


def _yes(leads: Profile, column: Column) -> tuple[str, str | None, float] | None:
    counts = as_text(leads.frame[column.name]).value_counts(normalize=True)
    yes = [str(v) for v in counts.index if str(v).casefold() in TRUE]
    no = [str(v) for v in counts.index if str(v).casefold() not in TRUE]
    return (yes[0], no[0] if no else None, float(counts[yes[0]])) if yes else None


def columns_of(drafts: Sequence[Draft]) -> set[str]:
    """Columns of leads that these drafts read, so that they are no fields."""
    out: set[str] = set()
    for draft in drafts:
        if draft.sure and "from" not in draft.settings:
            told = draft.settings.get("reached_at")
            out |= {str(draft.settings.get("column")), str(told["column"] if isinstance(told, dict) else told)}
    return out


def horizon(
    leads: Profile, key: Column, created: Column | None, drafts: Sequence[Draft], tables: Sequence[Profile]
) -> tuple[int, str]:
    """Days within which a lead is won, from how long the guessed wins took, and the reason."""
    for draft in drafts:
        table = next((t for t in tables if t.name == draft.settings.get("from", leads.name)), leads)
        told = draft.settings.get("reached_at")
        rows = _won_rows(draft, table.frame)
        if created is None or told is None or not draft.sure or rows.empty:
            continue
        column = str(told["column"] if isinstance(told, dict) else told)
        lead = str(draft.settings.get("lead", key.name))
        reached = read_times(rows[column], "UTC").instants.set_axis(rows[lead].to_numpy())
        start = read_times(leads.frame[created.name], "UTC").instants.set_axis(leads.frame[key.name].to_numpy())
        lag = (reached - start.reindex(reached.index)).dropna()
        if len(lag):
            days = float(lag.quantile(0.9) / pd.Timedelta(days=1))
            chosen = next((h for h in _HORIZONS if h >= days), _HORIZONS[-1])
            return chosen, f"Of the wins, 90 % came within {days:.0f} days of the lead."
    return USUAL_DAYS, UNKNOWN_PACE


def _won_rows(draft: Draft, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of its table that an entry reads as wins."""
    if draft.settings.get("milestone") == Milestone.WON:
        return frame
    found = draft.values  # noqa: PD011 - a tuple
    wins = [v.value for v in found if v.meaning is Milestone.WON and v.value in draft.mapped]
    return frame[as_text(frame[str(draft.settings["column"])]).isin(wins)] if wins else frame.head(0)
