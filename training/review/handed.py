"""Every lead handed over, once: the score it was given, who had it, and what came of it. Reports are made from this."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from crm.history import FINAL, TIME, Field, History, Milestone
from features.facts import Facts
from features.instants import micros
from models.agreement import Agreement
from models.definition import Definition
from models.scorer import Scorer
from models.segments import Segmented
from training.funnel import DAY, NEVER, Instants, funnel
from training.labels import HeadName, label
from training.snapshots import take, worked_by

SCORES = ("lead_id", "given_at", "as_of", "p_accept", "p_close", "score", "grade", "explored", "owner", "segment")
"""Columns of the scores given, as the ledger has them: one row a score, times UTC, ``explored`` True, False or missing.
More may be there: ``features`` (arrays of floats) with ``catalog``, the hash of their catalog; ``definition``, the
version of the definition that graded."""

COLUMNS = (
    *("lead_id", "account_id", "handed_off_at", "source", "owner"),
    *("given", "given_at", "p_accept", "p_close", "score", "grade", "definition", "explored", "segment"),
    *("contacted_at", "accepted_at", "outcome", "outcome_at", "reason", "amount", "decider"),
    *("y_accept", "settled_accept", "y_close", "settled_close"),
)
"""Columns of `Handed.leads`, see there."""

GIVEN, AGAIN, BACKTEST, NONE = "ledger", "again", "backtest", "none"
"""Where a grade comes from: given then, worked out as of then, said by the backtest's scorer of then, or nowhere."""


@dataclass(frozen=True)
class Handed:
    """The leads handed over after ``since``, with what is needed to speak of them.

    ``leads`` has one row a lead, ordered by hand-off, with columns `COLUMNS`:

    * ``handed_off_at``: hand-off (creation where hand-offs are not recorded); ``source``, ``owner``: as in the history,
      missing where it has no such field;
    * ``given``: ``ledger`` where the score is the one it was worked by (`worked_by`); ``again`` where the scorer
      has worked it out as of the hand-off; ``backtest`` where the scorer would know the lead's own outcome, and what
      one of the backtest said, trained at a date before the hand-off, stands for it; ``none`` where nobody could say
      (``p_accept, p_close, score, grade`` are missing);
      ``definition``: the version that the ledger's grade is of, missing where not known;
      ``explored``: drawn by lot to be worked all the same, missing where the grade takes no part;
    * ``contacted_at``: first activity of a kind that the definition calls contact, from the hand-off on;
    * ``accepted_at``; ``outcome, outcome_at, reason, amount``: the first final milestone with its reason, and the
      amount of the win; ``decider``: who recorded it, or the acceptance where there is none;
    * ``y_<head>``: 1, 0, or NaN where not settled; ``settled_<head>``: the instant at which it was, NaT where not.

    ``history`` is whole: all its leads, all activities. ``scores`` are the ledger's (`SCORES`),
    ``agreed`` is the sheet that reports hold the world against: the one in force, or, without signatures, as measured.
    ``learned`` is the export that the scorer learned from, where that is later than ``since``.
    """

    leads: pd.DataFrame
    history: History
    definition: Definition
    since: pd.Timestamp
    scores: pd.DataFrame
    scorer: Scorer | None = None
    agreed: Agreement | None = None
    learned: pd.Timestamp | None = None

    @property
    def until(self) -> pd.Timestamp:
        """The instant of the export: nothing later is known."""
        return self.history.exported_at

    @cached_property
    def graded(self) -> pd.DataFrame:
        """The leads that have a grade."""
        return self.leads[self.leads["grade"].notna().to_numpy()]

    @cached_property
    def left(self) -> np.ndarray:
        """Which leads are of a low grade and were not drawn to be worked: nobody was to call them, or to answer."""
        drawn = self.leads["explored"].astype("boolean")  # missing takes no part
        return np.asarray((~drawn).fillna(value=False), dtype=bool)

    @cached_property
    def newest(self) -> Handed:
        """Only the leads that the scorer in service did not learn from; all of them where there is none such."""
        if self.learned is None or self.learned <= self.since:
            return self
        after = (self.leads["handed_off_at"] > self.learned).to_numpy()
        if not after.any():
            return self
        return replace(self, leads=self.leads[after].reset_index(drop=True), since=self.learned)


