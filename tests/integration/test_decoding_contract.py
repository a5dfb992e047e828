"""One contract for every way to read a recording: the same frames, with the same numbers, times and pixels."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from decoding_clips import CLIPS, Clip
from file_server import FileServer, file_server
from live_classify.core.errors import SourceError, SourceReadError
from live_classify.core.values import Frame
from live_classify.sources.excerpt import Excerpt, Part
from live_classify.sources.network import NetworkStream
from live_classify.sources.recorded import RecordedSource
from live_classify.sources.recording import Recording
from media import EACH_FOR_ITSELF, index_of, packets, write_clip

FAR = Part(end_s=1e6)
"""All of a recording, but read as a part of it."""
PARTS = [Part(0.3, 0.9), Part(every=3), Part(0.5, every=4)]
Read = tuple[list[Frame], SourceError | None, int]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as running:
        yield running


def clip_of(name: str, folder: Path) -> tuple[Clip, Path]:
    clip, path = CLIPS[name], folder / name
    return clip, path if path.exists() else clip.make(path)


def read(source: RecordedSource) -> Read:
    frames: list[Frame] = []
    try:
        for frame in source.frames(threading.Event()):
            frames.append(frame)  # noqa: PERF402 (what came before a failure counts)
    except SourceError as error:
        return frames, error, source.status().decode_errors
    return frames, None, source.status().decode_errors


def assert_same(frames: list[Frame], others: list[Frame]) -> None:
    """Exactly: there is one decoder, and no reason for a tolerance."""
    assert [(frame.index, frame.time_s) for frame in frames] == [(frame.index, frame.time_s) for frame in others]
    for frame, other in zip(frames, others, strict=True):
        assert np.array_equal(frame.bgr, other.bgr), f"frame {frame.index} differs"


def within(frames: list[Frame], part: Part) -> list[Frame]:
    return [f for f in frames if f.index % part.every == 0 and part.start_s <= f.time_s < part.end_s]


@pytest.mark.parametrize("name", CLIPS)
def test_a_recording_holds_what_was_put_into_it(name: str, folder: Path) -> None:
    clip, path = clip_of(name, folder)
    frames, error, lost = read(Recording(path))
    assert [frame.index for frame in frames] == list(clip.numbers)
    assert [frame.time_s for frame in frames] == pytest.approx(clip.expected_s, abs=0.0011)  # Matroska counts in ms
    assert {frame.size for frame in frames} == {clip.size}
    if clip.grey:
        assert [index_of(frame.bgr) for frame in frames] == list(clip.numbers if clip.shows is None else clip.shows)
    assert lost == clip.lost
    assert (error is not None) == clip.cut


ROUTES: dict[str, Callable[[Path, FileServer], RecordedSource]] = {
    "by its index": lambda path, _: Excerpt(path, FAR),
    "from a host": lambda path, server: NetworkStream(server.address(path), "recorded"),
    "from a host that can't send parts": lambda path, server: NetworkStream(
        server.address(path, ranges=False), "recorded"
    ),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", CLIPS)
def test_every_route_gives_the_same(name: str, route: str, folder: Path, server: FileServer) -> None:
    clip, path = clip_of(name, folder)
    frames, error, _ = read(ROUTES[route](path, server))
    if not clip.streamable and "can't" in route:
        assert "the file has its index at its end and the host can't send parts" in str(error)
        return
    assert_same(frames, read(Recording(path))[0])
    assert isinstance(error, SourceReadError) == clip.cut
    assert "is cut short: " in str(error) or not clip.cut


@pytest.mark.parametrize("part", PARTS, ids=str)
@pytest.mark.parametrize("name", CLIPS)
def test_a_part_is_a_slice_of_the_whole(name: str, part: Part, folder: Path, server: FileServer) -> None:
    _, path = clip_of(name, folder)
    expected = within(read(Recording(path))[0], part)
    assert_same(read(Excerpt(path, part))[0], expected)
    assert_same(read(NetworkStream(server.address(path), "recorded", part=part))[0], expected)


@pytest.mark.parametrize("name", CLIPS)
def test_a_reading_that_is_left_is_a_beginning_of_the_whole(name: str, folder: Path) -> None:
    _, path = clip_of(name, folder)
    recording = Recording(path)
    reading = recording.frames(threading.Event())
    beginning = list(itertools.islice(reading, 7))
    reading.close()
    assert_same(beginning, read(recording)[0][:7])


def test_of_a_file_whose_connection_breaks_off_every_frame_that_came_is_given(folder: Path, server: FileServer) -> None:
    path = write_clip(folder / "breaks.mp4", 30, options={**EACH_FOR_ITSELF, "crf": "1"})
    came = sum(position + length <= path.stat().st_size * 2 // 3 for position, length in packets(path))
    frames, error, _ = read(NetworkStream(server.address(path, broken=True), "recorded"))
    assert [frame.index for frame in frames] == list(range(came))
    assert "broke off after" in str(error) or "is cut short" in str(error)
