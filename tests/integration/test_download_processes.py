"""Downloads at the same time fetch a file once, and one that is stopped leaves what it has for the next."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from live_classify.models.weights.download import PublishedFile
from live_classify.models.weights.origin import no_progress
from program import DEADLINE_S, environment
from published_file import BODY, FILE, HALF, REST, empty_cache, published_by
from weights_server import Handler, WeightsServer, sending, serving, stall


@pytest.fixture
def server() -> Iterator[WeightsServer]:
    with serving(BODY) as server:
        yield server


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_cache(tmp_path, monkeypatch)


@pytest.fixture
def published(server: WeightsServer) -> PublishedFile:
    return published_by(server)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_an_interruption_passes_and_the_part_stays(
    published: PublishedFile, server: WeightsServer, interruption: type[BaseException], cache: Path
) -> None:
    def interrupt(_: str, done: int, __: int) -> None:
        if done:
            raise interruption("enough")

    server.answers = [sending(HALF)]  # the next attempt begins with what the first has brought
    with pytest.raises(interruption, match="enough"):
        published.obtain(interrupt)
    assert (cache / f"{FILE}.part").read_bytes() == BODY[:HALF]
    assert published.obtain(no_progress).read_bytes() == BODY
    assert server.ranges == [None, REST, REST]


def test_a_second_one_waits_for_the_first_and_takes_its_file(published: PublishedFile, server: WeightsServer) -> None:
    half_sent, second_waits = threading.Event(), threading.Event()

    def wait_for_second(handler: Handler) -> None:
        half_sent.set()
        assert second_waits.wait(DEADLINE_S)
        handler.wfile.write(BODY[HALF:])

    def second(_: str, __: int, total: int) -> None:
        assert total == len(BODY)
        second_waits.set()

    server.answers = [sending(HALF, then=wait_for_second)]
    with ThreadPoolExecutor() as pool:
        one = pool.submit(published.obtain, no_progress)
        assert half_sent.wait(DEADLINE_S)
        other = pool.submit(published.obtain, second)
        assert one.result() == other.result()
    assert one.result().read_bytes() == BODY
    assert server.ranges == [None]


PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has what it starts in the background ignore it
from live_classify.models.weights.download import PublishedFile
url, digest, size = sys.argv[1:]
file = PublishedFile("small_weights.h5", url, digest, int(size), pauses_s=())
print(file.obtain(lambda what, done, total: print(done, flush=True)))
"""


def obtaining(file: PublishedFile) -> subprocess.Popen[str]:
    """A process that says how far it is, and at last where the file is."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, file.url, str(file.digest), str(file.size)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_processes_at_once_fetch_it_once(published: PublishedFile, server: WeightsServer, cache: Path) -> None:
    programs = [obtaining(published) for _ in range(3)]
    said = [program.communicate(timeout=DEADLINE_S)[0].splitlines() for program in programs]
    assert [lines[-1] for lines in said] == [str(cache / FILE)] * 3
    assert (cache / FILE).read_bytes() == BODY
    assert server.ranges == [None]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_process_that_is_stopped_leaves_its_part(
    published: PublishedFile, server: WeightsServer, number: signal.Signals, cache: Path
) -> None:
    server.answers = [sending(1000, then=stall)]
    part = cache / f"{FILE}.part"
    with obtaining(published) as program:
        while program.poll() is None and not (part.exists() and part.stat().st_size == 1000):
            pass
        program.send_signal(number)
        _, said = program.communicate(timeout=DEADLINE_S)
    assert program.returncode == -number, said
    assert published.obtain(no_progress).read_bytes() == BODY
    assert server.ranges == [None, "bytes=1000-"]
