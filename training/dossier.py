"""The dossier: everything one training run produced, in one folder, before any registry sees it.

A registry that is down loses nothing: the dossier stays and is recorded later. Its identity is a hash of what was
learned and from what, so that recording it twice changes nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import pandas as pd

from crm.errors import AccordError
from models import artifact
from models.scorer import Scorer
from models.sheet import Sheet

ABOUT = "about.json"
SCORER = "scorer"
FORWARD = "forward.parquet"
ARRIVALS = "arrivals.parquet"
AUDIT = "audit.json"
CARD = "card.md"
SHEET = "sheet.json"
REPORTS = "reports"
PLOTS = "plots"
EXAMPLE = "example.json"

FORWARD_COLUMNS = ("head", "date", "lead_id", "as_of", "y", "weight", "p", "p_champion")
"""Forward rows: who was asked when, what came of it, the weight, what this run's scorer of that date said, and what the
champion of the day (see `About.champion`) said, NaN where it was not asked."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number. ``step`` is the index of the backtest date it belongs to, None where it is over all of them."""

    name: str
    value: float
    step: int | None = None


@dataclass(frozen=True, slots=True)
class DataSource:
    """What the run learned from. ``digest`` identifies the content; ``rows`` counts each table."""

    name: str
    source: str
    digest: str
    rows: Mapping[str, int] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class About:
    """The facts of a run that fit in one JSON file.

    ``calibration`` holds by head ``{"slope": [value, low, high], "intercept": [...]}`` of the forward predictions;
    ``used_fields`` are those the scorer reads; ``champion`` is the registry's version that ``p_champion`` is of.
    """

    project: str
    artifact: str
    definition: Mapping[str, str]
    exported_at: str
    parameters: Mapping[str, Any]
    metrics: tuple[Metric, ...]
    data: DataSource
    dates: tuple[str, ...] = ()
    calibration: Mapping[str, Mapping[str, Sequence[float | None]]] = field(default_factory=dict)
    used_fields: tuple[str, ...] = ()
    champion: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """The facts that ``asdict`` made, from JSON."""
        metrics = tuple(Metric(**metric) for metric in content["metrics"])
        data = DataSource(**content["data"])
        more = {key: tuple(content[key]) for key in ("dates", "used_fields")}
        return cls(**{**content, "metrics": metrics, "data": data, **more})


@dataclass(frozen=True, slots=True)
class Dossier:
    """A folder with ``about.json``, the scorer, the forward rows, the audit, the card, reports and plots."""

    folder: Path

    @property
    def id(self) -> str:
        """The folder's name: 16 digits of the artifact's hash."""
        return self.folder.name

    @property
    def about(self) -> About:
        """The facts of the run."""
        return About.of(json.loads((self.folder / ABOUT).read_text(encoding="utf-8")))

    @property
    def audit(self) -> list[dict[str, Any]]:
        """The findings of the audit, as JSON values."""
        found: list[dict[str, Any]] = json.loads((self.folder / AUDIT).read_text(encoding="utf-8"))["findings"]
        return found

    @property
    def blocked(self) -> frozenset[str]:
        """The fields that the audit took out, whatever the definition keeps."""
        return frozenset(json.loads((self.folder / AUDIT).read_text(encoding="utf-8"))["blocked"])

    @property
    def forward(self) -> pd.DataFrame:
        """The forward rows, columns `FORWARD_COLUMNS`."""
        return pd.read_parquet(self.folder / FORWARD)

    @property
    def arrivals(self) -> pd.DataFrame:
        """The forward arrivals, columns `training.arrivals.FORWARD_COLUMNS`."""
        return pd.read_parquet(self.folder / ARRIVALS)

    @property
    def sheet(self) -> Sheet | None:
        """The sheet as measured by this run; ``None`` where none was measured, as in a history without times."""
        path = self.folder / SHEET
        return Sheet.from_json(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None

    def scorer(self) -> Scorer:
        """The scorer."""
        return artifact.load(self.folder / SCORER)


def write(
    root: Path,
    scorer: Scorer,
    about: About,
    *,
    forward: pd.DataFrame,
    arrivals: pd.DataFrame,
    audit: Mapping[str, Any],
    card: str,
    sheet: Sheet | None = None,
    example: Mapping[str, Any] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Dossier:
    """Writes a dossier under ``root``, all of it or nothing. One that is there already is replaced.

    ``files`` go under the names they are given by, such as ``reports/training.html``; ``example`` is a row that the
    scorer takes, for the model's documentation.
    """
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".writing-") as scratch:
        folder = Path(scratch) / "dossier"
        folder.mkdir()
        written = artifact.save(scorer, folder / SCORER)
        if written != about.artifact:
            raise AccordError("The scorer is not the one these facts are about.", got=written, expected=about.artifact)
        forward.loc[:, list(FORWARD_COLUMNS)].to_parquet(folder / FORWARD, index=False)
        arrivals.to_parquet(folder / ARRIVALS, index=False)
        (folder / CARD).write_text(card, encoding="utf-8")
        _json(folder / ABOUT, asdict(about))
        _json(folder / AUDIT, audit)
        if sheet is not None:
            _json(folder / SHEET, sheet.to_json())
        if example is not None:
            _json(folder / EXAMPLE, example)
        for name, content in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return Dossier(_put(folder, root / written[:16]))


def newest(root: Path) -> Dossier | None:
    """The dossier written last under ``root``; None where there is none."""
    folders = (
        [f for f in root.glob("*") if (f / ABOUT).is_file() and not f.name.startswith(".")] if root.is_dir() else []
    )
    return Dossier(max(folders, key=lambda f: (f / ABOUT).stat().st_mtime_ns)) if folders else None


def _put(folder: Path, place: Path) -> Path:
    if place.exists():
        shutil.rmtree(place)
    os.replace(folder, place)  # noqa: PTH105 - the word says that it is one step
    return place


def _json(path: Path, content: Any) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
