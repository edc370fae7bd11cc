"""Why a score changed between two of the scores given, with the scorers that gave them."""

from __future__ import annotations

import math

from scipy.special import expit, logit

from models.definition import SHORT, Language
from models.movement import Known, Movement, in_points, log_odds, nothing_to_compare, total_only
from models.scorer import Scorer
from serving.ledger.readback import Given
from serving.readback.contract import Change, MovedFact, PastScore
from serving.readback.earlier import Earlier
from serving.scoring import Served

AS_GIVEN = 1e-9
"""How near an explained probability must come to the one given: else it is not that score which was explained."""


def past(given: Given) -> PastScore:
    """A score as it is told of the past."""
    return PastScore(
        score=given.score,
        grade=given.grade,
        p_accept=given.p_accept,
        p_close=given.p_close,
        given_at=given.given_at,
        as_of=given.as_of,
        model=given.model_version,
        definition=given.definition_version[:SHORT],
    )


def change(was: Given | None, now: Given | None, earlier: Earlier, language: Language) -> Change:
    """The change from one score to another, explained as far as it can be."""
    if was is None or now is None or was.id == now.id:
        return Change("nothing", nothing_to_compare(language), past(was) if was else None, past(now) if now else None)
    found = _explained(was, now, earlier, language)
    if found is None:
        step = float(logit(now.p_close) - logit(was.p_close))
        told = step if math.isfinite(step) else None
        text = total_only(was.score, now.score, told, language)
        points = None if told is None else in_points(told)
        return Change("total", text, past(was), past(now), log_odds=told, points=points)
    movement, text = found
    return Change(
        explained="facts" if movement.scorer == 0 else "facts_and_scorer",
        text=text,
        before=past(was),
        after=past(now),
        log_odds=movement.whole,
        points=in_points(movement.whole),
        facts=[MovedFact(m.topic, m.feature, m.log_odds, in_points(m.log_odds), m.text) for m in movement.moved],
        bound=movement.bound,
        scorer=movement.scorer,
    )


def _explained(was: Given, now: Given, earlier: Earlier, language: Language) -> tuple[Movement, str] | None:
    """The movement and its summary; ``None`` where a scorer is gone, looked at other facts, or gives other scores."""
    served, before = served_of(now, earlier), None
    if served is None:
        return None
    if was.stored_version != now.stored_version:
        before = _by_another(was, now, served.scorer, earlier)
        if before is None or not math.isfinite(before):
            return None
    movements = earlier.movements(served, language)
    movement = movements.between(Known(was.x, was.accepted), Known(now.x, now.accepted), before)
    if abs(expit(movement.before) - was.p_close) > AS_GIVEN or abs(expit(movement.after) - now.p_close) > AS_GIVEN:
        return None
    return movement, movements.summary(movement, was.score, now.score)


def _by_another(was: Given, now: Given, scorer: Scorer, earlier: Earlier) -> float | None:
    """The log-odds of the earlier ``p_close``, which another scorer gave; ``None`` where that looked at other facts.

    A scorer trained anew reads the same facts where its features are the same, whatever its tables of rates: what they
    gave is part of the facts. Where the earlier scorer is gone but looked at the same, its probability says it nearly
    as well.
    """
    gave = served_of(was, earlier)
    if gave is None:
        return float(logit(was.p_close)) if was.catalog == now.catalog else None
    same = gave.scorer.catalog.features == scorer.catalog.features
    return log_odds(gave.scorer, Known(was.x, was.accepted)) if same else None


def served_of(given: Given, earlier: Earlier) -> Served | None:
    """The scorer that gave this score, where it is still there and looks at the facts that were kept."""
    served = earlier.of(given.stored_version)
    if served is None:
        return None
    catalog = served.scorer.catalog
    return served if catalog.hash == given.catalog and len(catalog.names) == len(given.x) else None
