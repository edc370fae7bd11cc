"""Scores in bulk: a file of leads, or the project's own open leads, streamed through the scorer into a file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from accord.barred import barred_among, parted
from accord.exits import RefusedError
from accord.learning import load
from accord.project import Opened
from accord.recorded import Recorded, of_history, owners_of
from crm import quarantine
from crm.errors import AccordError
from crm.history import Field
from crm.leads import account_table, lead_rows
from crm.parts import Reader
from crm.sinks import Writer, writer
from crm.streams import lead_batches
from features.facts import Facts
from features.instants import NAT, micros_of
from models.definition import Language
from models.pyfunc import LeadScore, Seen, attribute_columns, story_columns
from models.scorer import Scorer
from models.scores import Scores
from training.progress import Step

CHUNK = 10_000
_UTC = pd.ArrowDtype(pa.timestamp("us", "UTC"))
"""Rows scored and written at a time."""


@dataclass
class Tally:
    """What came of a bulk run."""

    scored: int = 0
    grades: dict[str, int] = field(default_factory=dict)
    aside: list[pd.DataFrame] = field(default_factory=list)

    def count(self, scores: pd.DataFrame) -> None:
        """Adds a batch of scores."""
        self.scored += len(scores)
        for grade, leads in scores["grade"].value_counts().items():
            self.grades[str(grade)] = self.grades.get(str(grade), 0) + int(leads)


@dataclass(frozen=True, slots=True)
class Asked:
    """How to score: how many reasons a lead gets, whether stories, in which language, and the instant.

    ``as_of`` None: as each source says.
    """

    reasons: int = 0
    language: Language = "en"
    as_of: datetime | None = None
    chunk: int = CHUNK
    stories: bool = False

    def at(self, now: datetime) -> Asked:
        """The same, as of now where nothing else was said."""
        return self if self.as_of is not None else replace(self, as_of=now)


def score_file(
    opened: Opened, scorer: Scorer, source: Path, out: Path, asked: Asked, step: Step, recorded: Recorded | None = None
) -> Tally:
    """Scores the leads of a file, in its order. They have attributes, and no activity.

    Leads that the ledger bars get no score. They and rows that cannot be scored are set aside in
    ``.accord/quarantine/score.csv``; values that cannot be read are missing and told there too.
    """
    if asked.as_of is None:
        raise ValueError("a file of leads says no instant: give as_of")
    known = LeadScore(scorer, _recording(recorded))
    column_of = {name: column for name, column, _ in attribute_columns(scorer)}
    fields = [each for each in scorer.fields if each.name in column_of]
    tally = Tally()
    params = {"reasons": asked.reasons, "language": asked.language, "story": asked.stories}
    with writer(out) as sink:
        accounts = _accounts(opened, fields)
        for batch in lead_batches(source, opened.settings.history, fields, accounts, rows=asked.chunk):
            tally.aside.append(batch.quarantine)
            leads, barred = parted(batch.leads, barred_among(opened, batch.leads["lead_id"]), source.name)
            tally.aside.append(barred)
            if leads.empty:
                continue
            rows = leads.rename(columns=column_of).assign(as_of=pd.Timestamp(asked.as_of))
            told = known.predict(rows, params)
            _write(sink, tally, _flat(told, asked.reasons), scorer)
            step(f"Scoring ({tally.scored:,} leads)", 0.5)
    _set_aside(opened, tally)
    if not tally.scored:
        remedy = f"What was wrong with each row: {opened.state.quarantine / 'score.csv'}"
        raise AccordError("No lead of this file can be scored.", where=source.name, remedy=remedy)
    return tally


def score_history(
    opened: Opened, scorer: Scorer, out: Path, asked: Asked, step: Step, recorded: Recorded | None = None
) -> Tally:
    """Scores the project's own undecided leads, with all that is known of them, as of the export unless said."""
    step("Reading the history", 0.0)
    history = load(opened).history
    facts = Facts.of_history(history, scorer.fields)
    as_of = micros_of(pd.Timestamp(asked.as_of) if asked.as_of else history.exported_at)
    created = facts.moments[:, 0]
    rows = np.flatnonzero((facts.decided > as_of) & ((created == NAT) | (created <= as_of)))
    tally, owners = Tally(), owners_of(history)
    with writer(out) as sink:
        for start in range(0, len(rows), asked.chunk):
            part = rows[start : start + asked.chunk]
            step("Scoring", start / len(rows))
            scores = scorer.score(
                facts,
                part,
                np.full(len(part), as_of),
                reasons=asked.reasons,
                language=asked.language,
                stories=asked.stories,
            )
            if recorded is not None:
                kinds = scorer.definition.kinds
                contact = frozenset(kinds.contact if kinds else ())
                segments = scorer.segmented.names(facts, part, np.full(len(part), as_of))
                recorded.put(of_history(facts, part, as_of, contact, owners), scores, segments)
            ids = np.asarray(facts.lead_ids, dtype=object)[part]
            _write(sink, tally, _table(ids, as_of, scores, asked.reasons), scorer)
    if not tally.scored:
        raise RefusedError("There is nothing to score.", reasons=("No lead of the history is undecided.",))
    return tally


