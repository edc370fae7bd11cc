"""Leads that must not be known by name: only a hash of their key is kept."""

from __future__ import annotations

import hmac


def lead_hash(pepper: str, lead_id: str) -> str:
    """HMAC-SHA256 of a lead's key with the ledger's secret, 64 hexadecimal digits.

    Without the secret nobody can find out by trying keys whether a lead is among the hashes.
    """
    return hmac.new(pepper.encode(), lead_id.encode(), "sha256").hexdigest()
