"""The report ``segments``: what it opens and closes with, its parts, and its values for machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from models.definition import Language
from training.labels import HeadName
from training.pages.document import Document
from training.review.handed import Handed
from training.review.segments.figures import Group, seen
from training.review.segments.groups import Groups
from training.review.segments.telling import Telling
from training.review.segments.views import Views
from training.review.segments.worklist import Worklist
from training.review.shares import Share
from training.speaker import Speaker

NAME = "segments"


def document(handed: Handed, *, seed: int, language: Language) -> Document | None:
    """The report in one language; ``None`` where no lead was handed over."""
    if handed.leads.empty:
        return None
    facts = (handed, seen(handed, seed=seed), Speaker(language), language)
    telling = _Report(*facts)
    parts = (*Views(*facts).parts(), Groups(*facts).part(), Worklist(*facts).part())
    opening, closing = tuple(telling.opening()), tuple(telling.closing())
    return Document(NAME, telling.say("Segments of both teams"), opening, parts, closing, telling.figures())


class _Report(Telling):
    def opening(self) -> Iterator[str]:
        """What is put side by side, and which leads."""
        yield self.say(
            "Marketing sees the market from above, in segments; sales sees its portfolio from below, in accounts that "
            "are large or could be. Here both views stand side by side, with the groups that really differ and one "
            "list to work from."
        )
        yield self.count(
            "%(n)s lead, handed over between %(since)s and %(until)s, as known on %(known)s.",
            "%(n)s leads, handed over between %(since)s and %(until)s, as known on %(known)s.",
            len(self.handed.leads),
            since=self.speaker.date(self.handed.leads["handed_off_at"].min()),
            until=self.speaker.date(self.handed.leads["handed_off_at"].max()),
            known=self.speaker.date(self.handed.until),
        )

    def closing(self) -> Iterator[str]:
        """What the proposals are, and are not."""
        yield self.say(
            "Proposals are for both teams to agree on; what they agree on belongs into the definition, as segments or "
            "as grades."
        )

    def figures(self) -> dict[str, Any]:
        """The values for machines."""
        found = self.found
        heads = [str(head) for head in self.heads]
        return {
            "segments": [self._figures(group, "segment") for group in found.segments],
            "classes": [self._figures(group, "class") for group in found.classes],
            "agreement": {
                which: {"v": one.v, "low": one.low, "high": one.high, "accounts": one.table.to_dict(orient="index")}
                for which, one in found.concord.items()
            },
            "groups": [
                {
                    "name": self.names.of(one.conditions),
                    "conditions": [
                        {"holds": c.holds, **c.test.model_dump(mode="json", by_alias=True, exclude_none=True)}
                        for c in one.conditions
                    ],
                    "leads": one.leads,
                    "amount": one.amount,
                    **{head: _share(one.shares[HeadName(head)]) for head in heads},
                }
                for one in found.portraits
            ],
            "open": [
                {key: _plain(value) for key, value in row.items()}
                for row in found.open_leads.astype(object).to_dict(orient="records")
            ],
        }

    def _figures(self, group: Group, key: str) -> dict[str, Any]:
        shares = {str(head): _share(share) for head, share in group.shares.items()}
        return {key: group.name, "leads": group.leads, "accounts": group.accounts, "amount": group.amount, **shares}


def _share(share: Share) -> dict[str, float | int | None]:
    return {
        "leads": share.leads,
        "judged": share.judged,
        **{name: _plain(getattr(share, name)) for name in ("value", "low", "high")},
    }


def _plain(value: Any) -> Any:
    """The value as JSON knows it: missing is null."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if value is None or pd.isna(value) else value