def no_scores() -> pd.DataFrame:
    """What `hand` takes where the ledger holds no scores."""
    times = {"given_at", "as_of"}
    kinds = {name: "datetime64[us, UTC]" if name in times else "object" for name in SCORES}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def hand(
    history: History,
    definition: Definition,
    *,
    since: pd.Timestamp,
    scores: pd.DataFrame | None = None,
    scorer: Scorer | None = None,
    agreed: Agreement | None = None,
    learned: pd.Timestamp | None = None,
    forward: pd.DataFrame | None = None,
) -> Handed:
    """The leads handed over after ``since`` and before the export.

    Args:
        history: with its times, feedback of the ledger merged in.
        definition: whose horizons, kinds of activity and grades count.
        since: usually the export that the scorer learned from, so that no grade knows its lead's own outcome.
        scores: those given, with columns `SCORES`; which of them a lead was worked by tells `worked_by`.
        scorer: grades the leads that have no score in the ledger, as of their hand-off.
        agreed: the sheet in force and who signed it.
        learned: the export that the scorer learned from: leads handed over before it are not graded by it, but as the
            backtest's scorer of an earlier date saw them. ``since`` where not given.
        forward: the arrivals of the backtest (`training.arrivals.forward`), which speak for those leads.
    """
    given = no_scores() if scores is None else scores
    start = take(history, (0,))
    start = start[(start["as_of"] > since).to_numpy()].sort_values(["as_of", "lead_id"], ignore_index=True)
    rows = pd.DataFrame({"lead_id": start["lead_id"], "handed_off_at": start["as_of"]})
    rows = _of_the_lead(rows, history)
    rows = _given(rows, given)
    if scorer is not None:
        rows = _said_before(rows, scorer, since if learned is None else learned, forward)
        rows = _again(rows, history, scorer, since if learned is None else learned)
        rows = _segmented(rows, history, Segmented.of(definition, scorer.catalog, scorer.fields), scorer.fields)
    rows["contacted_at"] = _contact(rows, history, definition.kinds.contact if definition.kinds else ())
    rows = _outcomes(rows, history)
    snapshots = rows[["lead_id"]].assign(as_of=rows["handed_off_at"])
    for head in HeadName:
        told = label(history, snapshots, head, definition)
        rows[f"y_{head}"] = told["y"].to_numpy()
        took = pd.to_timedelta(np.round(told["duration"].to_numpy() * DAY), unit="us")
        rows[f"settled_{head}"] = (rows["handed_off_at"] + took).astype(TIME)
    rows = rows[list(COLUMNS)].astype({"p_accept": "float64", "p_close": "float64", "score": "float64"})
    return Handed(rows, history, definition, since, given, scorer, agreed, learned)


def _of_the_lead(rows: pd.DataFrame, history: History) -> pd.DataFrame:
    leads = history.leads.set_index("lead_id").reindex(rows["lead_id"].to_numpy())
    owner = next((field.column for field in history.fields if field.actor and not field.of_account), "owner")
    columns = {"account_id": "account_id", "source": "source", "owner": owner}
    return rows.assign(**{to: leads[of].to_numpy() if of in leads else None for to, of in columns.items()})


def promptly(rows: pd.DataFrame, scores: pd.DataFrame, told: Sequence[str]) -> pd.DataFrame:
    """The rows whose lead was scored when it was handed off, with these columns of the score it was worked by.

    ``rows`` need ``lead_id`` and ``handed_off_at``; ``scores`` have columns `SCORES`.
    """
    ordered = scores.sort_values(["as_of", "given_at"], kind="stable")
    columns = list(dict.fromkeys(("lead_id", "as_of", "given_at", *told)))
    theirs = rows.merge(ordered[columns], on="lead_id", how="inner")
    return worked_by(theirs.assign(start=theirs["handed_off_at"]), "lead_id")


