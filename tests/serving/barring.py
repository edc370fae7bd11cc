"""A roster without keys that bars some leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from serving.desk import Barred
from serving.ledger.keys import Shown


@dataclass
class Bars:
    """Lets everybody in who asks from this machine; bars the leads named in ``why``."""

    why: Mapping[str, Barred] = field(default_factory=dict)
    asks: bool | None = False

    def look_up(self, shown: str, now: datetime) -> Shown:  # noqa: ARG002 - the protocol
        raise AssertionError("no key was made, so none is looked up")

    def barred(self, lead_id: str) -> Barred | None:
        return self.why.get(lead_id)

    def bar(self, lead_id: str, why: Barred) -> None:
        self.why = {**self.why, lead_id: why}

    def start(self) -> None: ...

    def stop(self) -> None: ...
