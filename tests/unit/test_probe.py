from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from live_classify.core.errors import SourceOpenError
from live_classify.sources.address import Address
from live_classify.sources.probe import probe


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("http_proxy", raising=False)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that lets connections wait, as a host does that is away: its queue is full."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for filling in (first, second):
            filling.setblocking(False)
            filling.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


def test_a_host_that_takes_connections_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        probe(Address(f"rtsp://user:s3cret@127.0.0.1:{server.getsockname()[1]}/x"))


def test_a_host_that_refuses_or_says_nothing_is_not(silent_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        refusing = server.getsockname()[1]
    for port in (refusing, silent_port):
        with pytest.raises(SourceOpenError, match=rf"^cannot open rtsp://user@127.0.0.1:{port}/x: no connection"):
            probe(Address(f"rtsp://user:s3cret@127.0.0.1:{port}/x"), 0.2)


def test_what_goes_through_a_proxy_is_not_asked(silent_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    probe(Address(f"http://127.0.0.1:{silent_port}/x"), 0.2)
    with pytest.raises(SourceOpenError, match="no connection"):
        probe(Address(f"rtsp://127.0.0.1:{silent_port}/x"), 0.2)
