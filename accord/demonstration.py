"""The demo's project: a simulated company, trained and promoted, and a request that it answers."""

from __future__ import annotations

import json
import shlex
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from accord.agreement import ledger_of
from accord.bulk import Asked, score_history
from accord.console import say
from accord.learning import learn, tell
from accord.project import FILE, Opened, open_project
from accord.promotion import promote, scorer_of
from accord.recorded import Recorded
from accord.signing import sign
from crm.history import FINAL, Field, History, Kind
from crm.sources import read
from models.scorer import Scorer
from serving.ledger import schema
from training.progress import Step, within
from training.tracking import CHAMPION

PROJECT = Path(__file__).with_name("demo.yaml")
"""The accord.yaml that the demo starts from."""

SHOWN = frozenset({"source", "campaign", "country", "job_title", "email", "phone_given", "industry", "employees"})
"""Attributes in the printed request: enough to read, few enough to copy."""

SIGNERS = {"marketing": "Demo Marketing", "sales": "Demo Sales"}
"""The demo's teams, invented like the company."""

_ACTIVITIES = 3
_RECENT = pd.Timedelta(days=14)


def prepare(folder: Path, step: Step) -> Opened:
    """The demo's project in ``folder``, trained, signed and promoted.

    Doing it again trains again, to the same scorer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    if not path.exists():
        shutil.copyfile(PROJECT, path)
    opened = open_project(folder)
    learned = learn(opened, within(step, 0.0, 0.9))
    tell(opened, learned.dossier, within(step, 0.9, 0.97))
    signed = learned.dossier.sheet is not None
    if signed:
        for role, name in SIGNERS.items():
            sign(opened, role, name, datetime.now(UTC))
    else:
        say("The training measured no promises, so there is nothing to sign: the demo is served on trial.")
    promote(opened, within(step, 0.97, 0.98), on_trial=not signed)
    _fill_the_list(opened, within(step, 0.98, 1.0))
    return opened


def _fill_the_list(opened: Opened, step: Step) -> None:
    """Puts the scores of the open leads into the ledger, once, so that there is a list to work from."""
    if schema.state(ledger_of(opened).database).rows["standings"]:
        return
    champion = scorer_of(opened, CHAMPION)
    recorded = Recorded(opened, champion)
    score_history(opened, champion, opened.state.folder / "open-leads.csv", Asked(reasons=3), step, recorded)
    recorded.finish()


def request(opened: Opened, url: str) -> str:
    """A curl command with a lead of the simulated company, for a person to copy."""
    body = json.dumps({"leads": [_lead(opened, scorer_of(opened, CHAMPION))]}, ensure_ascii=False)
    return f"curl -s {url}/v1/scores -H 'Content-Type: application/json' \\\n  -d {shlex.quote(body)}"


def _lead(opened: Opened, scorer: Scorer) -> dict[str, object]:
    """An undecided lead of a company, the one that did most kinds of things lately, as a request would hold it."""
    history = read(opened.settings.history, opened.folder).history
    recent = history.activities[history.activities["occurred_at"] > history.exported_at - _RECENT]
    companies = history.leads.loc[history.leads["account_id"].notna(), "lead_id"]
    done = recent[recent["lead_id"].isin(set(companies) - _decided(history))]
    kinds = done.sort_values("occurred_at").drop_duplicates(["lead_id", "kind"], keep="last")
    lead_id = kinds["lead_id"].value_counts().sort_index().idxmax()
    mine = kinds[kinds["lead_id"] == lead_id].tail(_ACTIVITIES)
    lead = history.leads.set_index("lead_id").loc[lead_id]
    account = history.accounts.set_index("account_id").loc[lead["account_id"]]
    return {
        "lead_id": str(lead_id),
        "created_at": lead["created_at"].isoformat(),
        "as_of": history.exported_at.isoformat(),
        "attributes": _shown(lead, [f for f in scorer.fields if not f.of_account]),
        "account": _shown(account, [f for f in scorer.fields if f.of_account]),
        "activities": [
            {"kind": str(kind), "occurred_at": at.isoformat()}
            for kind, at in zip(mine["kind"], mine["occurred_at"], strict=True)
        ],
    }


def _decided(history: History) -> set[str]:
    final = history.milestones["milestone"].isin([str(milestone) for milestone in FINAL])
    return set(history.milestones.loc[final, "lead_id"])


def _shown(row: pd.Series, fields: list[Field]) -> dict[str, object]:
    given = [field for field in fields if field.column in SHOWN and pd.notna(row.get(field.column))]
    return {field.column: _written(row[field.column], field.kind) for field in given}


def _written(value: object, kind: Kind) -> object:
    """A value as a person would write it in a request: yes or no, and whole numbers without a point."""
    if kind is Kind.BOOLEAN:
        return bool(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value
