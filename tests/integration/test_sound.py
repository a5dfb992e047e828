"""The sound of a recording in its annotated copy, and in clips cut out of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from live_classify.core.errors import OutputError, SourceOpenError
from live_classify.core.values import Answered, Label, Prediction
from live_classify.outputs.clips import clip_ending, cut_clip
from live_classify.outputs.video import VideoSink
from live_classify.sources.excerpt import Excerpt, Part
from media import write_clip

PREDICTION = Prediction((Label(0, "", "x", 1.0),), None, np.ones(1, np.float32), finished_s=0.0)
RECORDINGS: dict[str, dict[str, Any]] = {
    "clip.mp4": {},
    "clip.mkv": {"times_ms": [0, 40, 50, 60, 500, 520, 1500, 2000, 2001, 2400], "options": {"bf": "0"}},
    "clip.webm": {"codec": "libvpx"},
    "clip.ts": {},
    "clip.mov": {},
}


@dataclass(frozen=True)
class Track:
    codec: str
    times_s: list[float]
    contents: list[bytes]


def track(path: Path, kind: str) -> Track:
    """A track's packets, with times from the picture's beginning."""
    with av.open(str(path)) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        picture = container.streams.video[0]
        start_s = float((picture.start_time or 0) * (picture.time_base or 0))
        packets = [packet for packet in container.demux(stream) if packet.pts is not None and packet.time_base]
        times_s = [float((packet.pts or 0) * (packet.time_base or 0)) - start_s for packet in packets]
        return Track(stream.codec_context.name, times_s, [bytes(packet) for packet in packets])


def copy(source: Path, path: Path, part: Part = Part(), most: int = 1000) -> None:  # noqa: B008 (frozen)
    sink = VideoSink(path, lambda answered: answered.frame.bgr, 25, source, part.start_s, part.end_s)
    for number, frame in enumerate(Excerpt(source, part).frames(threading.Event())):
        if number < most:
            sink.write(Answered(frame, (PREDICTION,)))
    sink.close()


@pytest.mark.parametrize("name", RECORDINGS)
def test_sound_is_copied_packet_by_packet_at_its_times(name: str, tmp_path: Path) -> None:
    source = write_clip(tmp_path / name, sound_s=2.5, **RECORDINGS[name])
    copy(source, tmp_path / "copy.mp4")
    before, after = track(source, "audio"), track(tmp_path / "copy.mp4", "audio")
    assert after.codec == before.codec
    assert after.times_s == pytest.approx(before.times_s, abs=0.001)
    if not name.endswith(".ts"):  # there each packet has a header, which MP4 has once for all
        assert after.contents == before.contents
    pictures = track(tmp_path / "copy.mp4", "video")
    assert sorted(pictures.times_s) == pytest.approx(sorted(track(source, "video").times_s), abs=0.001)


def test_the_copy_plays_in_browsers(tmp_path: Path) -> None:
    copy(write_clip(tmp_path / "clip.mp4", sound_s=2.5), tmp_path / "copy.mp4")
    with av.open(str(tmp_path / "copy.mp4")) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.profile, codec.pix_fmt) == ("h264", "High", "yuv420p")
        assert len(list(container.decode(audio=0))) > 100
    contents = (tmp_path / "copy.mp4").read_bytes()
    assert contents.index(b"ftyp") < 16


def test_plain_samples_become_aac(tmp_path: Path) -> None:
    path = tmp_path / "camera.mkv"
    with av.open(str(path), "w") as container:
        video, audio = container.add_stream("mjpeg", rate=25), container.add_stream("pcm_s16le", rate=16_000)
        video.width, video.height, video.pix_fmt = 64, 48, "yuvj420p"
        audio.layout = "mono"
        for index in range(50):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), index, np.uint8), "bgr24")
            picture.pts = index
            container.mux(video.encode(picture))
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 640), np.int16), "s16", "mono")
            sound.sample_rate, sound.pts = 16_000, index * 640
            container.mux(audio.encode(sound))
        container.mux(video.encode())
        container.mux(audio.encode())
    copy(path, tmp_path / "copy.mp4")
    sound_track = track(tmp_path / "copy.mp4", "audio")
    assert sound_track.codec == "aac"
    assert sound_track.times_s[-1] == pytest.approx(2.0, abs=0.1)


def test_an_excerpt_begins_at_0_with_its_own_sound(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", sound_s=2.0, options={"g": "10", "bf": "0"})
    copy(source, tmp_path / "copy.mp4", Part(0.8, 1.6))
    sound, pictures = track(tmp_path / "copy.mp4", "audio"), track(tmp_path / "copy.mp4", "video")
    assert pictures.times_s == pytest.approx([index / 25 for index in range(20)], abs=0.001)
    whole = track(source, "audio")
    assert min(abs(time_s - 0.8 - sound.times_s[0]) for time_s in whole.times_s) < 0.001
    assert -0.022 < sound.times_s[0] <= 0
    assert sound.times_s[-1] == pytest.approx(0.8, abs=0.03)


def test_a_run_that_is_ended_early_has_no_more_sound_than_pictures(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", 250, sound_s=10.0)
    copy(source, tmp_path / "copy.mp4", most=50)
    assert track(tmp_path / "copy.mp4", "audio").times_s[-1] == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("name", [name for name in RECORDINGS if name != "clip.ts"])
def test_a_clip_is_a_copy_of_the_packets_from_the_key_frame_before(name: str, tmp_path: Path) -> None:
    options = (
        {"options": {"g": "10", "bf": "0"}} if name != "clip.webm" else {"codec": "libvpx", "options": {"g": "10"}}
    )
    source = write_clip(tmp_path / name, sound_s=2.0, **options)
    clip = tmp_path / f"cut{clip_ending(source)}"
    cut_clip(source, 0.5, 1.2, clip)
    whole, part = track(source, "video"), track(clip, "video")
    assert part.contents == whole.contents[10:30]
    assert part.times_s == pytest.approx([index / 25 for index in range(20)], abs=0.002)
    sound, all_sound = track(clip, "audio"), track(source, "audio")
    first = next(number for number, time_s in enumerate(all_sound.times_s) if time_s >= 0.4 - 0.001)
    assert sound.contents == all_sound.contents[first : first + len(sound.contents)]
    assert sound.times_s[0] == pytest.approx(all_sound.times_s[first] - 0.4, abs=0.003)
    assert sound.times_s[-1] == pytest.approx(0.8, abs=0.03)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_cannot_be_cut_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match=r"cannot read .*gone\.mp4"):
        cut_clip(tmp_path / "gone.mp4", 0, 1, tmp_path / "cut.mp4")
    source = write_clip(tmp_path / "clip.mp4")
    with pytest.raises(OutputError, match=r"cannot cut .*gone/cut\.mp4"):
        cut_clip(source, 0, 1, tmp_path / "gone" / "cut.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
