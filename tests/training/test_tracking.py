from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from crm.errors import AccordError, UnavailableError
from crm.simulation import Company, simulate
from models import artifact
from models.definition import Definition
from models.pyfunc import LeadScore, input_columns
from models.scorer import Scorer
from tests.drawn import fitted
from training.dossier import FORWARD_COLUMNS, About, DataSource, Dossier, Metric, newest, write
from training.tracking import (
    CHALLENGER,
    DOSSIER_TAG,
    MODEL,
    Recorded,
    Store,
    check,
    connected,
    dossier_of,
    record,
)

ROW = {
    "lead_id": "l1",
    "as_of": "2026-03-02T00:00:00+00:00",
    "created_at": "2026-03-01T00:00:00",
    "source": "webinar",
    "activities": '[{"kind": "email_open", "occurred_at": "2026-03-01T10:00:00Z"}]',
}


def hand_made() -> Scorer:
    """A scorer with drawn weights on the simulated company's features."""
    return fitted(simulate(Company(leads=300, leaks=False), seed=3).history)


def dossier(root: Path, scorer: Scorer) -> Dossier:
    about = About(
        project="acme",
        artifact=artifact.hash_of(scorer),
        definition={"name": "lead", "version": scorer.definition.version},
        exported_at=scorer.meta.trained_at,
        parameters={"training.seed": 5, "close.candidate": "linear" * 200},
        metrics=(
            Metric("close.log_loss", 0.41, 0),
            Metric("close.log_loss", 0.39, 1),
            Metric("close.all.log_loss", 0.4),
        ),
        data=DataSource("acme", "simulated", "d" * 64, {"leads": 300}, {"source": "string"}),
        dates=("2025-06-01", "2026-01-01"),
        used_fields=tuple(field.name for field in scorer.fields),
    )
    forward = pd.DataFrame({name: pd.Series(dtype="float64") for name in FORWARD_COLUMNS})
    return write(
        root,
        scorer,
        about,
        forward=forward,
        arrivals=pd.DataFrame(),
        audit={"findings": []},
        card="# Card\n",
        example=ROW,
        files={"reports/training.html": b"<p>report</p>"},
    )


@dataclass(frozen=True)
class Tracked:
    scorer: Scorer
    dossier: Dossier
    store: Store
    recorded: Recorded


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Tracked:
    folder = tmp_path_factory.mktemp("tracking")
    scorer = hand_made()
    written = dossier(folder / "dossiers", scorer)
    store = Store(f"sqlite:///{folder}/mlflow.db", "acme", folder / "artifacts")
    return Tracked(scorer, written, store, record(written, store))


def rows(count: int = 30) -> pd.DataFrame:
    """Flat leads: some attributes given, some not."""
    rng = np.random.default_rng(11)
    return pd.DataFrame(
        {
            "lead_id": [f"l{i}" for i in range(count)],
            "as_of": pd.Timestamp("2026-03-02") + pd.to_timedelta(rng.integers(0, 40, count), unit="D"),
            "created_at": pd.Timestamp("2026-03-01"),
            "source": rng.choice(["webinar", "referral", None], count),
            "activities": [ROW["activities"] if i % 2 else None for i in range(count)],
        }
    )


def test_a_dossier_comes_back_as_it_was_written(tracked: Tracked) -> None:
    about = tracked.dossier.about
    assert about.metrics[1] == Metric("close.log_loss", 0.39, 1)
    assert about.data.rows == {"leads": 300}
    assert tracked.dossier.audit == []
    assert newest(tracked.dossier.folder.parent) == tracked.dossier
    assert artifact.hash_of(tracked.dossier.scorer()) == about.artifact


def test_a_dossier_about_another_scorer_is_not_written(tracked: Tracked, tmp_path: Path) -> None:
    other = replace(tracked.scorer, definition=Definition(close_days=90))
    with pytest.raises(AccordError, match="not the one these facts are about"):
        write(
            tmp_path / "dossiers",
            other,
            tracked.dossier.about,
            forward=tracked.dossier.forward,
            arrivals=pd.DataFrame(),
            audit={"findings": []},
            card="",
        )
    assert list((tmp_path / "dossiers").iterdir()) == []


def test_a_run_holds_parameters_metrics_by_date_lineage_and_every_file(tracked: Tracked) -> None:
    with connected(tracked.store) as client:
        run = client.get_run(tracked.recorded.run_id)
        history = client.get_metric_history(run.info.run_id, "close.log_loss")
        files = {file.path for file in client.list_artifacts(run.info.run_id, tracked.dossier.id)}
        reports = [file.path for file in client.list_artifacts(run.info.run_id, f"{tracked.dossier.id}/reports")]
    assert run.data.params["training.seed"] == "5"
    assert len(run.data.params["close.candidate"]) == 500
    assert [(m.step, m.value) for m in history] == [(0, 0.41), (1, 0.39)]
    assert run.data.tags["accord.date.1"] == "2026-01-01"
    (lineage,) = run.inputs.dataset_inputs
    assert lineage.dataset.digest == "d" * 32
    assert json.loads(lineage.dataset.profile) == {"leads": 300}
    assert reports == [f"{tracked.dossier.id}/reports/training.html"]
    assert {f"{tracked.dossier.id}/{name}" for name in ("about.json", "audit.json", "card.md", "scorer")} <= files


