"""A file of weights that is published on the loopback interface, and the cache that it is fetched into."""

from __future__ import annotations

import hashlib
import random
import socket
from pathlib import Path

import pytest

from live_classify.models.weights.download import PublishedFile
from program import DEADLINE_S
from weights_server import ETAG, WeightsServer

FILE = "small_weights.h5"
BODY = random.Random(0).randbytes(3 * 2**20)
HALF = len(BODY) // 2
REST = f"bytes={HALF}-"


def left_in(folder: Path) -> set[str]:
    """What is in a folder besides the lock, which stays."""
    return {path.name for path in folder.iterdir()} - {f"{FILE}.lock"}


def hold_half(cache: Path, version: str = ETAG, part: bytes = BODY[:HALF]) -> None:
    """Put there what an earlier attempt would have left."""
    cache.mkdir(parents=True)
    (cache / f"{FILE}.part").write_bytes(part)
    (cache / f"{FILE}.part.version").write_text(version, encoding="utf-8")


def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have downloads go into a folder that isn't there yet."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("LIVE_CLASSIFY_OFFLINE", raising=False)
    return tmp_path / "keras" / "models"


def published_by(server: WeightsServer) -> PublishedFile:
    """The file of a server; tried three times."""
    digest = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
    return PublishedFile(FILE, server.url, digest, len(BODY), stall_s=DEADLINE_S, pauses_s=(0.0, 0.0))


def refusing_address() -> str:
    """The address of a server that isn't there."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}/{FILE}"
