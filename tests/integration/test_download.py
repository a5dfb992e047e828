"""Weights are fetched whole or not at all, whatever the server, the network or the user does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from live_classify.core.errors import ModelFileError
from live_classify.models.weights.download import PublishedFile, keras_models
from live_classify.models.weights.origin import no_progress
from published_file import BODY, FILE, empty_cache, left_in, published_by, refusing_address
from weights_server import Answer, WeightsServer, endless, serving, status, text, without_length


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


def test_a_refused_connection_is_said_with_all_that_is_needed(published: PublishedFile, cache: Path) -> None:
    refused = refusing_address()
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