def test_the_recorded_scorer_is_the_challenger(tracked: Tracked) -> None:
    with connected(tracked.store) as client:
        version = client.get_model_version_by_alias(MODEL, CHALLENGER)
    assert str(version.version) == tracked.recorded.version
    assert version.tags[DOSSIER_TAG] == tracked.dossier.id
    assert tracked.recorded.new


def test_recording_twice_changes_nothing(tracked: Tracked) -> None:
    again = record(tracked.dossier, tracked.store)
    assert again == replace(tracked.recorded, new=False)
    with connected(tracked.store) as client:
        assert len(client.search_model_versions(f"name='{MODEL}'")) == 1


def test_a_recording_cut_short_is_made_whole_by_the_next(tracked: Tracked, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/mlflow.db", "acme", tmp_path / "artifacts")
    with pytest.raises(KeyboardInterrupt):
        record(tracked.dossier, store, step=_stop_when_half_done)
    recorded = record(tracked.dossier, store)
    with connected(store) as client:
        runs = client.search_runs([client.get_experiment_by_name("acme").experiment_id])
        assert sorted(run.info.status for run in runs) == ["FAILED", "FINISHED"]
        assert client.get_model_version(MODEL, recorded.version).run_id == recorded.run_id


def _stop_when_half_done(stage: str, done: float) -> None:
    if done >= 0.5:
        raise KeyboardInterrupt


def test_a_registered_scorer_comes_back_from_the_registry_alone(tracked: Tracked, tmp_path: Path) -> None:
    back = dossier_of(tracked.recorded.version, tracked.store, tmp_path / "fetched")
    assert back.about == tracked.dossier.about
    assert artifact.hash_of(back.scorer()) == tracked.dossier.about.artifact


def test_the_pyfunc_loads_in_a_fresh_process_outside_the_source_tree(tracked: Tracked, tmp_path: Path) -> None:
    rows().to_parquet(tmp_path / "rows.parquet")
    program = f"""
import mlflow, pandas as pd, sys
mlflow.set_tracking_uri({tracked.store.uri!r})
model = mlflow.pyfunc.load_model("models:/{MODEL}@{CHALLENGER}")
assert "crm" in sys.modules and not sys.modules["crm"].__file__.startswith({str(Path.cwd())!r}), sys.modules["crm"]
out = model.predict(pd.read_parquet("rows.parquet"), params={{"reasons": 2, "language": "fr"}})
out.to_parquet("out.parquet")
example = model.input_example
assert len(model.predict(example)) == 1
"""
    hidden = "import sys; sys.meta_path = [f for f in sys.meta_path if 'editable' not in repr(f)]; "
    hidden += f"sys.path = [p for p in sys.path if p and p != {str(Path.cwd())!r}]\n"
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONPATH": ""}
    run = subprocess.run(
        [sys.executable, "-c", hidden + program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    out = pd.read_parquet(tmp_path / "out.parquet")
    expected = LeadScore(tracked.scorer).predict(rows(), {"reasons": 2, "language": "fr"})
    pd.testing.assert_frame_equal(out, expected, check_dtype=False, rtol=0, atol=1e-9)
    assert json.loads(out["reasons"][0])[0].keys() == {"feature", "points", "text"}


def test_the_signature_names_every_column(tracked: Tracked) -> None:
    with connected(tracked.store):
        info = mlflow.models.get_model_info(f"models:/{MODEL}/{tracked.recorded.version}")
    named = {column.name: column.required for column in info.signature.inputs.inputs}
    assert named == {name: must for name, (_, must) in input_columns(tracked.scorer).items()}
    assert [name for name, must in named.items() if must] == ["lead_id", "as_of"]


def test_a_server_that_does_not_answer_is_told_within_seconds() -> None:
    store = Store("http://someone:secret@127.0.0.1:9", "acme")
    with pytest.raises(UnavailableError) as caught:
        check(store)
    assert caught.value.where == "http://127.0.0.1:9"
    assert "secret" not in str(caught.value)
    assert "MLFLOW_TRACKING_URI" in (caught.value.remedy or "")


@pytest.mark.parametrize("before", [None, "sqlite:////elsewhere.db"])
def test_where_mlflow_points_is_put_back(tracked: Tracked, before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if before:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", before)
    with connected(tracked.store):
        assert mlflow.get_tracking_uri() == tracked.store.uri
    assert os.environ.get("MLFLOW_TRACKING_URI") == before
    assert mlflow.get_tracking_uri() != tracked.store.uri


def test_mlflow_never_writes_to_stdout(tracked: Tracked, capsys: pytest.CaptureFixture[str]) -> None:
    with connected(tracked.store):
        sys.stdout.write("MLflow says where the run can be seen")
    assert capsys.readouterr().out == ""
