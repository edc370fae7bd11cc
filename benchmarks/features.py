"""Features for 10 million activities and 200,000 snapshots beside hand-written pandas; one lead in process.

Both sides start from the same history tables in a process of their own, compute the same 24 windowed counts, and must
agree on every one of them. ``python -m benchmarks.features [--small]``.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from crm.history import ACTIVITY_COLUMNS, MILESTONE_COLUMNS, Field, History, Kind
from features.catalog import Catalog, Family, Feature, FeatureKind
from features.compute import matrix
from features.facts import Facts, record_of
from features.infer import infer
from features.instants import micros, micros_of

KINDS = ("page_view", "email_open", "email_click", "form", "call", "meeting")
WINDOWS = (1, 7, 30, 90)
_COMMAND = (sys.executable, "-m", "benchmarks.features")
END = pd.Timestamp("2026-01-01", tz="UTC")


def main() -> None:
    """Prints times and peaks of memory as ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--side", choices=["write", "read", "pandas", "features"])
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    leads, activities = (10_000, 200_000) if options.small else (200_000, 10_000_000)
    if options.side == "write":
        _write(options.folder, leads, activities)
        return
    if options.side:
        print(json.dumps(_side(options.side, options.folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        size = ["--small"] if options.small else []
        subprocess.run([*_COMMAND, "--side", "write", "--folder", folder, *size], check=True)
        results = {side: _run(side, folder, small=options.small) for side in ("read", "pandas", "features")}
    base, ours, theirs = results["read"], results["features"], results["pandas"]
    print(f"{activities:,} activities, {leads:,} snapshots, {len(KINDS) * len(WINDOWS)} windowed counts")
    for name, it in (("pandas", theirs), ("features", ours)):
        print(
            f"  {name:9} {it['seconds']:6.2f} s   {it['peak_mb']:7,.0f} MB, {_own(it, base):,.0f} MB above the tables"
        )
    print(
        f"  ratio     {ours['seconds'] / theirs['seconds']:6.2f}     {ours['peak_mb'] / theirs['peak_mb']:7.2f}"
        f"    {_own(ours, base) / _own(theirs, base):.2f} above the tables"
    )
    if ours["total"] != theirs["total"]:
        raise SystemExit(f"the two sides disagree: {ours['total']} and {theirs['total']}")
    _one_lead()


def _own(result: dict[str, float], base: dict[str, float]) -> float:
    return result["peak_mb"] - base["peak_mb"]


def _run(side: str, folder: str, *, small: bool) -> dict[str, float]:
    """The faster of a few runs, each in a fresh process.

    A child's peak of memory starts from its parent's, so this process itself must stay small.
    """
    command = [*_COMMAND, "--side", side, "--folder", folder]
    runs = []
    for _ in range(3 if small else 2):
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        runs.append(json.loads(done.stdout))
    return min(runs, key=lambda run: run["seconds"])


def _write(folder: Path, leads: int, activities: int) -> None:
    """Leads in order, activities in the order of time as CRMs export them, with a long tail of busy leads."""
    rng = np.random.default_rng(7)
    ids = np.array([f"00Q{i:07d}" for i in range(leads)])
    busy = rng.gamma(0.7, size=leads)
    owner = rng.choice(leads, size=activities, p=busy / busy.sum())
    since = np.sort(rng.integers(0, 365 * 86_400, activities))
    at = END - pd.to_timedelta(since[::-1], unit="s")
    table = pd.DataFrame(
        {"lead_id": ids[owner], "occurred_at": at, "kind": np.array(KINDS)[rng.integers(0, 6, activities)]}
    )
    table.astype({"lead_id": "str", "kind": "str", "occurred_at": "datetime64[us, UTC]"}).to_parquet(
        folder / "activities.parquet"
    )
    as_of = END - pd.to_timedelta(rng.integers(0, 270 * 86_400, leads), unit="s")
    pd.DataFrame({"lead_id": pd.array(ids, "str"), "as_of": as_of.as_unit("us")}).to_parquet(
        folder / "snapshots.parquet"
    )


def _side(side: str, folder: Path) -> dict[str, float]:
    activities = pd.read_parquet(folder / "activities.parquet")
    snapshots = pd.read_parquet(folder / "snapshots.parquet")
    begin = time.perf_counter()
    total = {"features": _features, "pandas": _pandas, "read": lambda *_: 0.0}[side](activities, snapshots)
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "total": total, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _features(activities: pd.DataFrame, snapshots: pd.DataFrame) -> float:
    leads = pd.DataFrame(
        {"lead_id": snapshots["lead_id"], "created_at": END - pd.Timedelta(days=400), "account_id": pd.NA}
    )
    leads = leads.astype({"created_at": "datetime64[us, UTC]", "account_id": "str"})
    history = History(leads=leads, exported_at=END, activities=activities)
    facts = Facts.of_history(history, ())
    catalog = Catalog(
        tuple(
            Feature(f"{k}_{w}d", FeatureKind.NUMBER, Family.COUNT, k, activity=k, window_days=w)
            for k in KINDS
            for w in WINDOWS
        )
    )
    counts = matrix(catalog, facts, facts.rows(snapshots["lead_id"]), micros(snapshots["as_of"]))
    return _checksum(counts)


def _pandas(activities: pd.DataFrame, snapshots: pd.DataFrame) -> float:
    """What a careful analyst writes: merge once, mask by window, group."""
    joined = activities.merge(snapshots, on="lead_id")
    joined = joined[joined["occurred_at"] <= joined["as_of"]]
    age = joined["as_of"] - joined["occurred_at"]
    columns = {}
    for days in WINDOWS:
        inside = joined[age < pd.Timedelta(days=days)]
        counts = inside.groupby(["lead_id", "kind"], observed=True).size().unstack(fill_value=0)  # noqa: PD010  faster than pivot_table
        for kind in KINDS:
            columns[kind, days] = counts[kind]
    table = pd.DataFrame(columns).reindex(snapshots["lead_id"]).fillna(0.0)
    ordered = table[[(kind, days) for kind in KINDS for days in WINDOWS]]
    return _checksum(ordered.to_numpy())


def _checksum(counts: np.ndarray) -> float:
    """Depends on every count and its place; whole numbers, so exact."""
    rows = np.arange(1, len(counts) + 1) % 1009
    return float(rows @ counts @ np.arange(1, counts.shape[1] + 1))


def _one_lead() -> None:
    """Microseconds for one record of 20 activities, from record to feature row, p50 and p99."""
    history = _small_history()
    catalog = infer(history)
    at = pd.Timestamp("2025-10-01", tz="UTC")
    record = record_of(history, "l7", at)
    lead, as_of = np.zeros(1, np.int64), np.array([micros_of(at)])
    times = []
    for _ in range(3_000):
        begin = time.perf_counter_ns()
        matrix(catalog, Facts.of_records([record], history.fields), lead, as_of)
        times.append((time.perf_counter_ns() - begin) / 1000)
    p50, p99 = np.percentile(times, [50, 99])
    size = f"{len(record.activities)} activities, {len(record.colleagues)} colleagues, {len(catalog.names)} features"
    print(f"one lead in process ({size}): p50 {p50:,.0f} µs, p99 {p99:,.0f} µs")


def _small_history() -> History:
    rng = np.random.default_rng(3)
    count, per_lead = 400, 20
    ids = pd.Series([f"l{i}" for i in range(count)], dtype="str")
    created = pd.Series(END - pd.to_timedelta(rng.integers(150, 365, count), unit="D")).astype("datetime64[us, UTC]")
    account = pd.Series([f"a{i // 3}" for i in range(count)], dtype="str")
    leads = pd.DataFrame({"lead_id": ids, "created_at": created, "account_id": account})
    fields = []
    for name, words in (("source", 6), ("country", 9), ("product", 5), ("campaign", 12), ("owner", 8)):
        leads[name] = pd.Series([f"{name}{i}" for i in rng.integers(0, words, count)], dtype="str")
        fields.append(Field(name, Kind.CATEGORY, actor=name == "owner"))
    for name in ("employees", "revenue", "visits", "minutes"):
        leads[name] = rng.gamma(2, size=count)
        fields.append(Field(name, Kind.NUMBER))
    leads["title"] = pd.Series(rng.choice(["CEO", "Sales manager", "Engineer", "Chef de projet"], count), dtype="str")
    leads["email"] = pd.Series(rng.choice(["a@gmail.com", "b@acme.com"], count), dtype="str")
    fields += [Field("title", Kind.TITLE), Field("email", Kind.EMAIL)]
    owner = np.repeat(np.arange(count), per_lead)
    after = pd.to_timedelta(rng.gamma(1, 30, len(owner)) * 86_400, unit="s").as_unit("us")
    at = created.to_numpy("datetime64[us]")[owner] + after.to_numpy()
    activities = pd.DataFrame({"lead_id": ids[owner].to_numpy(), "occurred_at": pd.to_datetime(at, utc=True)})
    activities["kind"] = rng.choice(KINDS, len(owner))
    activities = activities.assign(value=np.nan, actor=None).astype(ACTIVITY_COLUMNS)
    ends = pd.DataFrame({"lead_id": ids, "reached_at": created + pd.Timedelta(days=140)})
    ends["milestone"] = rng.choice(["won", "lost", "rejected"], count)
    accepted = ends.assign(milestone="accepted", reached_at=created + pd.Timedelta(days=20))
    handed = ends.assign(milestone="handed_off", reached_at=created + pd.Timedelta(days=9))
    milestones = pd.concat([ends, accepted[::2], handed]).assign(reason=None, amount=np.nan, actor=None)
    milestones = milestones.astype(MILESTONE_COLUMNS).reset_index(drop=True)
    accounts = pd.DataFrame({"account_id": account.unique()}).astype({"account_id": "str"})
    return History(
        leads=leads,
        exported_at=END,
        fields=tuple(fields),
        accounts=accounts,
        activities=activities,
        milestones=milestones,
    )


if __name__ == "__main__":
    main()
