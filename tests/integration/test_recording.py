"""Real files through the real decoder; the decoder itself has nothing to say to the user."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from live_classify.sources.recording import Recording
from media import RATE, SIZE, index_of, level, turned, write_clip
from readings import read


@pytest.fixture(autouse=True)
def nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert capfd.readouterr() == ("", "")


CONTAINERS = {
    "mp4": ("clip.mp4", "libx264", {}),
    "mp4 with frames that refer to later ones": ("clip.mp4", "libx264", {"bf": "3"}),
    "mkv": ("clip.mkv", "libx264", {}),
    "webm": ("clip.webm", "libvpx", {"b": "5M"}),
    "avi": ("clip.avi", "mpeg4", {"b": "5M"}),
    "mov": ("clip.mov", "mpeg4", {"b": "5M"}),
    "ts": ("clip.ts", "libx264", {}),
    "raw": ("clip.h264", "libx264", {}),
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_every_frame_comes_once_in_order_with_its_time(kind: str, tmp_path: Path) -> None:
    name, codec, options = CONTAINERS[kind]
    recording, frames, error = read(write_clip(tmp_path / name, codec=codec, options=options))
    assert error is None
    assert [index_of(frame.bgr) for frame in frames] == list(range(50))
    assert [frame.index for frame in frames] == list(range(50))
    assert [frame.time_s for frame in frames] == pytest.approx([index / RATE for index in range(50)], abs=0.002)
    assert all(frame.size == SIZE for frame in frames)
    assert [frame.captured_s for frame in frames] == sorted(frame.captured_s for frame in frames)
    assert recording.status().decode_errors == 0
    assert recording.status().frame_rate == pytest.approx(RATE, rel=0.01)
    assert recording.status().frame_count in (50, None)


def test_a_frame_stays_as_it_is_when_the_next_is_read(tmp_path: Path) -> None:
    frames = Recording(write_clip(tmp_path / "clip.mp4")).frames(threading.Event())
    first = next(frames)
    before = first.bgr.copy()
    assert len(list(frames)) == 49
    assert np.array_equal(first.bgr, before)


def test_a_recording_can_be_read_again_and_left_early(tmp_path: Path) -> None:
    recording = Recording(write_clip(tmp_path / "clip.mp4"), name="shown")
    assert recording.name == "shown"
    frames = recording.frames(threading.Event())
    next(frames)
    frames.close()
    assert len(list(recording.frames(threading.Event()))) == 50


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_a_variable_rate_keeps_its_timestamps(name: str, tmp_path: Path) -> None:
    times_ms = [0, 40, 50, 60, 500, 520, 1900, 2000, 2001, 5000]
    _, frames, error = read(write_clip(tmp_path / name, times_ms=times_ms, options={"bf": "0"}))
    assert error is None
    assert [frame.time_s for frame in frames] == pytest.approx([time_ms / 1000 for time_ms in times_ms], abs=0.002)


def test_frames_without_a_timestamp_follow_at_the_usual_distance(tmp_path: Path) -> None:
    """An AVI file can't say when frames are shown that refer to later ones."""
    _, frames, error = read(write_clip(tmp_path / "clip.avi", options={"bf": "2", "g": "25"}))
    assert error is None
    steps = np.diff([frame.time_s for frame in frames])
    assert steps == pytest.approx(1 / RATE, abs=0.002)


@pytest.mark.parametrize(
    ("size", "pixels"), [((63, 47), "bgr0"), ((2, 2), "bgr0"), ((640, 2), "yuv420p"), ((3, 9), "bgr0")]
)
def test_unusual_sizes(size: tuple[int, int], pixels: str, tmp_path: Path) -> None:
    _, frames, error = read(write_clip(tmp_path / "clip.mkv", 3, size, codec="ffv1", pixels=pixels))
    assert error is None
    assert [frame.size for frame in frames] == [size] * 3


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "options"),
    [
        ("ten bits.mkv", "libx264", "yuv420p10le", {}),
        ("full colour.mkv", "libx264", "yuv444p", {}),
        ("interlaced.mkv", "libx264", "yuv420p", {"flags": "+ildct+ilme"}),
        ("interlaced.mpg", "mpeg2video", "yuv420p", {"flags": "+ildct+ilme", "b": "5M"}),
        ("transparent.mov", "qtrle", "argb", {}),
    ],
)
def test_unusual_pixels(name: str, codec: str, pixels: str, options: dict[str, str], tmp_path: Path) -> None:
    _, frames, error = read(write_clip(tmp_path / name, codec=codec, pixels=pixels, options=options))
    assert error is None
    assert [round(float(frame.bgr[-8:].mean())) for frame in frames] == pytest.approx(
        [level(index) for index in range(50)], abs=4
    )


@pytest.mark.parametrize("suffix", [".h264", ".ts"])
def test_a_size_that_changes_on_the_way_is_brought_to_the_first(suffix: str, tmp_path: Path) -> None:
    parts = [write_clip(tmp_path / f"{size[0]}{suffix}", 25, size) for size in (SIZE, (128, 96), (96, 32))]
    whole = tmp_path / f"whole{suffix}"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    _, frames, error = read(whole)
    assert error is None
    assert [index_of(frame.bgr) for frame in frames] == list(range(25)) * 3
    assert {frame.size for frame in frames} == {SIZE}


def test_a_recording_of_one_frame_and_an_animation(tmp_path: Path) -> None:
    _, frames, error = read(write_clip(tmp_path / "one.mp4", 1))
    assert (len(frames), error) == (1, None)
    _, frames, error = read(write_clip(tmp_path / "moving.gif", 10, codec="gif", pixels="gray"))
    assert (len(frames), error) == (10, None)


def test_a_recording_is_turned_as_it_says(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4")
    _, upright, _ = read(path)
    _, frames, error = read(turned(path, SIZE[1]))
    assert error is None
    for before, after in zip(upright, frames, strict=True):
        assert np.array_equal(after.bgr, np.rot90(before.bgr, -1))


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.webm"])
def test_sound_that_is_longer_than_the_picture_is_no_fault(name: str, tmp_path: Path) -> None:
    codec = "libvpx" if name.endswith("webm") else "libx264"
    _, frames, error = read(write_clip(tmp_path / name, codec=codec, sound_s=6))
    assert error is None
    assert len(frames) == 50


def test_a_header_that_says_no_length_is_no_fault(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.webm", codec="libvpx", muxing={"live": "1"})
    recording, frames, error = read(path)
    assert error is None
    assert len(frames) == 50
    assert recording.status().frame_count is None


@pytest.mark.parametrize(
    "name",
    [
        *("a b.mp4", "%d.mp4", "%03d.mp4", "#1.mp4", "a:b.mp4", "http:x.mp4", "concat:x.mp4", "-x.mp4", "ü日本.mp4"),
        *("a?b=1&c.mp4", "a|b.mp4", "a\nb.mp4", "*.mp4", "'q\".mp4", "no ending", ".mp4", "CLIP.MP4"),
    ],
)
def test_any_name_is_only_a_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(tmp_path / "clip.mp4", 3).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    recording, frames, error = read(Path(name))
    assert error is None
    assert (recording.name, len(frames)) == (name, 3)
