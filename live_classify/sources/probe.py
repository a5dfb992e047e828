"""Asking cheaply whether a host is there, before it is called in earnest."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from live_classify.core.errors import SourceOpenError

if TYPE_CHECKING:
    from live_classify.sources.address import Address

PROBE_S = 3.0
"""How long a host may take to accept a connection: one second more than until it is asked a second time."""

_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_PROXY = "http_proxy"  # by which FFmpeg goes, for both schemes


def probe(address: Address, timeout_s: float = PROBE_S) -> None:
    """Connect to an address and hang up. Where a proxy is used, which alone may be reached, nothing is done.

    Raises:
        SourceOpenError: no connection within the time.
    """
    if address.scheme.startswith("http") and os.environ.get(_PROXY):
        return
    port = address.port or _PORTS[address.scheme]
    try:
        socket.create_connection((address.host, port), timeout_s).close()
    except (OSError, UnicodeError) as error:
        raise SourceOpenError(f"cannot open {address}: no connection within {timeout_s:g} s") from error
