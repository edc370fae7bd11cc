"""The mappings of the three real histories, and a guess of each."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

from crm.guess import guess, write
from crm.history import Kind, Known
from crm.mapping import Mapping
from crm.past import known_at
from crm.sources import Loaded, read
from tests.real import DATA, MARKS, example

pytestmark = MARKS


def guessed(text: str) -> Loaded:
    document = YAML(typ="safe").load(text)
    return read(Mapping.parse(document["history"], "accord.yaml: history"), Path.cwd())


def test_x_education_is_flat_with_select_read_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    result = example("x_education", monkeypatch)
    history = result.history
    assert len(history.leads) == 9_240
    assert history.milestones["milestone"].value_counts().to_dict() == {"no_decision": 5_679, "won": 3_561}
    assert not history.timed
    assert not history.tracks_acceptance
    found = result.placeholders.set_index(["column", "value"])["rows"]
    assert found["Specialization", "Select"] == 1_942
    assert found["Lead Profile", "Select"] == 4_146
    assert not history.leads.isin(["Select"]).any(axis=None)
    kinds = {field.name: field.kind for field in history.fields}
    assert kinds["Lead Number"] is Kind.IDENTIFIER
    assert kinds["TotalVisits"] is Kind.NUMBER
    assert kinds["Do Not Email"] is Kind.BOOLEAN
    assert "Converted" not in kinds
    assert result.quarantine.empty


def test_olist_has_842_wins_of_8000_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    result = example("olist_funnel", monkeypatch)
    history = result.history
    assert len(history.leads) == 8_000
    assert history.milestones["milestone"].value_counts().to_dict() == {"won": 842}
    assert history.exported_at == pd.Timestamp("2018-11-15T00:00Z")
    created = history.leads.set_index("lead_id")["created_at"]
    lag = history.milestones["reached_at"] - history.milestones["lead_id"].map(created)
    assert (lag < pd.Timedelta(0)).sum() == 1  # left to the audit
    known = {field.name: field.known for field in history.fields}
    assert known["lead_type"] is Known.AFTER_OUTCOME
    assert known["lead_behaviour_profile"] is Known.UNDECLARED
    assert history.leads["lead_behaviour_profile"].notna().sum() == 665
    assert result.quarantine.empty


def test_bpi2012_has_7455_cases_of_which_645_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    result = example("bpi2012", monkeypatch)
    history = result.history
    counts = history.milestones["milestone"].value_counts().to_dict()
    assert counts == {
        "handed_off": 4_139,
        "rejected": 3_922,
        "accepted": 2_863,
        "no_decision": 1_346,
        "won": 1_130,
        "lost": 412,
    }
    final = history.milestones[history.milestones["milestone"].isin(["rejected", "won", "lost", "no_decision"])]
    assert final["lead_id"].is_unique
    assert len(history.leads) == 7_455
    assert len(history.leads) - len(final) == 645
    assert len(history.activities) == 55_080
    assert history.exported_at == pd.Timestamp("2012-01-01T00:00Z")
    assert result.quarantine.empty


def test_bpi2012_of_a_past_date_holds_only_what_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    instant = pd.Timestamp("2011-11-15T00:00Z")
    past = known_at(example("bpi2012", monkeypatch).history, instant)
    assert len(past.leads) == (past.leads["created_at"] <= instant).sum() == 3_760
    assert past.activities["occurred_at"].max() <= instant
    assert past.milestones["reached_at"].max() <= instant


def test_the_real_histories_are_guessed_without_knowing_their_names() -> None:
    olist = guessed(write(guess(DATA / "olist_funnel")))
    assert len(olist.history.leads) == 8_000
    assert olist.history.milestones["milestone"].value_counts().to_dict() == {"won": 842}
    x_education = guessed(write(guess(DATA / "x_education")))
    assert x_education.history.milestones["milestone"].value_counts()["won"] == 3_561
    text = write(guess(DATA / "bpi2012"))
    assert "# A_DECLINED: rejected # 4,334 rows, 4,334 leads" in text  # O_DECLINED claims the same: a person decides
    assert "A_ACTIVATED: won" in text
    assert len(guessed(text).history.activities) > 100_000
