"""Small random histories on a coarse grid of instants, so that events meet, and meet the edges of windows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from crm.history import Field, History, Kind, Known
from features.catalog import Catalog, Family, Feature, FeatureKind
from features.colleagues import ACTIVE, ACTIVITIES, KNOWN, LOST, SINCE_WON, WON
from features.facts import Facts
from features.infer import InferSettings, infer
from features.instants import micros_of
from features.spec import Availability
from tests.builders import account, activity, change, history, lead, milestone

START = pd.Timestamp("2026-01-01", tz="UTC")
STEPS = 160  # of six hours
KINDS = ("page_view", "email_open", "call")
SOURCES = ("web", "fair", "web é", "partner")
FIELDS = (
    Field("source", Kind.CATEGORY),
    Field("owner", Kind.CATEGORY, actor=True),
    Field("size", Kind.NUMBER),
    Field("budget", Kind.NUMBER, Known.AT_HANDOFF),
    Field("opted_in", Kind.BOOLEAN),
    Field("renewal", Kind.DATE),
    Field("title", Kind.TITLE),
    Field("email", Kind.EMAIL),
    Field("note", Kind.TEXT),
    Field("secret", Kind.IDENTIFIER),
    Field("account.industry", Kind.CATEGORY),
    Field("account.employees", Kind.NUMBER),
)
OVERWRITTEN = {
    "source": SOURCES,
    "owner": ("ann", "bob"),
    "size": ("1", "2.5", "many", None),
    "title": ("CEO", "intern", None),
    "renewal": ("2026-01-20", None),
    "opted_in": ("yes", "false"),
}


def at(step: int) -> str:
    return (START + pd.Timedelta(hours=6 * step)).isoformat()


@st.composite
def worlds(draw: st.DrawFn) -> History:
    """Up to a dozen leads with everything that may happen to them, also before they were created."""
    return world_of(draw(st.integers(0, 2**32 - 1)), draw(st.integers(1, 12)), draw(st.integers(1, 4)))


def world_of(seed: int, count: int, accounts: int) -> History:
    rng = np.random.default_rng(seed)
    rows = [account(f"a{i}", industry=_one(rng, "xyz"), employees=float(rng.integers(1, 9))) for i in range(accounts)]
    for i in range(count):
        rows += _lead(rng, f"l{i}", f"a{rng.integers(accounts)}" if rng.random() < 0.8 else None)
    world = history(*rows, fields=FIELDS, exported_at=at(STEPS + 1))
    return replace(world, leads=world.leads.assign(renewal=pd.to_datetime(world.leads["renewal"], utc=True)))


def _one(rng: np.random.Generator, values: object) -> object:
    return values[int(rng.integers(len(values)))]  # type: ignore[index]


def _maybe(rng: np.random.Generator, value: object) -> object:
    return None if rng.random() < 0.2 else value


def _lead(rng: np.random.Generator, lead_id: str, account_id: str | None) -> list:
    created = int(rng.integers(0, STEPS // 2))
    rows = [
        lead(
            lead_id,
            at(created),
            account_id,
            source=_maybe(rng, _one(rng, SOURCES)),
            owner=_maybe(rng, _one(rng, ("ann", "bob"))),
            size=float(rng.integers(0, 5)) if rng.random() < 0.8 else np.nan,
            budget=float(rng.integers(0, 5)),
            opted_in=float(rng.integers(0, 2)),
            renewal=_maybe(rng, pd.Timestamp(at(int(rng.integers(0, STEPS))))),
            title=_maybe(rng, _one(rng, ("CEO", "Chef de projet", "wizard", "Engineer"))),
            email=_maybe(rng, _one(rng, ("a@gmail.com", "b@acme.fr", "nonsense"))),
            note=_maybe(rng, _one(rng, ("hi", "call me back"))),
            secret=lead_id,
        )
    ]
    busy = int(rng.integers(0, 15))
    rows += [activity(lead_id, str(_one(rng, KINDS)), at(int(s))) for s in rng.integers(0, STEPS, busy)]
    for name, chance in (("handed_off", 0.7), ("accepted", 0.5), ("won", 0.3), ("lost", 0.3), ("rejected", 0.2)):
        for _ in range(int(rng.random() < chance) + int(rng.random() < 0.3)):
            rows.append(milestone(lead_id, name, at(int(rng.integers(max(created - 12, 0), STEPS)))))
    for field, olds in OVERWRITTEN.items():
        steps = rng.choice(STEPS, size=int(rng.integers(0, 3)), replace=False)
        rows += [change(lead_id, field, at(int(s)), old=_one(rng, olds), new="?") for s in steps]
    return rows


def every_family(world: History) -> Catalog:
    """A catalog with all families, whatever the world holds; small windows, so that edges are met."""
    events = Availability.AS_IT_HAPPENS
    number = FeatureKind.NUMBER
    inferred = infer(world, InferSettings(min_leads=1, strength=2))
    extra = [
        Feature(f"{kind}_{family}_{days}", number, family, "x", activity=kind, window_days=days, available=events)
        for family in (Family.COUNT, Family.TREND)
        for kind in (None, *KINDS, "never seen")
        for days in (0.25, 1, 5)
    ]
    extra += [
        Feature(f"{kind}_recency", number, Family.RECENCY, "x", activity=kind) for kind in (None, *KINDS, "never seen")
    ]
    extra += [
        Feature(f"{m}_group_{days}", number, Family.BUYING_GROUP, "x", window_days=days, measure=m)
        for m in (ACTIVE, ACTIVITIES)
        for days in (1, 5)
    ]
    extra += [Feature(f"active_{days}", number, Family.ACTIVE_DAYS, "x", window_days=days) for days in (1, 3, 10)]
    extra += [Feature("known", number, Family.BUYING_GROUP, "x", measure=KNOWN)]
    extra += [Feature(f"acc_{m}", number, Family.ACCOUNT_RECORD, "x", measure=m) for m in (WON, LOST, SINCE_WON)]
    extra += [
        Feature(f"since_{m}", number, Family.LEAD_AGE, "x", measure=m) for m in ("created", "handed_off", "accepted")
    ]
    extra += [Feature(f"is_{m}", number, Family.PROGRESS, "x", measure=m) for m in ("handed_off", "accepted")]
    return Catalog((*inferred.features, *extra), inferred.rates)


def facts_of(world: History) -> Facts:
    return Facts.of_history(world, world.fields)


def snapshots(world: History, seed: int, per_lead: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Instants on the grid from each lead's creation on, some off it; lead rows in no order."""
    rng = np.random.default_rng(seed)
    lead_rows = rng.permutation(np.repeat(np.arange(len(world.leads)), per_lead))
    created = np.array([micros_of(t) for t in world.leads["created_at"]])[lead_rows]
    step = 6 * 3_600_000_000
    as_of = created + rng.integers(0, STEPS // 2, len(lead_rows)) * step
    return lead_rows, as_of + np.where(rng.random(len(as_of)) < 0.2, 1, 0)
