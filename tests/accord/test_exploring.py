"""Training in a project whose definition has segments and a draw by lot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from accord.agreement import draws_of, ledger_of
from accord.project import open_project
from crm.sources import read
from serving.ledger.tables import scores
from tests.accord.conftest import TINY

Run = Callable[..., Any]
DEFINITION = "{close_days: 120, exploration: {share: 0.2, grades: [D]}, segments: {marketing: {big: {rule: %s}}}}"


def project(folder: Path, rule: str = "{field: account.employees, at_least: 200}") -> Path:
    text = TINY.replace("{close_days: 120}", DEFINITION % rule)
    (folder / "accord.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_segment_that_makes_no_sense_is_refused_before_training(tmp_path: Path, accord: Run) -> None:
    told = accord("train", "--project", project(tmp_path, "{field: account.employes, at_least: 2}"), code=2)
    said = " ".join(told.stderr.split())
    assert "definition.segments.marketing.big.rule.field: The history has no field of this name" in said
    assert "Did you mean 'account.employees'" in said
    assert not list((tmp_path / ".accord").glob("dossiers/*"))


def test_training_reads_the_draws_of_the_ledger(tmp_path: Path, accord: Run) -> None:
    opened = open_project(project(tmp_path))
    leads = read(opened.settings.history, opened.folder).history.leads
    given = {"score": 5, "p_close": 0.1, "enough_information": True, "reasons": "[]", "features": b"", "about": "{}"}
    given |= {"model_version": "1", "stored_version": "x", "caller": "local", "request_id": "r", "grade": "D"}
    given |= {"catalog": "0" * 64, "definition_version": "0" * 64}
    with ledger_of(opened).database.writing() as connection:
        for i, (lead_id, created) in enumerate(zip(leads["lead_id"], leads["created_at"], strict=True)):
            at = created.to_pydatetime().replace(day=28)
            own = {"id": f"{i:032x}", "lead_id": lead_id, "given_at": at, "as_of": at, "explored": i % 3 == 0}
            connection.execute(sa.insert(scores).values({**given, **own}))
    assert draws_of(opened) is not None
    told = accord("train", "--project", tmp_path, "--later")
    assert "were not drawn to be worked" in " ".join((told.stdout + told.stderr).split())
