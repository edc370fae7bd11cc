"""Whether a request comes from this machine itself and from nobody behind it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

_PASSED_ON = frozenset(
    {"forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip", "cf-connecting-ip"}
)
_PASSED_ON_TOO = ("x-forwarded", "x-envoy", "x-original")


def is_nearby(scope: Scope) -> bool:
    """Whether both ends of the connection are loopback, no proxy says that it passed it on, and no web page sent it.

    A page in a browser on this machine reaches loopback too: its name is then in ``Host`` (where it had that name lead
    here) or in ``Origin``.
    """
    headers = Headers(scope=scope)
    ends = (scope.get("client"), scope.get("server"))
    if not all(end is not None and is_loopback(end[0]) for end in ends):
        return False
    if any(name in _PASSED_ON or name.startswith(_PASSED_ON_TOO) for name in headers):
        return False
    named = [f"//{host}" for host in headers.getlist("host")] + headers.getlist("origin")
    return len(headers.getlist("host")) == 1 and all(_names_loopback(each) for each in named)


def is_loopback(host: str) -> bool:
    """Whether an address, or the name ``localhost``, is this machine's own.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("::ffff:127.0.0.1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _names_loopback(address: str) -> bool:
    try:
        return is_loopback(urlsplit(address).hostname or "")
    except ValueError:
        return False
