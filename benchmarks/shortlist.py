"""Pages of the shortlist at a million leads, on SQLite and PostgreSQL: each beside the first page of all leads.

A page should cost what it holds, not what there is: its time is shown as a ratio to that of the same page at a tenth of
the leads.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from serving.ledger import schema, shortlist
from serving.ledger.database import Database, database
from serving.ledger.shortlist import After, Run, Wanted
from serving.ledger.tables import standings
from tests import postgres

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
GRADES = ("A", "B", "C", "D")
FROM = (0.3, 0.15, 0.05, 0.0)
PAGES = {
    "the first page": (Wanted(), None),
    "a page deep in grade D": (Wanted(), After(Run("D"), 0.02, "l5")),
    "the leads drawn by lot": (Wanted(explored=True), None),
    "grade C": (Wanted(grades=("C",)), None),
    "one owner": (Wanted(owners=("owner 7",)), None),
    "one of ten segments": (Wanted(segments=("segment 3",)), None),
    "overdue": (Wanted(overdue=True), None),
    "a score from 90 on": (Wanted(min_score=90), None),
    "won": (Wanted(state="won"), None),
    "no such segment": (Wanted(segments=("none",)), None),
}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shortlist", description=__doc__)
    parser.add_argument("--small", action="store_true", help="ten thousand leads, to see that it runs")
    parser.add_argument("--leads", type=int, default=1_000_000)
    options = parser.parse_args()
    most = 10_000 if options.small else options.leads
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(postgres.server())
        for kind in ("sqlite", "postgresql"):
            took = []
            for size in (most // 10, most):
                name = f"l{size}"
                fresh = stack.enter_context(postgres.fresh(server, name)) if kind == "postgresql" else ""
                ledger = database(fresh or f"sqlite:///{folder / name}.db", folder)
                schema.upgrade(ledger)
                filled = fill(ledger, size)
                took.append(measure(ledger))
            print(f"{kind}: {most} leads, {filled:.0f} s to fill; 100 leads a page")
            for page, seconds in took[1].items():
                ratio = seconds / took[0][page]
                print(f"  {page:24s} {1000 * seconds:8.1f} ms   {ratio:5.1f} x that of {most // 10}")


def fill(ledger: Database, size: int) -> float:
    """Standings of so many leads, most of them open; gives the seconds it took."""
    draw = np.random.default_rng(1)
    begun = time.perf_counter()
    with ledger.writing() as connection:
        for first in range(0, size, 20_000):
            n = min(20_000, size - first)
            p = draw.beta(0.6, 6, n)
            kind = draw.random(n)
            rows = [
                {
                    "lead_id": f"l{first + i}",
                    "score_id": f"{first + i:032x}",
                    "given_at": NOW,
                    "as_of": NOW,
                    "score": int(1 + 98 * min(1.0, 2 * p[i])),
                    "grade": (grade := next(g for g, low in zip(GRADES, FROM, strict=True) if p[i] >= low)),
                    "p_accept": float(min(1.0, 2 * p[i])),
                    "p_close": float(p[i]),
                    "explored": bool(kind[i] < 0.05) if grade == "D" else None,
                    "name": f"Lead {i}",
                    "owner": f"owner {i % 200}",
                    "segment": f"segment {i % 10}",
                    "due_at": NOW + timedelta(hours=float(draw.normal(0, 40))),
                    "contacted_at": NOW if kind[i] > 0.9 else None,
                    "outcome": (None, None, None, None, "accepted", "won", "lost", "rejected")[i % 8],
                }
                for i in range(n)
            ]
            connection.execute(sa.insert(standings), rows)
        connection.exec_driver_sql("ANALYZE standings")
    return time.perf_counter() - begun


def measure(ledger: Database) -> dict[str, float]:
    """The median time of each page, its connection included."""
    took = {}
    for name, (wanted, after) in PAGES.items():
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            with ledger.reading() as connection:
                shortlist.page(connection, wanted, GRADES, after, 101, NOW)
            times.append(time.perf_counter() - begun)
        took[name] = float(np.median(times))
    return took


if __name__ == "__main__":
    main()
