"""The demo's project: a simulated company, trained and promoted, and a request that it answers."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from accord.learning import learn, tell
from accord.project import FILE, Opened, open_project
from accord.promotion import promote, scorer_of
from crm.history import Kind
from crm.sources import read
from models.scorer import Scorer
from training.progress import Step, within

TEXT = """\
# The demo: a simulated company. Nothing here is about real people.
name: demo
history:
  source:
    simulated: {leads: 3000, seed: 7}
training:
  dates: 3
"""

_SHOWN = 5  # attributes in the printed request


def prepare(folder: Path, step: Step) -> Opened:
    """The demo's project in ``folder``, trained and promoted. Doing it again trains again, to the same scorer."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    if not path.exists():
        path.write_text(TEXT, encoding="utf-8")
    opened = open_project(folder)
    learned = learn(opened, within(step, 0.0, 0.9))
    tell(opened, learned.dossier, within(step, 0.9, 0.97))
    promote(opened, within(step, 0.97, 1.0))
    return opened


def request(opened: Opened, url: str) -> str:
    """A curl command with a lead of the simulated company, for a person to copy."""
    body = json.dumps({"leads": [_lead(opened, scorer_of(opened, "champion"))]}, ensure_ascii=False)
    return f"curl -s {url}/v1/scores -H 'Content-Type: application/json' \\\n  -d {shlex.quote(body)}"


def _lead(opened: Opened, scorer: Scorer) -> dict[str, object]:
    history = read(opened.settings.history, opened.folder).history
    busiest = history.activities["lead_id"].iloc[-1]
    lead = history.leads[history.leads["lead_id"] == busiest].iloc[0]
    done = history.activities[history.activities["lead_id"] == busiest].tail(2)
    shown = {
        field.name: lead[field.column]
        for field in scorer.fields
        if not field.of_account and field.kind in (Kind.CATEGORY, Kind.NUMBER) and lead.notna()[field.column]
    }
    return {
        "lead_id": str(busiest),
        "created_at": lead["created_at"].isoformat(),
        "as_of": history.exported_at.isoformat(),
        "attributes": dict(list(shown.items())[:_SHOWN]),
        "activities": [
            {"kind": str(kind), "occurred_at": at.isoformat()}
            for kind, at in zip(done["kind"], done["occurred_at"], strict=True)
        ],
    }
