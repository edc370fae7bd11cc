"""What can be set from outside, each by one environment variable; a value that makes no sense stops the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from crm.errors import AccordError

_TEXTS: Mapping[str, Callable[[str], Any]] = {"model_store": Path, "ledger_url": str, "spool": Path}
"""Settings that are no numbers, and what makes them of their text."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The service's settings. A field named ``max_leads`` is set by ``ACCORD_MAX_LEADS``.

    ``model_store`` is the folder of the Bento model store to watch; ``None`` means BentoML's own
    (``$BENTOML_HOME/models``, or the models packed in a Bento). ``ledger_url`` is the ledger's database; ``None`` means
    that nothing is recorded. ``spool`` is the folder on a local disk where rows wait for it.
    """

    max_leads: int = 1_000  # leads in one request
    max_body_bytes: int = 10 * 1024 * 1024
    body_seconds: float = 30.0  # the time a caller may take to send a body
    rate_per_minute: int = 6_000  # requests of one key that one worker answers
    watch_seconds: float = 0.5  # between two looks at the model store
    workers: int = 1  # processes, each with its own scorer
    model_store: Path | None = None
    ledger_url: str | None = field(default=None, repr=False)  # it may hold a password
    spool: Path | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Settings:
        """The settings named in these environment variables, defaults for the rest.

        Raises:
            AccordError: a value is no positive number, or there is a ledger without a spool.
        """
        given: dict[str, Any] = {}
        for each in fields(cls):
            text = environ.get(variable(each.name), "").strip()
            if text:
                given[each.name] = _TEXTS[each.name](text) if each.name in _TEXTS else _positive(each.name, text)
        settings = cls(**given)
        if settings.ledger_url and settings.spool is None:
            raise AccordError(
                "A ledger needs a spool.",
                where=variable("spool"),
                expected="a folder on a local disk that outlives the service",
                remedy=f"Set {variable('spool')}, or unset {variable('ledger_url')}: then nothing is recorded.",
            )
        return settings


def variable(field: str) -> str:
    """The environment variable of a setting.

    >>> variable("max_leads")
    'ACCORD_MAX_LEADS'
    """
    return f"ACCORD_{field.upper()}"


def _positive(field: str, text: str) -> int | float:
    kind = float if field.endswith("_seconds") else int
    try:
        value = kind(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise AccordError(
            "This setting of the service makes no sense.",
            where=variable(field),
            got=text,
            expected="a positive number" if kind is float else "a positive whole number",
            remedy=f"Correct {variable(field)} or unset it.",
        )
    return value
