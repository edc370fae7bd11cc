"""The Bento model store: where a promoted scorer is put, and where the service looks for the newest.

Every put makes a new version; the newest version is in service. Going back is putting an earlier scorer again, so that
the order of versions is the order of what was in service.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import bentoml
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models import ModelStore

from crm.errors import UnavailableError
from models import agreement, artifact
from models.agreement import Agreement

NAME = "lead-score"
"""The model's name in the store and in the MLflow registry."""

SCORER = "scorer"
"""The folder of a stored model that holds the scorer's artifact."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of the scorer in the store. ``folder`` is what `models.artifact.load` reads.

    What both teams agreed on lies beside it, so that nobody who serves it asks the ledger.
    """

    tag: str
    folder: Path
    labels: Mapping[str, str]
    stored_at: datetime

    @property
    def version(self) -> str:
        """The store's own name of this version."""
        return self.tag.partition(":")[2]

    def agreement(self) -> Agreement | None:
        """The sheet it was handed over with, and who signed that; ``None`` where there was no sheet.

        Raises `AccordError` where it is not as it was put.
        """
        return agreement.read(self.folder.parent)


@dataclass(frozen=True, slots=True)
class Store:
    """The scorers kept in the folder of a Bento model store."""

    folder: Path

    @classmethod
    def here(cls) -> Store:
        """BentoML's own store in this process: the one packed in the Bento it runs, else ``$BENTOML_HOME/models``."""
        return cls(Path(BentoMLContainer.model_store.get()._path))  # noqa: SLF001 - BentoML has no public word for it

    def put(self, folder: Path, labels: Mapping[str, str], agreed: Agreement | None = None) -> str:
        """Copies a scorer's artifact into the store as its newest version, which running services take over.

        Args:
            folder: what `models.artifact.save` wrote.
            labels: ``version`` (of the registry) is shown in replies; others are kept for people.
            agreed: the sheet of the scorer and who signed it.

        Returns:
            The tag, ``lead-score:<version>``.

        Raises:
            AccordError: the folder holds no scorer, or not all of one. The store is left as it was.
            UnavailableError: the store cannot be written, such as on a full disk.
        """
        artifact.load(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with bentoml.models.create(NAME, labels=dict(labels), _model_store=self._models) as model:
                shutil.copytree(folder, model.path_of(SCORER))
                if agreed is not None:
                    agreement.write(agreed, Path(model.path_of(SCORER)).parent)
        except OSError as error:
            raise UnavailableError(
                "The service's store cannot be written; the service goes on with the scorer it has.",
                where=str(self.folder),
                got=error.strerror or str(error)[:300],
                remedy="Make room there, or give access, and run the same command again.",
            ) from error
        return str(model.tag)

    def newest(self) -> str | None:
        """The newest version, ``None`` where there is none. One small file is read, so it may be asked often."""
        try:
            return (self.folder / NAME / "latest").read_text("ascii", "replace").strip() or None
        except FileNotFoundError:
            return None

    def get(self, version: str) -> Stored:
        """One version. Raises `bentoml.exceptions.BentoMLException` where it is not there or not whole."""
        return _stored(self._models.get(f"{NAME}:{version}"))

    def versions(self) -> list[str]:
        """All versions that are whole, the newest first."""
        return [s.version for s in sorted(self._whole(), key=lambda s: s.stored_at, reverse=True)]

    def _whole(self) -> Iterator[Stored]:
        home = self.folder / NAME
        for folder in home.iterdir() if home.is_dir() else ():
            if (folder / "model.yaml").is_file():
                with suppress(Exception):  # BentoML raises as it comes; what cannot be read is not whole
                    yield self.get(folder.name)

    @property
    def _models(self) -> ModelStore:
        return ModelStore(self.folder)


def put(folder: Path, labels: Mapping[str, str], agreed: Agreement | None = None, *, home: Path | None = None) -> str:
    """Puts a scorer in service, see `Store.put`. ``home`` is a BentoML home; this process's own when not given."""
    store = Store.here() if home is None else Store(home / "models")
    return store.put(folder, labels, agreed)


def _stored(model: bentoml.Model) -> Stored:
    return Stored(
        tag=str(model.tag),
        folder=Path(model.path_of(SCORER)),
        labels=dict(model.info.labels),
        stored_at=model.info.creation_time,
    )
