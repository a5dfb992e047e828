"""A cheap test whether a host is reachable, made before a connection that may take the whole timeout."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from live_classify.core.errors import SourceOpenError

if TYPE_CHECKING:
    from live_classify.sources.address import Address

PROBE_S = 3.0
"""Seconds within which a host has to accept a connection: TCP asks at once, and again after one second."""

_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_PROXY = "http_proxy"  # by which FFmpeg goes, for both schemes


def probe(address: Address, timeout_s: float = PROBE_S) -> None:
    """Connect to the host of an address and hang up; do nothing where FFmpeg goes through a proxy.

    Raises:
        SourceOpenError: There was no connection within the time.
    """
    if address.scheme.startswith("http") and os.environ.get(_PROXY):
        return
    port = address.port or _PORTS[address.scheme]
    try:
        socket.create_connection((address.host, port), timeout_s).close()
    except (OSError, UnicodeError) as error:
        raise SourceOpenError(f"cannot open {address}: no connection within {timeout_s:g} s") from error
