"""A project: one ``accord.yaml`` and the state beside it. Every setting there is, in one frozen model."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from accord.document import read
from accord.exits import MisuseError
from accord.state import State
from crm.mapping import Mapping
from crm.strict import Strict, expand
from models.definition import Definition
from training.audit.settings import AuditSettings
from training.gates import Bounds
from training.settings import Settings as TrainingSettings

FILE = "accord.yaml"
TRACKING_URI = "MLFLOW_TRACKING_URI"
LEDGER_URL = "ACCORD_LEDGER_URL"


class TrackingSettings(Strict):
    """The `tracking:` section: where runs and scorers are kept."""

    uri: Annotated[
        str | None,
        Field(description="An MLflow server or database; may hold ${NAME}. MLFLOW_TRACKING_URI comes before it."),
    ] = None
    experiment: Annotated[str, Field(min_length=1, description="The MLflow experiment of this project's runs.")] = (
        "lead-score"
    )


class LedgerSettings(Strict):
    """The `ledger:` section: where sheets and signatures are kept."""

    url: Annotated[
        str | None,
        Field(description="An SQLite file or a PostgreSQL database; may hold ${NAME}. ACCORD_LEDGER_URL comes first."),
    ] = None


class ServingSettings(Strict):
    """The `serving:` section: how `accord serve` listens."""

    host: Annotated[str, Field(min_length=1, description="The address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535, description="The port to listen on.")] = 3000
    max_leads: Annotated[int, Field(ge=1, description="Leads in one request.")] = 1_000
    max_body_bytes: Annotated[int, Field(ge=1_024, description="Bytes in one request.")] = 10 * 1024 * 1024
    workers: Annotated[int, Field(ge=1, le=64, description="Processes, each with its own scorer.")] = 1


class Project(Strict):
    """What ``accord.yaml`` holds. Unknown keys are refused."""

    name: Annotated[str, Field(min_length=1, description="The project's name, shown in reports and the registry.")]
    history: Annotated[Mapping, Field(description="From the export to the history.")]
    definition: Annotated[
        Definition, Field(description="What accepted, closed and each grade mean; or the path of its own file.")
    ] = Definition()
    audit: Annotated[AuditSettings, Field(description="Thresholds of the audit.")] = AuditSettings()
    training: Annotated[TrainingSettings, Field(description="What training tries.")] = TrainingSettings()
    promotion: Annotated[Bounds, Field(description="How far a challenger may be off.")] = Bounds()
    tracking: Annotated[TrackingSettings, Field(description="Where runs are kept.")] = TrackingSettings()
    ledger: Annotated[LedgerSettings, Field(description="Where sheets and signatures are kept.")] = LedgerSettings()
    serving: Annotated[ServingSettings, Field(description="How the service listens.")] = ServingSettings()
    seed: Annotated[int, Field(ge=0, description="The same data, definition and seed give the same scorer.")] = 1


@dataclass(frozen=True, slots=True)
class Opened:
    """A project's settings, its folder (paths in the file are relative to it) and its state."""

    settings: Project
    folder: Path
    state: State

    @property
    def tracking_uri(self) -> str:
        """`MLFLOW_TRACKING_URI`, else ``tracking.uri``, else the store in the project's state."""
        given = os.environ.get(TRACKING_URI, "").strip()
        if given:
            return given
        written = self.settings.tracking.uri
        return expand(written, f"{FILE}: tracking.uri") if written else self.state.tracking_uri

    @property
    def ledger_url(self) -> str:
        """`ACCORD_LEDGER_URL`, else ``ledger.url``, else the SQLite file in the project's state."""
        given = os.environ.get(LEDGER_URL, "").strip()
        if given:
            return given
        written = self.settings.ledger.url
        return expand(written, f"{FILE}: ledger.url") if written else self.state.ledger_url


def open_project(folder: Path) -> Opened:
    """The project in a folder. Raises `MisuseError` where there is none, or its file is wrong."""
    path = folder / FILE
    if not path.is_file():
        remedy = "Make one from an export with `accord init EXPORT`, or name its folder with --project DIR."
        raise MisuseError(f"There is no {FILE} here.", where=str(folder), remedy=remedy)
    return Opened(read(path, Project, {"definition": Definition}), folder, State.of_project(folder))
