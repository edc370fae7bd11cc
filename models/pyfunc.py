"""A scorer behind a table of leads: one row a lead and instant, one column an attribute. MLflow loads it from here.

MLflow asks a module for ``_load_pyfunc(path)`` and the object it gives for ``predict``; nothing of MLflow is needed
here, and nothing is pickled. Rows go the way of a REST request (`Facts.of_records`), so both give the same scores.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from crm.errors import AccordError
from crm.history import TIME, Kind, Milestone
from features.columns import NUMBERS, readable
from features.facts import Facts
from features.instants import micros_of
from features.records import Record, Value
from models import artifact
from models.definition import LANGUAGES
from models.scorer import Scorer
from models.scores import Scores

STRING, DOUBLE, DATETIME, LONG, BOOLEAN = "string", "double", "datetime", "long", "boolean"
"""Types of columns, in MLflow's words."""

KEYS = {"lead_id": STRING, "as_of": DATETIME}
"""Columns that must be there and hold no nulls. Times without a zone are UTC."""

MORE = {"created_at": DATETIME, "activities": STRING, "milestones": STRING}
"""Columns that may be there. ``activities`` is a JSON list of ``{"kind", "occurred_at", "value"?, "actor"?}``,
``milestones`` one of ``{"milestone", "reached_at"}``, with times as ISO 8601."""

OUTPUT = {
    "lead_id": STRING,
    "as_of": DATETIME,
    "score": LONG,
    "grade": STRING,
    "p_accept": DOUBLE,
    "p_close": DOUBLE,
    "enough_information": BOOLEAN,
    "reasons": STRING,
}
"""Columns of a prediction. ``reasons`` is a JSON list of ``{"feature", "points", "text"}``."""

STORY = ("why", "who", "how")
"""Columns of text that come after them where stories are asked for."""

CHUNK = 10_000
"""Rows scored at a time."""


class _Activity(msgspec.Struct, frozen=True):
    kind: str
    occurred_at: str
    value: float | None = None
    actor: str | None = None


class _Step(msgspec.Struct, frozen=True):
    milestone: Milestone
    reached_at: str


Seen = Callable[[Sequence[Record], Sequence[Any], Scores], None]


