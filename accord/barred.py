"""Leads that the ledger bars, erased or objecting: they are in no training, no report and no bulk score."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pandas as pd

from accord.agreement import ledger_of
from accord.project import Opened
from crm.quarantine import COLUMNS, Fate
from crm.sources import Loaded
from serving.ledger.erasure import Barred, barred

RULE = "erased or objecting"
"""In the quarantine: why a lead is not scored."""


def barred_among(opened: Opened, lead_ids: Iterable[str]) -> Barred:
    """Which of these leads are barred.

    Raises `UnavailableError` where the ledger does not answer: going on would profile whoever asked not to be.
    """
    return barred(ledger_of(opened).database, lead_ids)


def without_barred(opened: Opened, loaded: Loaded) -> Loaded:
    """What was read, without barred leads, and a note that counts them; itself where there are none.

    Rows of theirs that were set aside keep their rule and lose what they held. Raises as `barred_among`.
    """
    found = barred_among(opened, _keys(loaded))
    if not found.leads:
        return loaded
    count = int(loaded.history.leads["lead_id"].isin(list(found.leads)).sum())
    note = (
        f"Left out as the ledger bars them: {count:,} leads of the export "
        f"({len(found.erased):,} keys erased, {len(found.objected):,} that object to being profiled)."
    )
    return replace(
        loaded,
        history=loaded.history.without_leads(found.leads),
        quarantine=_emptied(loaded.quarantine, found.leads),
        notes=(*loaded.notes, note),
    )


def parted(leads: pd.DataFrame, found: Barred, source: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leads that may be scored, and rows for the quarantine in the place of the others, without what those held."""
    mine = leads["lead_id"].isin(list(found.leads)).to_numpy()
    aside = pd.DataFrame(
        {
            **dict.fromkeys(COLUMNS, None),
            "table": "leads",
            "source": source,
            "rule": RULE,
            "column": "lead_id",
            "fate": Fate.SET_ASIDE.value,
        },
        index=range(int(mine.sum())),
    )
    return leads[~mine], aside[list(COLUMNS)].astype(COLUMNS)


def names_one(record: object, lead_ids: Iterable[str]) -> bool:
    """Whether one of the values of a row that was set aside, as JSON, is one of these keys."""
    return not set(lead_ids).isdisjoint(_values(record))


def _keys(loaded: Loaded) -> Iterator[str]:
    """The keys of all leads, those of rows that were set aside too: any value there may be one."""
    yield from loaded.history.leads["lead_id"]
    yield from loaded.quarantine["got"].dropna()
    for record in loaded.quarantine["record"].dropna():
        yield from _values(record)


def _emptied(quarantine: pd.DataFrame, lead_ids: frozenset[str]) -> pd.DataFrame:
    named = quarantine["record"].map(lambda row: names_one(row, lead_ids)).to_numpy(dtype=bool)
    theirs = named | quarantine["got"].isin(list(lead_ids)).to_numpy()
    return quarantine.assign(got=quarantine["got"].mask(theirs), record=quarantine["record"].mask(theirs))


def _values(record: object) -> set[str]:
    if not isinstance(record, str):
        return set()
    try:
        row = json.loads(record)
    except ValueError:
        return {record}
    return {str(value) for value in row.values()} if isinstance(row, dict) else {str(row)}
