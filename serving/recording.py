"""From an answer to rows of the ledger's ``scores``: who got which score of which lead, on what."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import msgspec
import numpy as np

from models.reasons import Reason
from models.scorer import Scorer
from models.scores import Scores
from serving.about import about, instant
from serving.lead import ReadLead

_TIME_DIGITS, _CHANCE_BYTES = 12, 10


@dataclass(frozen=True, slots=True)
class Given:
    """By which scorer scores were given, when (microseconds since 1970 UTC), and to whom."""

    scorer: Scorer
    model_version: str
    stored_version: str
    at: int
    caller: str
    request_id: str


def rows(
    given: Given,
    leads: Sequence[ReadLead],
    scores: Scores,
    explored: Sequence[bool | None],
    segments: Sequence[str | None],
) -> list[dict[str, Any]]:
    """A row of the table ``scores`` for each lead; the lead's key comes right after the row's own (see `recorder`)."""
    scorer = given.scorer
    grades = scores.grade.tolist()
    shared = {
        "given_at": instant(given.at),
        "catalog": scorer.catalog.hash,
        "model_version": given.model_version,
        "stored_version": given.stored_version,
        "definition_version": scorer.definition.version,
        "caller": given.caller,
        "request_id": given.request_id,
    }
    features = np.ascontiguousarray(scores.features, "<f8")
    columns = zip(
        ids(given.at, len(leads)),
        leads,
        scores.score.tolist(),
        grades,
        scores.p_accept.tolist(),
        scores.p_close.tolist(),
        scores.enough_information.tolist(),
        explored,
        scores.reasons,
        features,
        about(scorer.definition, leads, grades, segments, given.at),
        strict=True,
    )
    return [
        {
            "id": own,
            "lead_id": lead.record.lead_id,
            "as_of": instant(lead.as_of),
            "score": score,
            "grade": grade,
            "p_accept": None if isnan(p_accept) else p_accept,
            "p_close": p_close,
            "enough_information": enough,
            "explored": drawn,
            "reasons": _reasons(reasons),
            "features": x.tobytes(),
            "about": told,
            **shared,
        }
        for own, lead, score, grade, p_accept, p_close, enough, drawn, reasons, x, told in columns
    ]


def ids(at: int, number: int) -> list[str]:
    """So many new keys of 32 hexadecimal digits that begin with the time (microseconds since 1970 UTC).

    >>> ids(1_772_712_000_000_000, 1)[0][:12]
    '019cbdde7a00'
    """
    time = f"{max(0, at // 1000):0{_TIME_DIGITS}x}"
    chance = secrets.token_hex(_CHANCE_BYTES * number)
    digits = 2 * _CHANCE_BYTES
    return [time + chance[i * digits : (i + 1) * digits] for i in range(number)]


def _reasons(reasons: Sequence[Reason]) -> str:
    return msgspec.json.encode([{"feature": r.feature, "points": r.points, "text": r.text} for r in reasons]).decode()
