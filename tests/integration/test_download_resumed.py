"""What came in of a download that broke off is kept, and only the rest of the same file is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from live_classify.core.errors import ModelFileError
from live_classify.models.weights.download import PublishedFile
from live_classify.models.weights.origin import no_progress
from published_file import BODY, FILE, HALF, REST, empty_cache, hold_half, left_in, published_by, refusing_address
from weights_server import DATE, ETAG, Answer, WeightsServer, ignore_range, sending, serving, stall, status


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


def test_a_network_that_is_gone_for_a_moment_is_tried_again(published: PublishedFile, server: WeightsServer) -> None:
    server.answers = [sending(HALF), status(302, Location=refusing_address())]
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
