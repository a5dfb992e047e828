"""Real files through the real decoder; the decoder itself has nothing to say to the user."""

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
from live_classify.core.values import Frame
from live_classify.sources.recording import Recording
from media import EACH_FOR_ITSELF, RATE, SIZE, damaged, index_of, level, packets, turned, write_clip


@pytest.fixture(autouse=True)
def nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert capfd.readouterr() == ("", "")


def read(path: Path) -> tuple[Recording, list[Frame], SourceError | None]:
    """All that a file gives, and what it ended with."""
    recording, frames = Recording(path), []
    try:
        for frame in recording.frames(threading.Event()):
            frames.append(frame)  # noqa: PERF402 (what came before a failure counts)
    except SourceError as error:
        return recording, frames, error
    return recording, frames, None


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
