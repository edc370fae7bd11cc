"""How many requests a minute: of a key, and of keys that fail from one address. Counted in memory, by each worker.

Sliding windows of the ``limits`` library. What is counted is bounded whoever asks: keys by those that the ledger has,
addresses by a fixed number of slots that they fall into by a salted hash, so that no address is kept either.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import secrets
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

FAILED_PER_MINUTE = 30
SLOTS = 4096
_HOUSE = 64
"""Bits of an IPv6 address that one subscriber is given as a whole."""


class Rates:
    """Counts, and says when it is too much."""

    def __init__(self, per_minute: int) -> None:
        self._of_key = RateLimitItemPerMinute(per_minute, namespace="key")
        self._of_address = RateLimitItemPerMinute(FAILED_PER_MINUTE, namespace="failed")
        self._windows = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._salt = secrets.token_bytes(16)

    def asked(self, key_id: str) -> int | None:
        """Counts a request with a key that holds; the seconds to wait where it is one too many."""
        return self._hit(self._of_key, key_id)

    def failed(self, address: str) -> int | None:
        """Counts a key that does not hold, from this address; the seconds to wait where it is one too many."""
        return self._hit(self._of_address, str(self._slot(address)))

    def _hit(self, item: RateLimitItemPerMinute, name: str) -> int | None:
        if self._windows.hit(item, name):
            return None
        return max(1, math.ceil(self._windows.get_window_stats(item, name).reset_time - time.time()))

    def _slot(self, address: str) -> int:
        """Addresses that share a slot share a count: that can only cost whoever shows keys that fail."""
        digest = hashlib.blake2b(_house(address).encode(), key=self._salt, digest_size=4).digest()
        return int.from_bytes(digest) % SLOTS


def _house(address: str) -> str:
    """The address as far as it tells callers apart.

    >>> _house("2001:db8:0:1:aaaa::1"), _house("::ffff:192.0.2.1"), _house("192.0.2.1"), _house("")
    ('2001:db8:0:1::/64', '192.0.2.1', '192.0.2.1', '')
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(found), _HOUSE), strict=False))
