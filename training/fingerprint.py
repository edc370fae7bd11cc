"""The fingerprint of a history: the same for the same content, whatever the order of its rows."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from crm.history import History


def fingerprint(history: History) -> str:
    """SHA-256 over the five tables (their rows as multisets), the fields and the export instant; 64 digits."""
    digest = hashlib.sha256(history.exported_at.isoformat().encode())
    for field in sorted(history.fields, key=lambda f: f.name):
        digest.update(repr((field.name, str(field.kind), str(field.known), field.actor)).encode())
    for name in ("leads", "accounts", "activities", "milestones", "changes"):
        table = getattr(history, name)
        table = table[sorted(table.columns)]
        digest.update(repr((name, list(table.columns), len(table))).encode())
        digest.update(_rows(table).tobytes())
    return digest.hexdigest()


def _rows(table: pd.DataFrame) -> np.ndarray:
    hashes = pd.util.hash_pandas_object(table, index=False, categorize=True).to_numpy()
    return np.sort(hashes)