class LeadScore:
    """A scorer that takes and gives tables. ``seen`` is told the records, their instants and scores behind each."""

    def __init__(self, scorer: Scorer, seen: Seen | None = None) -> None:
        self.scorer = scorer
        self._seen = seen
        self._columns = attribute_columns(scorer)

    def predict(self, data: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """The scores of these rows (`KEYS`, any of `MORE`, any attribute), columns `OUTPUT`, in their order and index.

        ``params``: ``reasons``, how many a lead gets at most (default 0), ``story``, whether each gets one (default no,
        else `STORY` is added to the columns), and the ``language`` of both (default ``en``).
        Absent attributes are missing; unknown columns are ignored. Raises `AccordError` naming the row.
        """
        asked = {"reasons": 0, "language": "en", "story": False, **(params or {})}
        if asked["language"] not in LANGUAGES:
            said = f"one of {', '.join(LANGUAGES)}"
            raise AccordError("This language is not spoken.", where="language", got=asked["language"], expected=said)
        parts = [self._predict(data.iloc[i : i + CHUNK], asked) for i in range(0, max(len(data), 1), CHUNK)]
        return pd.concat(parts) if len(parts) > 1 else parts[0]

    def _predict(self, data: pd.DataFrame, asked: Mapping[str, Any]) -> pd.DataFrame:
        as_of = _microseconds(data, "as_of", required=True)
        records = self._records(data)
        if not records:
            columns = (*OUTPUT, *(STORY if asked["story"] else ()))
            return pd.DataFrame({name: pd.Series(dtype=object) for name in columns}, index=data.index)
        facts = Facts.of_records(records, self.scorer.fields)
        rows = np.arange(len(records), dtype=np.int64)
        instants = np.array(as_of, np.int64)
        scores = self.scorer.score(
            facts,
            rows,
            instants,
            reasons=asked["reasons"],
            language=asked["language"],
            stories=bool(asked["story"]),
        )
        if self._seen is not None:
            self._seen(records, as_of, scores)
        return _table(data, instants, scores)

    def _records(self, data: pd.DataFrame) -> list[Record]:
        lead_ids = _column(data, "lead_id")
        created = _microseconds(data, "created_at", required=False)
        values = [(name, self._values(data, column, kind)) for name, column, kind in self._columns if column in data]
        activities, milestones = _optional(data, "activities"), _optional(data, "milestones")
        return [
            Record(
                lead_id=str(lead_id),
                created_at=created[row],
                attributes={name: column[row] for name, column in values},
                activities=[_activity(a, row) for a in _listed(activities[row], "activities", row, list[_Activity])],
                milestones=[
                    (str(m.milestone), _instant(m.reached_at, "milestones", row))
                    for m in _listed(milestones[row], "milestones", row, list[_Step])
                ],
            )
            for row, lead_id in enumerate(lead_ids)
        ]

    def _values(self, data: pd.DataFrame, column: str, kind: str) -> Sequence[Value]:
        if kind == DATETIME:
            return _microseconds(data, column, required=False)
        if kind == DOUBLE:
            try:
                numbers = data[column].astype("float64").tolist()
            except (TypeError, ValueError) as error:
                raise AccordError(f"These are no numbers: {error}.", where=column, expected="numbers or null") from None
            return [None if np.isnan(number) else number for number in numbers]
        return [None if pd.isna(word) else str(word) for word in data[column].tolist()]


def attribute_columns(scorer: Scorer) -> list[tuple[str, str, str]]:
    """Field, column and type of each attribute the scorer reads; one named like a key goes by ``attribute.<name>``."""
    reserved = {*KEYS, *MORE}
    numbers, words = readable(scorer.fields)
    return [
        (
            field.name,
            f"attribute.{field.name}" if field.name in reserved else field.name,
            DATETIME if field.kind is Kind.DATE else DOUBLE if field.kind in NUMBERS else STRING,
        )
        for field in (*numbers, *words)
    ]


def input_columns(scorer: Scorer) -> dict[str, tuple[str, bool]]:
    """Every column `LeadScore.predict` reads: its type, and whether it must be there."""
    attributes = {column: (kind, False) for _, column, kind in attribute_columns(scorer)}
    return {**{k: (v, True) for k, v in KEYS.items()}, **{k: (v, False) for k, v in MORE.items()}, **attributes}


def _load_pyfunc(path: str) -> LeadScore:
    """What MLflow calls with the folder of the artifact."""
    return LeadScore(artifact.load(Path(path)))


def _table(data: pd.DataFrame, as_of: np.ndarray[Any, np.dtype[np.int64]], scores: Scores) -> pd.DataFrame:
    reasons = [
        json.dumps([{"feature": r.feature, "points": r.points, "text": r.text} for r in row], ensure_ascii=False)
        for row in scores.reasons
    ]
    columns = {
        "lead_id": data["lead_id"].astype(str).to_numpy(),
        "as_of": pd.to_datetime(as_of, unit="us", utc=True).tz_localize(None),
        "score": scores.score,
        "grade": scores.grade.astype(object),
        "p_accept": scores.p_accept,
        "p_close": scores.p_close,
        "enough_information": scores.enough_information,
        "reasons": reasons,
        **story_columns(scores),
    }
    return pd.DataFrame(columns, index=data.index)


def story_columns(scores: Scores) -> dict[str, list[str]]:
    """The stories as columns `STORY`; none where none were asked for."""
    return {name: [getattr(story, name) for story in scores.stories] for name in STORY if scores.stories}


def _column(data: pd.DataFrame, name: str) -> list[Any]:
    if name not in data:
        raise AccordError("This column is missing.", where=name, remedy=f"Give a column {name!r} without nulls.")
    values: list[Any] = data[name].tolist()
    for row, value in enumerate(values):
        if pd.isna(value):
            raise AccordError("This value is missing.", where=f"row {row}, {name}", remedy="Every row needs one.")
    return values


def _optional(data: pd.DataFrame, name: str) -> list[Any]:
    return data[name].tolist() if name in data else [None] * len(data)


def _microseconds(data: pd.DataFrame, name: str, *, required: bool) -> list[int | None]:
    values = _column(data, name) if required else _optional(data, name)
    try:
        times = pd.to_datetime(pd.Series(values, dtype=object), utc=True, format="ISO8601").astype(TIME)
    except (TypeError, ValueError) as error:
        raise AccordError(f"These are no times: {error}.", where=name, expected="times, such as 2026-03-02") from None
    missing = times.isna().to_numpy()
    return [None if gone else at for at, gone in zip(times.astype("int64").tolist(), missing.tolist(), strict=True)]


def _listed(text: Any, name: str, row: int, kind: type[list[Any]]) -> list[Any]:
    if text is None or (isinstance(text, float) and np.isnan(text)) or text == "":
        return []
    try:
        found: list[Any] = msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, TypeError) as error:
        said = "a JSON list, see the model's documentation"
        raise AccordError(f"This cannot be read: {error}.", where=f"row {row}, {name}", expected=said) from None
    return found


def _activity(activity: _Activity, row: int) -> tuple[str, int, float | None, str | None]:
    return activity.kind, _instant(activity.occurred_at, "activities", row), activity.value, activity.actor


def _instant(text: str, name: str, row: int) -> int:
    try:
        at = pd.Timestamp(text)
    except ValueError:
        raise AccordError("This is no time.", where=f"row {row}, {name}", got=text, expected="ISO 8601") from None
    at = at.tz_localize("UTC") if at.tzinfo is None else at
    return micros_of(at)
