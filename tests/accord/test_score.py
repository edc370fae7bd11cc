from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from accord.project import open_project
from accord.promotion import scorer_of
from crm.history import History
from crm.mapping import Mapping
from crm.simulation import Company, simulate
from crm.sources import read
from features.facts import Facts
from features.instants import micros_of
from models.scores import Scores

AS_OF = pd.Timestamp("2026-07-01", tz="UTC")

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def leads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file shaped like the simulated company's table of leads, with the accounts' columns at their side."""
    history = simulate(Company(leads=120), seed=4).history
    accounts = history.accounts.rename(columns=lambda name: name if name == "account_id" else f"account.{name}")
    table = history.leads.merge(accounts, on="account_id", how="left")
    path = tmp_path_factory.mktemp("leads") / "leads.csv"
    table.to_csv(path, index=False)
    return path


def expected(project: Path, history: History, rows: np.ndarray, reasons: int = 0) -> tuple[list[str], Scores]:
    scorer = scorer_of(open_project(project), "champion")
    facts = Facts.of_history(history, scorer.fields)
    scores = scorer.score(facts, rows, np.full(len(rows), micros_of(AS_OF)), reasons=reasons)
    return [facts.lead_ids[row] for row in rows], scores


def without_groups(history: History) -> History:
    """The leads as a file tells of them: attributes, an account of one's own, nothing that happened."""
    row = np.arange(len(history.leads)).astype(str)
    company = history.leads[["account_id"]].merge(history.accounts, on="account_id", how="left")
    leads, accounts = (table.assign(account_id=pd.Series(row, dtype="str")) for table in (history.leads, company))
    return History(leads, AS_OF, history.fields, accounts=accounts)


def test_a_file_is_scored_as_the_scorer_itself_would(promoted: Path, leads: Path, tmp_path: Path, accord: Run) -> None:
    out = tmp_path / "scores.csv"
    accord("score", leads, "-o", out, "--project", promoted, "--as-of", "2026-07-01", "--reasons", 2)
    own = read(Mapping.model_validate({"source": {"simulated": {"leads": 120, "seed": 4}}}), tmp_path).history
    ids, scores = expected(promoted, without_groups(own), np.arange(120), 2)
    told = pd.read_csv(out, dtype={"lead_id": "str"})
    assert told["lead_id"].tolist() == ids
    np.testing.assert_allclose(told["p_close"], scores.p_close, rtol=0, atol=1e-9)
    np.testing.assert_allclose(told["p_accept"], scores.p_accept, rtol=0, atol=1e-9)
    assert told["score"].tolist() == scores.score.tolist()
    assert told["grade"].tolist() == scores.grade.tolist()
    assert told["reason_1"].tolist() == [row[0].text for row in scores.reasons]
    assert set(told["model"].astype(str)) == {"1"}


def test_the_projects_own_open_leads_are_scored_with_all_that_is_known(
    promoted: Path, tmp_path: Path, accord: Run
) -> None:
    out = tmp_path / "scores.parquet"
    accord("score", "-o", out, "--project", promoted, "--reasons", 1, "--language", "fr", "--chunk", 50)
    history = read(open_project(promoted).settings.history, promoted).history
    told = pd.read_parquet(out)
    facts = Facts.of_history(history, history.fields)
    ids, scores = expected(promoted, history, facts.rows(told["lead_id"]))
    assert ids == told["lead_id"].tolist()
    np.testing.assert_allclose(told["p_close"], scores.p_close, rtol=0, atol=1e-9)
    final = history.milestones["milestone"].isin(["won", "lost", "rejected", "no_decision"])
    assert set(ids) == set(history.leads["lead_id"]) - set(history.milestones.loc[final, "lead_id"])


def test_stories_come_in_columns_of_their_own(promoted: Path, leads: Path, tmp_path: Path, accord: Run) -> None:
    common = ("--project", promoted, "--as-of", "2026-07-01", "--language", "fr")
    accord("score", leads, "-o", tmp_path / "file.csv", "--stories", *common)
    accord("score", "-o", tmp_path / "history.parquet", "--stories", "--reasons", 1, *common)
    for told in (pd.read_csv(tmp_path / "file.csv"), pd.read_parquet(tmp_path / "history.parquet")):
        assert told[["why", "who", "how"]].notna().all().all()
        assert told["who"].str.startswith("Classe").all()
    accord("score", leads, "-o", tmp_path / "plain.csv", *common)
    assert not {"why", "who", "how"} & set(pd.read_csv(tmp_path / "plain.csv").columns)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_neither_chunks_nor_formats_change_a_score(
    promoted: Path, leads: Path, tmp_path: Path, accord: Run, ending: str
) -> None:
    pd.read_csv(leads, dtype="str").to_parquet(tmp_path / "leads.parquet")
    common = ("--project", promoted, "--as-of", "2026-07-01")
    accord("score", leads, "-o", tmp_path / "a.parquet", *common)
    out = tmp_path / f"b{ending}"
    accord("score", tmp_path / "leads.parquet", "-o", out, "--chunk", 7, *common)
    one = pd.read_parquet(tmp_path / "a.parquet")
    other = pd.read_parquet(out) if ending == ".parquet" else pd.read_csv(out, dtype={"lead_id": "str", "model": "str"})
    assert other["lead_id"].tolist() == one["lead_id"].tolist()
    np.testing.assert_allclose(other["p_close"], one["p_close"], rtol=0, atol=1e-12)
    assert other["grade"].tolist() == one["grade"].tolist()


