"""Weights are fetched whole or not at all, whatever the server, the network or the user does."""

from __future__ import annotations

import hashlib
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from live_classify.core.errors import ModelFileError
from live_classify.models.weights.download import PublishedFile, keras_models
from live_classify.models.weights.origin import no_progress
from program import DEADLINE_S, environment
from weights_server import (
    DATE,
    ETAG,
    Answer,
    Handler,
    WeightsServer,
    endless,
    ignore_range,
    sending,
    serving,
    stall,
    status,
    text,
    without_length,
)

FILE = "small_weights.h5"
BODY = random.Random(0).randbytes(3 * 2**20)
HALF = len(BODY) // 2
REST = f"bytes={HALF}-"


@pytest.fixture
def server() -> Iterator[WeightsServer]:
    with serving(BODY) as server:
        yield server


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; the folder isn't there yet."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("LIVE_CLASSIFY_OFFLINE", raising=False)
    return tmp_path / "keras" / "models"


@pytest.fixture
def published(server: WeightsServer) -> PublishedFile:
    """Tried three times."""
    digest = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
    return PublishedFile(FILE, server.url, digest, len(BODY), stall_s=DEADLINE_S, pauses_s=(0.0, 0.0))


@pytest.fixture
def refused() -> str:
    """The address of a server that isn't there."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}/{FILE}"


def left_in(folder: Path) -> set[str]:
    """What is in a folder besides the lock, which stays."""
    return {path.name for path in folder.iterdir()} - {f"{FILE}.lock"}


def hold_half(cache: Path, version: str = ETAG, part: bytes = BODY[:HALF]) -> None:
    """Put there what an earlier attempt would have left."""
    cache.mkdir(parents=True)
    (cache / f"{FILE}.part").write_bytes(part)
    (cache / f"{FILE}.part.version").write_text(version, encoding="utf-8")


def test_a_file_is_fetched_once(published: PublishedFile, server: WeightsServer, cache: Path) -> None:
    assert published.find() is None
    path = published.obtain(no_progress)
    assert path == cache / FILE
    assert path.read_bytes() == BODY
    assert left_in(cache) == {FILE}
    assert published.find() == path
    assert published.obtain(no_progress) == path
    assert server.ranges == [None]


def test_progress_is_told_from_nothing_to_all(published: PublishedFile) -> None:
    told: list[tuple[str, int, int]] = []
    published.obtain(lambda *words: told.append(words))
    names, done, totals = zip(*told, strict=True)
    assert set(names) == {f"fetching {FILE}"}
    assert set(totals) == {len(BODY)}
    assert list(done) == sorted(done)
    assert (done[0], done[-1]) == (0, len(BODY))


def test_a_file_that_keras_has_fetched_is_taken(
    published: PublishedFile, server: WeightsServer, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache.mkdir(parents=True)
    (cache / FILE).write_bytes(BODY)
    assert published.obtain(no_progress) == cache / FILE
    assert server.asked == []
    assert left_in(cache) == {FILE}
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert keras_models() == tmp_path / ".keras" / "models"


@pytest.mark.parametrize("digest", [hashlib.sha256(BODY).hexdigest(), None])
def test_a_sha256_and_no_digest_at_all(published: PublishedFile, digest: str | None, server: WeightsServer) -> None:
    file = replace(published, digest=digest)
    for _ in range(2):
        assert file.obtain(no_progress).read_bytes() == BODY
    assert len(server.asked) == 1


def test_a_length_that_is_not_announced(published: PublishedFile, server: WeightsServer) -> None:
    server.answers = [without_length()]
    assert published.obtain(no_progress).read_bytes() == BODY


def test_a_redirect_is_followed(published: PublishedFile, server: WeightsServer) -> None:
    server.answers = [status(302, then=endless, Location="/elsewhere")]
    assert published.obtain(no_progress).read_bytes() == BODY


@pytest.mark.parametrize(
    ("version", "if_range"),
    [
        ({"ETag": ETAG, "Last_Modified": DATE}, ETAG),
        ({"Last_Modified": DATE}, DATE),
        ({"ETag": f"W/{ETAG}", "Last_Modified": DATE}, DATE),
    ],
)
def test_after_a_cut_only_the_rest_is_asked_for(
    published: PublishedFile, server: WeightsServer, version: dict[str, str], if_range: str, cache: Path
) -> None:
    server.answers = [sending(HALF, version=version)]
    assert published.obtain(no_progress).read_bytes() == BODY
    assert server.ranges == [None, REST]
    assert server.asked[1]["If-Range"] == if_range
    assert left_in(cache) == {FILE}


def test_a_network_that_is_gone_for_a_moment_is_tried_again(
    published: PublishedFile, server: WeightsServer, refused: str
) -> None:
    server.answers = [sending(HALF), status(302, Location=refused)]
    assert published.obtain(no_progress).read_bytes() == BODY
    assert server.ranges == [None, REST, REST]


def test_a_cut_where_the_server_names_no_version_begins_anew(published: PublishedFile, server: WeightsServer) -> None:
    server.answers = [sending(HALF, version={})] * 4
    with pytest.raises(ModelFileError, match="cut short at 50%; put the file into"):
        published.obtain(no_progress)
    assert published.obtain(no_progress).read_bytes() == BODY
    assert server.ranges == [None] * 5


def test_what_came_in_is_kept_for_the_next_run(published: PublishedFile, server: WeightsServer, cache: Path) -> None:
    third = HALF // 3
    server.answers = [sending(third), sending(third), sending(third)]
    with pytest.raises(ModelFileError, match="cut short at 50%; run it again to go on from there, put the file into"):
        published.obtain(no_progress)
    assert left_in(cache) == {f"{FILE}.part", f"{FILE}.part.version"}
    assert published.find() is None
    told: list[int] = []
    path = published.obtain(lambda _, done, __: told.append(done))
    assert path.read_bytes() == BODY
    assert server.ranges == [None, f"bytes={third}-", f"bytes={2 * third}-", REST]
    assert told[0] == HALF


@pytest.mark.parametrize("answer", [stall, sending(0, then=stall), sending(1000, then=stall)])
def test_a_server_that_stalls_is_given_up(
    published: PublishedFile, server: WeightsServer, answer: Answer, cache: Path
) -> None:
    hold_half(cache)
    server.answers = [answer]
    with pytest.raises(ModelFileError, match=r"stalled, nothing came for 0\.3 s; run it again to go on from there"):
        replace(published, stall_s=0.3, pauses_s=()).obtain(no_progress)
    part = (cache / f"{FILE}.part").read_bytes()
    assert part in {BODY[:HALF], BODY[: HALF + 1000]}
    assert published.obtain(no_progress).read_bytes() == BODY
    assert server.ranges == [REST, f"bytes={len(part)}-"]


def test_a_server_that_ignores_the_range_is_read_from_the_start(
    published: PublishedFile, server: WeightsServer, cache: Path
) -> None:
    hold_half(cache)
    server.answers = [ignore_range]
    assert published.obtain(no_progress).read_bytes() == BODY
    assert server.ranges == [REST]


def test_another_version_is_read_from_the_start(published: PublishedFile, server: WeightsServer, cache: Path) -> None:
    hold_half(cache, version='"version-0"', part=bytes(HALF))
    assert published.obtain(no_progress).read_bytes() == BODY
    assert server.ranges == [REST]


@pytest.mark.parametrize("version", ["", "two\r\nlines", "\N{SNOWMAN}", "x" * 300])
def test_a_version_that_cannot_be_sent_is_not(
    published: PublishedFile, server: WeightsServer, version: str, cache: Path
) -> None:
    hold_half(cache, version)
    assert published.obtain(no_progress).read_bytes() == BODY
    assert server.ranges == [None]


def test_a_part_that_is_whole_needs_no_more(published: PublishedFile, server: WeightsServer, cache: Path) -> None:
    hold_half(cache, part=BODY)
    assert published.obtain(no_progress).read_bytes() == BODY
    assert server.ranges == [f"bytes={len(BODY)}-"]


def test_a_part_that_is_too_long_is_thrown_away(published: PublishedFile, server: WeightsServer, cache: Path) -> None:
    hold_half(cache, part=BODY + b"x")
    assert published.obtain(no_progress).read_bytes() == BODY
    assert server.ranges == [f"bytes={len(BODY) + 1}-", None]


@pytest.mark.parametrize("where", ["", "bytes 0-9/10", f"bytes {HALF}-{HALF + 9}/{len(BODY)}", f"bytes {HALF}-x/y"])
def test_a_rest_that_is_another_one_is_not_taken(
    published: PublishedFile, server: WeightsServer, where: str, cache: Path
) -> None:
    hold_half(cache)
    server.answers = [status(206, Content_Range=where)]
    assert published.obtain(no_progress).read_bytes() == BODY
    assert server.ranges == [REST, None]


def test_a_wrong_checksum_leaves_nothing(published: PublishedFile, server: WeightsServer, cache: Path) -> None:
    server.body = bytes(len(BODY))
    with pytest.raises(ModelFileError, match=r"wrong checksum, \w{32} instead of \w{32}; run it again to fetch it"):
        published.obtain(no_progress)
    assert left_in(cache) == set()
    server.body = BODY
    assert published.obtain(no_progress).read_bytes() == BODY


@pytest.mark.parametrize(
    ("number", "says", "requests"),
    [
        (404, r"HTTP status 404 \(Not Found\); put the file into", 1),
        (204, r"HTTP status 204 \(No Content\)", 1),
        (304, r"HTTP status 304 \(Not Modified\)", 1),
        (500, r"HTTP status 500 \(Internal Server Error\)", 3),
        (599, r"HTTP status 599 \(unknown\)", 3),
    ],
)
def test_a_status_that_is_no_success(
    published: PublishedFile, server: WeightsServer, number: int, says: str, requests: int
) -> None:
    server.answers = [status(number)] * 3
    with pytest.raises(ModelFileError, match=says):
        published.obtain(no_progress)
    assert len(server.asked) == requests


def test_a_server_that_was_busy_for_a_moment(published: PublishedFile, server: WeightsServer) -> None:
    server.answers = [status(503), status(429)]
    assert published.obtain(no_progress).read_bytes() == BODY


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (endless, "the server sends without end"),
        (status(200, Content_Length=10**15), "another file, of 1000000000000000 bytes"),
        (status(200, then=text(b"<html>Log in"), Content_Length=12), "of 12 bytes"),
        (without_length(most=1000), "cut short at 0%"),
        (text(b"\x1b[2Jhello\r\n\r\n"), "the server's answer makes no sense"),
        (lambda _: None, "the connection broke off"),
        (status(302, Location="file:///etc/passwd"), r"HTTP status 302 \(Found\)"),
        (status(302, Location="ftp://127.0.0.1/x"), r"no connection \(unknown url type: ftp\)"),
        (status(302, Location="http://[/"), "the server's answer makes no sense"),
        (status(302, Location="/weights.h5"), r"HTTP status 302"),
        (status(200, then=text(b"zz\r\n"), Transfer_Encoding="chunked"), "broke off"),
    ],
)
@pytest.mark.parametrize("digest", [True, False])
def test_what_is_not_the_file_is_not_taken(
    published: PublishedFile,
    server: WeightsServer,
    answer: Answer,
    says: str,
    digest: bool,
    cache: Path,
) -> None:
    server.answers = [answer] * 20
    file = published if digest else replace(published, digest=None)
    with pytest.raises(ModelFileError, match=says) as caught:
        file.obtain(no_progress)
    assert str(caught.value).isprintable()
    assert FILE not in left_in(cache)
    assert sum(path.stat().st_size for path in cache.iterdir()) < 10_000


def test_a_refused_connection_is_said_with_all_that_is_needed(
    published: PublishedFile, refused: str, cache: Path
) -> None:
    with pytest.raises(ModelFileError) as caught:
        replace(published, url=refused).obtain(no_progress)
    assert str(caught.value) == (
        f"cannot fetch {FILE} (3 MB) from {refused}: no connection (Connection refused); "
        f"put the file into {cache}, or use --weights FILE"
    )


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "nothing"])
def test_only_the_web_is_asked(published: PublishedFile, url: str) -> None:
    with pytest.raises(ModelFileError, match=r"no connection \(unknown url type|the server's answer makes no sense"):
        replace(published, url=url).obtain(no_progress)


def test_offline_nothing_is_asked(
    published: PublishedFile, server: WeightsServer, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVE_CLASSIFY_OFFLINE", "1")
    with pytest.raises(ModelFileError, match=f"{FILE}.*: LIVE_CLASSIFY_OFFLINE is set; unset it, put the file into"):
        published.obtain(no_progress)
    assert not cache.exists()
    cache.mkdir(parents=True)
    (cache / FILE).write_bytes(BODY[:-1])
    with pytest.raises(ModelFileError, match="is set, and the file that is here is damaged; unset it"):
        published.obtain(no_progress)
    (cache / FILE).write_bytes(BODY)
    assert published.obtain(no_progress) == cache / FILE
    assert server.asked == []


def test_a_damaged_file_is_fetched_anew(published: PublishedFile, server: WeightsServer, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / FILE).write_bytes(BODY[:-1])
    server.answers = [status(404)]
    with pytest.raises(ModelFileError, match=r"404 \(Not Found\), and the file that is here is damaged"):
        published.obtain(no_progress)
    assert (cache / FILE).read_bytes() == BODY[:-1]
    assert published.obtain(no_progress).read_bytes() == BODY


def test_a_full_disk(published: PublishedFile, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / f"{FILE}.part").symlink_to("/dev/full")
    with pytest.raises(ModelFileError, match=rf"{FILE} \(3 MB\).*: No space left on device; set KERAS_HOME to another"):
        published.obtain(no_progress)


def test_a_folder_that_cannot_be_had(published: PublishedFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for home, reason in {"file": "Not a directory", "x" * 300: "File name too long"}.items():
        monkeypatch.setenv("KERAS_HOME", str(tmp_path / home))
        assert published.find() is None
        with pytest.raises(ModelFileError, match=f"cannot keep {FILE} .*: {reason}; set KERAS_HOME to another folder"):
            published.obtain(no_progress)
    monkeypatch.setenv("KERAS_HOME", "~no_such_user/keras")
    assert published.find() is None
    with pytest.raises(ModelFileError, match="there is no folder ~no_such_user/keras for weights: set KERAS_HOME"):
        published.obtain(no_progress)


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
