"""Where a project keeps what it makes: ``.accord/`` beside its ``accord.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class State:
    """The folders of one project's state. Nothing exists until something is written; nothing is shared by projects."""

    folder: Path

    @classmethod
    def of_project(cls, project: Path) -> State:
        """The state beside the project's file."""
        return cls(project.resolve() / ".accord")

    @property
    def tracking_uri(self) -> str:
        """The embedded MLflow store: one SQLite file."""
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    @property
    def ledger_url(self) -> str:
        """The ledger where no other database is named: one SQLite file."""
        return f"sqlite:///{self.folder / 'ledger.db'}"

    @property
    def spool(self) -> Path:
        """Where rows for the ledger wait for its database, and what the service knows of it while it is down."""
        return self.folder / "spool"

    @property
    def artifacts(self) -> Path:
        """Artifacts of the embedded MLflow store."""
        return self.folder / "artifacts"

    @property
    def bento(self) -> Path:
        """The BentoML home: the model store a running service watches."""
        return self.folder / "bento"

    @property
    def dossiers(self) -> Path:
        """What each training run produced, one folder a run, whether or not a registry could take it."""
        return self.folder / "dossiers"

    @property
    def quarantine(self) -> Path:
        """Rows set aside, with the rule each broke."""
        return self.folder / "quarantine"

    @property
    def reports(self) -> Path:
        """Reports for people."""
        return self.folder / "reports"

    def make(self) -> State:
        """Creates the folder, closed to git so that no customer's data is committed by accident."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        return self
