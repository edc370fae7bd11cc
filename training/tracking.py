"""Everything of a run in MLflow: a dossier becomes a run, a model that any MLflow user can load, and a challenger.

Only what is in a dossier is recorded, so a registry that was down can be told later. Recording twice is recording once.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Metric as MlflowMetric
from mlflow.entities import Param, RunTag
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
from sqlalchemy.exc import SQLAlchemyError

from crm.errors import AccordError, UnavailableError
from models import pyfunc
from models.scorer import Scorer
from training.dossier import EXAMPLE, SCORER, About, Dossier
from training.progress import Step, silent
from training.quiet import environment, quiet

MODEL = "lead-score"
TRACKING_URI = "MLFLOW_TRACKING_URI"
CHALLENGER, CHAMPION = "challenger", "champion"

DOSSIER_TAG = "accord.dossier"
MODEL_TAG = "accord.model"

ROOMS = ("crm", "features", "models")
"""The packages a scorer needs to be loaded, sent along with it."""

REQUIREMENTS = ("babel", "lightgbm", "msgspec", "numpy", "pandas", "pydantic", "scipy")
"""What those packages import, pinned to what the scorer was made with."""

_LONGEST = 500  # characters of a parameter that every MLflow backend takes
_BATCH = 100  # parameters in one request
_TOLD = 240  # characters of an error of MLflow's that a person is shown
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


@dataclass(frozen=True, slots=True)
class Store:
    """An MLflow tracking server or database, and the experiment in it. ``artifacts`` is for a new experiment only."""

    uri: str
    experiment: str = "lead-score"
    artifacts: Path | None = None

    @property
    def place(self) -> str:
        """The address without a user's name and password, for messages."""
        return _CREDENTIALS.sub("//", self.uri)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a dossier is in MLflow. ``new`` is false where it had been recorded before."""

    run_id: str
    version: str
    new: bool


@contextlib.contextmanager
def connected(store: Store, *, patient: bool = True) -> Iterator[MlflowClient]:
    """A client of the store while the block runs; MLflow's own talk is kept off stdout.

    A caller that is not patient learns within seconds that a server does not answer. Raises `UnavailableError` for a
    store that cannot be reached, `AccordError` for one that refuses.
    """
    with quiet(), environment({} if patient else _PATIENCE), _told(store), _pointed_at(store.uri):
        yield MlflowClient()


def check(store: Store) -> None:
    """Asks the store for one experiment. Raises `UnavailableError` within seconds if it does not answer."""
    with connected(store, patient=False) as client:
        client.search_experiments(max_results=1)


def record(dossier: Dossier, store: Store, step: Step = silent) -> Recorded:
    """Records the dossier as a run, registers its scorer as `MODEL` and makes it the challenger.

    Safe to repeat: a dossier that is recorded already keeps its run and version, one whose recording was cut short gets
    a new run.
    """
    about = dossier.about
    with connected(store) as client:
        step("Recording the run", 0.0)
        experiment = _experiment(client, store)
        run_id, new = _recorded_run(client, experiment, dossier), False
        if run_id is None:
            run_id, new = _write_run(client, experiment, dossier, about, step), True
        step("Registering the scorer", 0.9)
        version = _version(client, run_id, dossier, about)
        client.set_registered_model_alias(MODEL, CHALLENGER, version)
        step("Registering the scorer", 1.0)
    return Recorded(run_id, version, new)


def dossier_of(version: str, store: Store, folder: Path) -> Dossier:
    """The dossier of a registered version, brought into ``folder`` where it is not there yet."""
    with connected(store) as client:
        found = client.get_model_version(MODEL, version)
        name = found.tags.get(DOSSIER_TAG)
        if name is None:
            remedy = "Train and promote a scorer with Accord."
            raise AccordError("This version was not registered by Accord.", where=f"{MODEL} {version}", remedy=remedy)
        if not (folder / name).is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as scratch:
                client.download_artifacts(str(found.run_id), name, scratch)
                (Path(scratch) / name).rename(folder / name)
    return Dossier(folder / name)


def signature_of(scorer: Scorer) -> ModelSignature:
    """The columns that the scorer's pyfunc takes and gives, and its parameters."""
    given = pyfunc.input_columns(scorer).items()
    inputs = Schema([ColSpec(kind, name, required=must) for name, (kind, must) in given])
    outputs = Schema([ColSpec(kind, name, required=name != "p_accept") for name, kind in pyfunc.OUTPUT.items()])
    params = ParamSchema(
        [
            ParamSpec("reasons", "integer", 0),
            ParamSpec("language", "string", "en"),
            ParamSpec("story", "boolean", default=False),
        ]
    )
    return ModelSignature(inputs=inputs, outputs=outputs, params=params)


def _experiment(client: MlflowClient, store: Store) -> str:
    found = client.get_experiment_by_name(store.experiment)
    if found is not None:
        return str(found.experiment_id)
    place = store.artifacts.as_uri() if store.artifacts else None
    return str(client.create_experiment(store.experiment, artifact_location=place))


def _recorded_run(client: MlflowClient, experiment: str, dossier: Dossier) -> str | None:
    finished = f"tags.`{DOSSIER_TAG}` = '{dossier.id}' and attributes.status = 'FINISHED'"
    runs = client.search_runs([experiment], finished, max_results=1)
    return str(runs[0].info.run_id) if runs else None


