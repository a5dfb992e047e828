"""Recordings that are cut, damaged or none at all: what is there comes, and a line says what is wrong."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from live_classify.core.errors import SourceError, SourceOpenError, SourceReadError
from live_classify.sources.recording import Recording
from media import EACH_FOR_ITSELF, RATE, SIZE, damaged, index_of, packets, write_clip
from readings import read


@pytest.fixture(autouse=True)
def nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert capfd.readouterr() == ("", "")


def test_a_recording_without_a_frame_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "none.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height = SIZE
        container.start_encoding()
    _, frames, error = read(tmp_path / "none.mkv")
    assert frames == []
    assert str(error) == f"cannot read {tmp_path / 'none.mkv'} as video: it is cut short, before its first frame"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    _, _, error = read(tmp_path / "pipe.mp4")
    assert str(error) == f"cannot open {tmp_path / 'pipe.mp4'}: it is a pipe or device, not a file"


def test_a_header_that_promises_giant_frames_costs_no_memory(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", 1, codec="rawvideo", pixels="bgr24")
    contents = bytearray(path.read_bytes())
    size = contents.index(b"strf") + 12
    contents[size : size + 8] = struct.pack("<ii", 60_000, 60_000)
    path.write_bytes(contents)
    _, frames, error = read(path)
    assert frames == []
    assert isinstance(error, SourceError)


@pytest.mark.parametrize("part", [0.2, 0.5, 0.7])
def test_a_file_that_is_cut_gives_what_it_has_and_then_fails(part: float, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", options=EACH_FOR_ITSELF)
    whole = path.read_bytes()
    first, _ = packets(path)[0]
    cut = first + round((len(whole) - first) * part)
    there = sum(position + length <= cut for position, length in packets(path))
    path.write_bytes(whole[:cut])
    recording, frames, error = read(path)
    assert [index_of(frame.bgr) for frame in frames] == list(range(there))
    assert 0 < there < 50
    assert recording.status().decode_errors <= 1  # the frame through which the cut goes
    assert isinstance(error, SourceReadError)
    assert str(error) == (f"{path} is cut short: {(there - 1) / RATE:.1f} s of 2.0 s could be read ({there} frames)")


def test_a_cut_is_noticed_where_there_is_sound_too(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", options=EACH_FOR_ITSELF, sound_s=2)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    _, frames, error = read(path)
    assert 0 < len(frames) < 50
    assert isinstance(error, SourceReadError)
    assert "is cut short" in str(error)


@pytest.mark.parametrize("bad", [[7], [0], [10, 11, 12, 30], [49], list(range(5, 45)), list(range(1, 50, 2))])
def test_damaged_frames_are_counted_and_all_others_come(bad: list[int], tmp_path: Path) -> None:
    path = damaged(write_clip(tmp_path / "clip.mp4", options=EACH_FOR_ITSELF), bad)
    recording, frames, _ = read(path)
    good = [index for index in range(50) if index not in bad]
    assert [index_of(frame.bgr) for frame in frames] == good
    assert [frame.time_s for frame in frames] == pytest.approx([index / RATE for index in good], abs=0.002)
    assert recording.status().decode_errors == len(bad)


@pytest.mark.parametrize("seed", range(8))
def test_flipped_bits_end_a_run_in_order_or_not_at_all(seed: int, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", options={"preset": "veryfast", "g": "12"})
    rng, contents = np.random.default_rng(seed), bytearray(path.read_bytes())
    start, _ = packets(path)[0]
    for place in rng.integers(start, len(contents), 20):
        contents[place] ^= 1 << int(rng.integers(8))
    path.write_bytes(contents)
    recording, frames, error = read(path)
    assert len(frames) + recording.status().decode_errors >= 45
    indices = [frame.index for frame in frames]
    assert indices == sorted(set(indices))  # a damaged frame keeps its number
    assert error is None or isinstance(error, SourceReadError)


def test_a_key_frame_that_is_lost_does_not_end_the_run(tmp_path: Path) -> None:
    options = {"preset": "veryfast", "g": "200", "keyint_min": "200", "sc_threshold": "0", "bf": "0"}
    path = write_clip(tmp_path / "clip.mp4", 450, options=options)
    damaged(path, range(190, 400))
    _, frames, error = read(path)
    assert error is None
    assert frames[-1].time_s == pytest.approx(449 / RATE, abs=0.002)


def only_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000)
        for number in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 48_000, number * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing.mp4", "cannot open {}: no such file"),
        ("folder.mp4", "cannot open {}: it is a folder"),
        ("empty.mp4", "cannot open {}: the file is empty"),
        ("text.mp4", "cannot read {} as video: not a video file, or damaged at its start"),
        ("noise.mkv", "cannot read {} as video: not a video file, or damaged at its start"),
        ("header.mp4", "cannot read {} as video: it is cut short, before its first frame"),
        ("sound.mp4", "cannot read {} as video: it holds no video, only sound"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_line(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("this is no video\n" * 100)
    (tmp_path / "noise.mkv").write_bytes(np.random.default_rng(0).bytes(10_000))
    (tmp_path / "header.mp4").write_bytes(write_clip(tmp_path / "clip.mp4").read_bytes()[:500])
    only_sound(tmp_path / "sound.mp4")
    path = tmp_path / name
    recording, frames, error = read(path)
    assert frames == []
    assert isinstance(error, SourceOpenError)
    assert str(error) == says.format(path)
    assert recording.status().decode_errors == 0


def test_a_recording_without_one_good_frame_is_refused(tmp_path: Path) -> None:
    path = damaged(write_clip(tmp_path / "clip.mp4", options=EACH_FOR_ITSELF), range(50))
    _, frames, error = read(path)
    assert frames == []
    assert isinstance(error, SourceError)
    assert "no frame of it can be decoded" in str(error)


def test_frames_too_large_for_memory_are_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", 1, codec="rawvideo", pixels="bgr24")
    contents = bytearray(path.read_bytes())
    size = contents.index(b"strf") + 12  # in the BITMAPINFOHEADER
    contents[size : size + 8] = struct.pack("<ii", 16384, 4098)
    path.write_bytes(contents)
    with pytest.raises(SourceOpenError, match="16384x4098 pixels a frame are too many"):
        next(Recording(path).frames(threading.Event()))
