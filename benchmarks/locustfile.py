"""The users of `benchmarks.load`: tools that score leads, people who work the list, and a CRM that reports outcomes.

Run by locust, which needs a folder with the requests ready made in ``ACCORD_LOAD``.
"""

from __future__ import annotations

import json
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from locust import between, task
from locust.contrib.fasthttp import FastHttpUser

PLAN: dict[str, Any] = json.loads((Path(os.environ["ACCORD_LOAD"]) / "plan.json").read_text())
LEADS: list[dict[str, Any]] = PLAN["leads"]
REJECTIONS = ("no_need", "no_budget", "too_early", "not_reached")
BATCH = 50


class Caller(FastHttpUser):
    """Waits a little between two requests, as tools and people do."""

    wait_time = between(0.02, 0.1)
    draw = random.Random(1)  # noqa: S311 - which lead is asked for is no secret

    def ask(self, method: str, path: str, name: str, **what: Any) -> None:
        """One request, counted under its name; whatever is no success is an error."""
        if name.split(" (", maxsplit=1)[0] not in PLAN["routes"]:
            return
        with self.client.request(method, path, name=name, catch_response=True, **what) as reply:
            if not 200 <= (reply.status_code or 0) < 300:
                reply.failure(f"{reply.status_code}: {(reply.text or '')[:200]}")
            elif method == "POST" and path == "/v1/scores" and reply.json()["errors"]:
                reply.failure(f"a lead was refused: {reply.json()['errors'][0]}")

    def post(self, path: str, body: dict[str, Any], name: str) -> None:
        """A request with a JSON body."""
        headers = {"Content-Type": "application/json"}
        self.ask("POST", path, name, data=json.dumps(body).encode(), headers=headers)

    def lead_id(self) -> str:
        """One of the leads."""
        return str(self.draw.choice(LEADS)["lead_id"])

    @task(10)
    def score_one(self) -> None:
        """A form was filled in: its lead is scored."""
        story = self.draw.random() < 0.3
        body = {"leads": [self.draw.choice(LEADS)], "language": self.draw.choice(["en", "fr"]), "story": story}
        self.post("/v1/scores", body, "POST /v1/scores (1 lead)")

    @task(2)
    def score_many(self) -> None:
        """The CRM has its leads scored again."""
        self.post("/v1/scores", {"leads": self.draw.sample(LEADS, BATCH)}, f"POST /v1/scores ({BATCH} leads)")

    @task(3)
    def report(self) -> None:
        """Somebody in sales says what became of leads."""
        reports = []
        for _ in range(self.draw.choice([1, 1, 1, 5])):
            outcome = self.draw.choice(["accepted", "accepted", "rejected", "won"])
            at = datetime.now(UTC) - timedelta(minutes=self.draw.randrange(1, 10_000))
            report = {"lead_id": self.lead_id(), "outcome": outcome, "occurred_at": at.isoformat(), "actor": "Zoé"}
            reports.append(report | ({"reason": self.draw.choice(REJECTIONS)} if outcome == "rejected" else {}))
        self.post("/v1/feedback", {"reports": reports}, "POST /v1/feedback")

    @task(3)
    def read_lead(self) -> None:
        """Somebody looks up why a score is what it is."""
        path = f"/v1/leads/{quote(self.lead_id(), safe='')}?language=fr"
        self.ask("GET", path, "GET /v1/leads/{lead_id}")

    @task(2)
    def work_the_list(self) -> None:
        """Somebody opens the list, and sometimes its second page."""
        name = "GET /v1/shortlist"
        asked = self.draw.choice(["", "&grade=A", "&overdue=true", "&min_score=80", "&format=csv", "&owner=Max"])
        self.ask("GET", f"/v1/shortlist?limit=100{asked}", name)