def test_bad_rows_are_counted_and_kept(promoted: Path, leads: Path, tmp_path: Path, accord: Run) -> None:
    lines = leads.read_text().splitlines()
    lines[3] = lines[3].split(",", 1)[1]  # one value too few
    lines[5] = "," + lines[5].split(",", 1)[1]  # no key
    (tmp_path / "bad.csv").write_text("\n".join(lines) + "\n")
    result = accord("score", tmp_path / "bad.csv", "-o", tmp_path / "out.csv", "--project", promoted, "--json")
    told = json.loads(result.stdout)
    rules = {problem["rule"]: problem["rows"] for problem in told["set_aside"]}
    assert rules["wrong_number_of_values"] == rules["missing_key"] == 1
    assert told["scored"] == 118 == sum(told["grades"].values()) == len(pd.read_csv(tmp_path / "out.csv"))
    words = accord("score", tmp_path / "bad.csv", "-o", tmp_path / "out.csv", "--project", promoted)
    assert "118 leads scored" in words.stdout
    assert "1 x missing_key (lead_id): not scored" in words.stderr
    assert "1 x missing_key (lead_id)" in words.stderr
    kept = pd.read_csv(promoted / ".accord/quarantine/score.csv")
    assert len(kept) == 2
    assert kept["record"].str.len().min() > 10


def test_a_file_of_bad_rows_only_is_refused_and_kept(promoted: Path, leads: Path, tmp_path: Path, accord: Run) -> None:
    lines = leads.read_text().splitlines()[:3]
    (tmp_path / "bad.csv").write_text(
        "\n".join([lines[0], *("," + line.split(",", 1)[1] for line in lines[1:])]) + "\n"
    )
    said = accord("score", tmp_path / "bad.csv", "-o", tmp_path / "out.csv", "--project", promoted, code=3).stderr
    assert "No lead of this file can be scored" in said
    assert not (tmp_path / "out.csv").exists()
    assert len(pd.read_csv(promoted / ".accord/quarantine/score.csv")) == 2


def test_a_score_is_as_of_now_unless_said(promoted: Path, leads: Path, tmp_path: Path, accord: Run) -> None:
    before = pd.Timestamp.now("UTC")
    accord("score", leads, "-o", tmp_path / "out.parquet", "--project", promoted)
    (as_of,) = pd.read_parquet(tmp_path / "out.parquet")["as_of"].unique()
    assert before <= as_of <= pd.Timestamp.now("UTC")


def test_the_challenger_can_be_asked_before_it_is_promoted(
    trained: Path, leads: Path, tmp_path: Path, accord: Run
) -> None:
    out = tmp_path / "out.csv"
    said = accord("score", leads, "-o", out, "--project", trained, code=1).stderr
    assert "None has been promoted yet" in said
    assert not out.exists()
    accord("score", leads, "-o", out, "--project", trained, "--scorer", "challenger")
    assert out.exists()


def test_scoring_goes_on_while_the_registry_is_down(
    promoted: Path, leads: Path, tmp_path: Path, accord: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    accord("score", leads, "-o", tmp_path / "out.csv", "--project", promoted)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("{leads}",), 2, "Name a file"),
        (("{leads}", "--history", "-o", "a.csv"), 2, "exclude each other"),
        (("{leads}", "-o", "a.xlsx"), 3, "names no format"),
        (("{leads}", "-o", "nowhere/a.csv"), 3, "folder to write to is not there"),
        (("nowhere.csv", "-o", "a.csv"), 3, "not there"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(
    promoted: Path, leads: Path, accord: Run, arguments: tuple[str, ...], code: int, said: str,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    filled = [argument.format(leads=leads) for argument in arguments]
    assert said in accord("score", *filled, "--project", promoted, code=code).stderr
    assert list(tmp_path.iterdir()) == []


def test_instants_in_a_file_of_scores_name_their_zone(promoted: Path, leads: Path, tmp_path: Path, accord: Run) -> None:
    out = tmp_path / "scores.csv"
    accord("score", leads, "-o", out, "--project", promoted, "--as-of", "2026-07-01")
    assert set(pd.read_csv(out, dtype="str")["as_of"]) == {"2026-07-01 00:00:00.000000Z"}