def _recording(recorded: Recorded | None) -> Seen | None:
    if recorded is None:
        return None
    return recorded.put_records


def _write(sink: Writer, tally: Tally, scores: pd.DataFrame, scorer: Scorer) -> None:
    model, definition = scorer.meta.version, scorer.definition.short_version
    as_of = scores["as_of"].astype("datetime64[us]").astype(_UTC)
    sink.write(scores.assign(as_of=as_of, model=model, definition=definition))
    tally.count(scores)


def _accounts(opened: Opened, fields: list[Field]) -> pd.DataFrame | None:
    """The project's accounts, where the scorer reads fields of accounts that have a table of their own."""
    mapping = opened.settings.history
    if mapping.leads is None or mapping.accounts is None or mapping.accounts.table is None:
        return None
    if not any(each.of_account for each in fields):
        return None
    reader = Reader(mapping, opened.folder)
    typed = account_table(reader, mapping.accounts, mapping.leads, lead_rows(reader, mapping.leads))
    return typed.part.frame


def _flat(told: pd.DataFrame, most: int) -> pd.DataFrame:
    """A prediction with its reasons in columns of their own."""
    reasons = [json.loads(text) for text in told["reasons"]]
    texts = [[(reason["text"], reason["points"]) for reason in row] for row in reasons]
    return told.drop(columns="reasons").assign(**_columns(texts, most))


def _table(ids: np.ndarray[Any, Any], as_of: int, scores: Scores, most: int) -> pd.DataFrame:
    texts = [[(reason.text, reason.points) for reason in row] for row in scores.reasons]
    return pd.DataFrame(
        {
            "lead_id": ids,
            "as_of": pd.Timestamp(as_of, unit="us"),
            "score": scores.score,
            "grade": scores.grade.astype(object),
            "p_accept": scores.p_accept,
            "p_close": scores.p_close,
            "enough_information": scores.enough_information,
            **_columns(texts, most),
            **story_columns(scores),
        }
    )


def _columns(reasons: list[list[tuple[str, float]]], most: int) -> dict[str, list[Any]]:
    """``reason_1, points_1, …``; missing where a lead has fewer reasons."""
    columns: dict[str, list[Any]] = {}
    for place in range(most):
        columns[f"reason_{place + 1}"] = [row[place][0] if place < len(row) else None for row in reasons]
        columns[f"points_{place + 1}"] = [row[place][1] if place < len(row) else np.nan for row in reasons]
    return columns


def _set_aside(opened: Opened, tally: Tally) -> None:
    folder = opened.state.make().quarantine
    folder.mkdir(exist_ok=True)
    quarantine.joined(tally.aside).to_csv(folder / "score.csv", index=False)


def set_aside(tally: Tally) -> list[dict[str, Any]]:
    """How many rows broke which rule, most first, as JSON values."""
    counted = quarantine.counts(quarantine.joined(tally.aside))
    rows: list[dict[str, Any]] = counted.astype(object).where(counted.notna(), None).to_dict(orient="records")
    return rows