def _given(rows: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """With the score that the ledger gave when it was handed off."""
    told = ["given_at", "p_accept", "p_close", "score", "grade", "definition", "explored", "segment"]
    known = scores if "definition" in scores else scores.assign(definition=None)
    theirs = promptly(rows[["lead_id", "handed_off_at"]], known, told)
    out = rows.merge(theirs[["lead_id", *told]], on="lead_id", how="left", validate="one_to_one")
    out["given"] = np.where(out["grade"].notna(), GIVEN, NONE)
    return out


def _said_before(
    rows: pd.DataFrame, scorer: Scorer, learned: pd.Timestamp, forward: pd.DataFrame | None
) -> pd.DataFrame:
    """With what the backtest said of leads that the scorer learned from, graded as the scorer grades."""
    if forward is None or forward.empty:
        return rows
    said = forward.drop_duplicates("lead_id").set_index("lead_id")
    place = said.index.get_indexer(pd.Index(rows["lead_id"]))
    known = said["p_close"].notna().to_numpy()[place] & (place >= 0)
    open_ = ((rows["given"] == NONE) & (rows["handed_off_at"] <= learned)).to_numpy()
    mine = np.flatnonzero(open_ & known)
    found = said.iloc[place[mine]]
    p_close = found["p_close"].to_numpy(dtype="float64")
    score = scorer.reference.score(p_close)
    grade = scorer.grading.grades(score, p_close)
    told = {"p_accept": found["p_accept"].to_numpy(), "p_close": p_close, "score": score, "grade": grade}
    return _put(rows, mine, {**told, "given": np.full(len(mine), BACKTEST)})


def _again(rows: pd.DataFrame, history: History, scorer: Scorer, learned: pd.Timestamp) -> pd.DataFrame:
    """With what the scorer says, as of then, of leads handed over after all that it learned from."""
    mine = np.flatnonzero(((rows["given"] == NONE) & (rows["handed_off_at"] > learned)).to_numpy())
    if not len(mine):
        return rows
    facts = Facts.of_history(history, scorer.fields)
    again = rows.iloc[mine]
    found = scorer.score(facts, facts.rows(again["lead_id"]), micros(again["handed_off_at"]), reasons=0)
    told = {"p_accept": found.p_accept, "p_close": found.p_close, "score": found.score, "grade": found.grade}
    return _put(rows, mine, {**told, "given": np.full(len(mine), AGAIN)})


def _segmented(rows: pd.DataFrame, history: History, segments: Segmented, fields: tuple[Field, ...]) -> pd.DataFrame:
    """With marketing's segment as of the hand-off, where the ledger does not say it."""
    mine = np.flatnonzero((rows["given"] != GIVEN) & rows["segment"].isna())
    if segments.ready is None or not len(mine):
        return rows
    facts = Facts.of_history(history, fields)
    theirs = rows.iloc[mine]
    names = segments.names(facts, facts.rows(theirs["lead_id"]), micros(theirs["handed_off_at"]))
    return _put(rows, mine, {"segment": np.array(names, dtype=object)})


def _put(rows: pd.DataFrame, at: np.ndarray, told: Mapping[str, object]) -> pd.DataFrame:
    """The rows with other values at some places."""
    changed = {}
    for name, values in told.items():
        column = rows[name].to_numpy(dtype=object, copy=True)
        column[at] = values
        changed[name] = column
    return rows.assign(**changed)


def _contact(rows: pd.DataFrame, history: History, kinds: Collection[str]) -> pd.Series:
    activities = history.activities
    of_kind = activities[activities["kind"].isin(list(kinds)).to_numpy()][["lead_id", "occurred_at"]]
    theirs = rows[["lead_id", "handed_off_at"]].merge(of_kind, on="lead_id", how="inner")
    theirs = theirs[(theirs["occurred_at"] >= theirs["handed_off_at"]).to_numpy()]
    first = theirs.groupby("lead_id")["occurred_at"].min()
    return pd.Series(first.reindex(rows["lead_id"].to_numpy()).array, dtype=TIME)


def _outcomes(rows: pd.DataFrame, history: History) -> pd.DataFrame:
    steps = funnel(history)
    at = steps.rows(rows["lead_id"])
    accepted = steps.accepted[at]
    milestones = history.milestones[~(history.milestones["reached_at"] > history.exported_at).to_numpy()]
    not_won = (milestones["milestone"] != Milestone.WON).to_numpy()  # of several at one instant, as `training.funnel`
    by_time = milestones.assign(not_won=not_won).sort_values(["reached_at", "not_won"], na_position="last")
    is_final = by_time["milestone"].isin([str(milestone) for milestone in FINAL]).to_numpy()
    final = by_time[is_final].drop_duplicates("lead_id").set_index("lead_id").reindex(rows["lead_id"].to_numpy())
    accepts = by_time[(by_time["milestone"] == Milestone.ACCEPTED).to_numpy()]
    accepter = accepts.drop_duplicates("lead_id").set_index("lead_id")["actor"].reindex(rows["lead_id"].to_numpy())
    decider = final["actor"].where(final["actor"].notna(), accepter)
    return rows.assign(
        accepted_at=_times(accepted),
        outcome=final["milestone"].to_numpy(),
        outcome_at=final["reached_at"].array,
        reason=final["reason"].to_numpy(),
        amount=final["amount"].to_numpy(),
        decider=decider.to_numpy(),
    )


def _times(at: Instants) -> pd.Series:
    """Instants as times, those that never came as missing."""
    told = pd.Series(pd.to_datetime(np.where(at == NEVER, 0, at).astype("datetime64[us]"), utc=True))
    return told.mask(pd.Series(at == NEVER))