def _write_run(client: MlflowClient, experiment: str, dossier: Dossier, about: About, step: Step) -> str:
    tags = {DOSSIER_TAG: dossier.id, "accord.artifact": about.artifact, **about.tags}
    with mlflow.start_run(experiment_id=experiment, run_name=f"{about.project} {dossier.id[:8]}", tags=tags) as run:
        run_id = str(run.info.run_id)
        _write_facts(client, run_id, about, run.info.start_time)
        mlflow.log_input(_Lineage(about), context="training")
        step("Recording the run", 0.3)
        client.log_artifacts(run_id, str(dossier.folder), dossier.id)
        step("Recording the run", 0.6)
        client.set_tag(run_id, MODEL_TAG, _log_model(dossier))
    return run_id


def _write_facts(client: MlflowClient, run_id: str, about: About, at: int) -> None:
    params = [Param(name, str(value)[:_LONGEST]) for name, value in sorted(about.parameters.items())]
    metrics = [MlflowMetric(m.name, m.value, at, m.step or 0) for m in about.metrics]
    tags = [RunTag(f"accord.date.{i}", date) for i, date in enumerate(about.dates)]
    tags += [RunTag(f"accord.definition.{name}", value) for name, value in about.definition.items()]
    for start in range(0, max(len(params), len(metrics), len(tags), 1), _BATCH):
        part = slice(start, start + _BATCH)
        client.log_batch(run_id, metrics=metrics[part], params=params[part], tags=tags[part])


class _Lineage(MetaDataset):
    """Where a history came from, what is in it, and the digest of its content; never the data."""

    def __init__(self, about: About) -> None:
        data = about.data
        self._rows = dict(data.rows)
        schema = Schema([ColSpec(kind, name) for name, kind in data.columns.items()]) if data.columns else None
        source = CodeDatasetSource({"source": data.source, "exported_at": about.exported_at})
        super().__init__(source, name=data.name, digest=data.digest[:32], schema=schema)

    @property
    def profile(self) -> dict[str, int]:
        """Rows of each table."""
        return self._rows

    def to_dict(self) -> dict[str, str]:
        """What MLflow keeps: text values only."""
        return {**super().to_dict(), "profile": json.dumps(self._rows)}


def _log_model(dossier: Dossier) -> str:
    scorer = dossier.scorer()
    root = Path(pyfunc.__file__).parents[1]
    info = mlflow.pyfunc.log_model(
        name="scorer",
        loader_module=pyfunc.__name__,
        data_path=str(dossier.folder / SCORER),
        code_paths=[str(root / room) for room in ROOMS],
        signature=signature_of(scorer),
        input_example=_example(dossier, scorer),
        pip_requirements=[f"{name}=={metadata.version(name)}" for name in REQUIREMENTS],
    )
    return str(info.model_uri)


def _example(dossier: Dossier, scorer: Scorer) -> pd.DataFrame | None:
    path = dossier.folder / EXAMPLE
    if not path.is_file():
        return None
    rows = pd.DataFrame([json.loads(path.read_text(encoding="utf-8"))])
    kinds = pyfunc.input_columns(scorer)
    dated = [name for name in rows if kinds[name][0] == pyfunc.DATETIME]
    times = {name: pd.to_datetime(rows[name], utc=True).dt.tz_localize(None) for name in dated}
    return rows.assign(**times)


def _version(client: MlflowClient, run_id: str, dossier: Dossier, about: About) -> str:
    """The version of this run's scorer, registered now if it was not."""
    with contextlib.suppress(MlflowException):  # it exists: said by an error only
        client.create_registered_model(MODEL, description="The lead score: p_accept, p_close, score, grade, reasons.")
    known: list[ModelVersion] = client.search_model_versions(f"name='{MODEL}' and run_id='{run_id}'")
    if known:
        return str(known[0].version)
    model_uri = client.get_run(run_id).data.tags[MODEL_TAG]
    tags = {DOSSIER_TAG: dossier.id, "accord.artifact": about.artifact, "accord.project": about.project}
    made = client.create_model_version(MODEL, model_uri, run_id, tags=tags, model_id=model_uri.removeprefix("models:/"))
    return str(made.version)


@contextlib.contextmanager
def _pointed_at(uri: str) -> Iterator[None]:
    """MLflow's own calls go to ``uri``. MLflow keeps it in the environment as well: both are put back."""
    before = os.environ.get(TRACKING_URI)
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri("")
        os.environ.pop(TRACKING_URI, None)
        if before is not None:
            mlflow.set_tracking_uri(before)


@contextlib.contextmanager
def _told(store: Store) -> Iterator[None]:
    """MLflow's errors as ours: what cannot be reached, and what was refused."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        said = _CREDENTIALS.sub("//", " ".join(str(error).split()))[:_TOLD]
        code = getattr(error, "error_code", "")
        if code in {
            "INVALID_PARAMETER_VALUE",
            "RESOURCE_DOES_NOT_EXIST",
            "RESOURCE_ALREADY_EXISTS",
            "PERMISSION_DENIED",
        }:
            raise AccordError(f"MLflow refused: {said}", where=store.place) from error
        raise UnavailableError(
            f"The MLflow store does not answer: {said}",
            where=store.place,
            remedy="Start it, or correct `tracking.uri` in accord.yaml or MLFLOW_TRACKING_URI, and run this again.",
        ) from error
