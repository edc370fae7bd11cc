"""What the definition says of the time after a score: reasons, contacts, working hours, segments, the draw by lot.

Every part is optional. A definition that leaves a part out has the version it always had.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from crm.strict import Strict
from models.rules import Voice
from models.said import Said

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""A coded reason, such as ``no_budget``."""

Text = Annotated[str, Field(min_length=1, max_length=200)]
Reasoned = Literal["rejected", "lost", "no_decision"]
"""The outcomes that are given a reason."""


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


Listed = Annotated[tuple[Text, ...], AfterValidator(_once)]
"""Names whose order says nothing."""


class Reasons(Strict):
    """The coded reasons that feedback may give, by outcome, each with its words for people."""

    rejected: dict[Code, Said]
    lost: dict[Code, Said]
    no_decision: dict[Code, Said]

    def of(self, outcome: str) -> Mapping[str, Said]:
        """The reasons of an outcome; none for outcomes that need no reason."""
        listed: Mapping[str, Mapping[str, Said]] = {
            "rejected": self.rejected,
            "lost": self.lost,
            "no_decision": self.no_decision,
        }
        return listed.get(outcome, {})


class Kinds(Strict):
    """Kinds of activity by what they are to us: first ``contact`` by our people, signals of customer ``service``."""

    contact: Listed = ()
    service: Listed = ()


class Segments(Strict):
    """The market from above and the portfolio from below.

    ``marketing``: segments by name, each a rule and the team's words for it; a lead is in the first whose rule holds.
    ``potential``: a number known of the account (``account.revenue``), for sales's ABC; ``abc``: the shares of all
    revenue, and of all potential, that the A accounts and the A and B accounts make up together.
    """

    marketing: dict[Text, Voice] = Field(default={})
    potential: Text | None = None
    abc: tuple[Annotated[float, Field(gt=0, lt=1)], Annotated[float, Field(gt=0, lt=1)]] = (0.8, 0.95)

    @model_validator(mode="after")
    def _a_before_b(self) -> Segments:
        if self.abc[0] >= self.abc[1]:
            raise ValueError("abc goes up: the share of the A accounts, then that of the A and B accounts")
        return self


class Exploration(Strict):
    """A small share of low grades, drawn by lot, that is worked all the same, so that we learn what the score adds.

    ``share`` of the leads of these ``grades``; ``draw`` is any word: another word is another draw.
    """

    share: Annotated[float, Field(gt=0, le=0.5)]
    grades: Listed = Field(min_length=1)
    draw: Text = "1"


DEFAULT_REASONS = Reasons.model_validate(
    {
        "rejected": {
            "not_reached": {"en": "nobody could be reached", "fr": "personne n’a pu être joint"},
            "no_need": {"en": "no need", "fr": "pas de besoin"},
            "no_budget": {"en": "no budget", "fr": "pas de budget"},
            "no_authority": {"en": "does not decide", "fr": "ne décide pas"},
            "too_early": {"en": "too early", "fr": "trop tôt"},
            "not_our_market": {"en": "not our market", "fr": "hors de notre marché"},
            "wrong_details": {"en": "wrong or missing details", "fr": "coordonnées fausses ou manquantes"},
            "already_known": {"en": "known already", "fr": "déjà connu"},
            "other": {"en": "another reason", "fr": "autre raison"},
        },
        "lost": {
            "price": {"en": "price", "fr": "prix"},
            "competitor": {"en": "a competitor", "fr": "un concurrent"},
            "product": {"en": "the product does not fit", "fr": "le produit ne convient pas"},
            "delivery": {"en": "delivery", "fr": "livraison"},
            "service": {"en": "service", "fr": "service"},
            "too_slow": {"en": "we were too slow", "fr": "nous avons été trop lents"},
            "other": {"en": "another reason", "fr": "autre raison"},
        },
        "no_decision": {
            "no_budget": {"en": "no budget", "fr": "pas de budget"},
            "postponed": {"en": "project postponed", "fr": "projet reporté"},
            "silence": {"en": "no more answer", "fr": "ne répond plus"},
            "other": {"en": "another reason", "fr": "autre raison"},
        },
    }
)
"""The reasons of a definition that lists none."""
