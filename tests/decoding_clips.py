"""Small recordings of every kind that decoders disagree about, and what is to be seen in them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np

from media import EACH_FOR_ITSELF, RATE, SIZE, damaged, level, packets, write_clip

FRAMES = 30
VARIABLE_MS = [0, 40, 50, 60, 500, 520, 1900, 2000, 2001, 5000]


def _regular(count: int = FRAMES) -> list[float]:
    return [index / RATE for index in range(count)]


@dataclass(frozen=True)
class Clip:
    """How a recording is made, and what it holds."""

    make: Callable[[Path], Path]
    numbers: Sequence[int] = range(FRAMES)
    """Of the frames that can be decoded."""
    times_s: Sequence[float] | None = None
    """Of these; 25 a second if left out."""
    size: tuple[int, int] = SIZE
    shows: Sequence[int] | None = None
    """Which of the pictures that were encoded each is; the frame's own number if left out."""
    grey: bool = True
    """Whether the pictures' lightness says which they are."""
    lost: int = 0
    """Frames that are damaged."""
    cut: bool = False
    """Whether the end is missing."""
    streamable: bool = True
    """Whether it can be read from its beginning to its end, without going back."""

    @property
    def expected_s(self) -> list[float]:
        return [number / RATE for number in self.numbers] if self.times_s is None else list(self.times_s)


def _coded(**options: Any) -> Callable[[Path], Path]:
    return lambda path: write_clip(path, FRAMES, **options)


def _tagged(path: Path, codec: str, pixels: str, **tags: Any) -> Path:
    """A clip whose stream says something of its pictures: colours, proportions, when it begins."""
    first, size = tags.pop("first", 0), tags.pop("size", SIZE)
    with av.open(str(path), "w", options={"movflags": "faststart"} if path.suffix == ".mp4" else {}) as container:
        stream = container.add_stream(codec, rate=RATE, options=tags.pop("options", {}))
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        for index in range(FRAMES):
            frame = av.VideoFrame(size[0], size[1], pixels)
            depth = 2 if pixels.endswith("10le") else 1
            full = tags.get("color_range") == 2
            seen = level(index) - 3  # as much as write_clip's conversion loses
            light = seen if full else 16 + round(seen * 219 / 255)
            for plane in frame.planes:
                code = (light if plane.width == size[0] else 128) * (4 if depth == 2 else 1)
                plane.update(np.full(plane.buffer_size // depth, code, f"<u{depth}").tobytes())
            frame.pts, frame.time_base = first + index, Fraction(1, RATE)
            for name in ("colorspace", "color_range", "color_trc", "color_primaries"):
                if name in tags:
                    setattr(frame, name, tags[name])
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _turned(path: Path, quarters: int) -> Path:
    """An MP4 that is to be shown turned by quarters clockwise (ISO/IEC 14496-12, 8.3.2)."""
    width, height = SIZE
    cosine, sine = [(1, 0), (0, 1), (-1, 0), (0, -1)][quarters]
    shift = [(0, 0), (height, 0), (width, height), (0, width)][quarters]
    one = 1 << 16
    matrix = [cosine * one, sine * one, 0, -sine * one, cosine * one, 0, shift[0] * one, shift[1] * one, 1 << 30]
    contents = bytearray(write_clip(path, FRAMES, options={"g": "10"}).read_bytes())
    at = contents.index(b"tkhd") + 4 + 40
    contents[at : at + 36] = struct.pack(">9i", *matrix)
    path.write_bytes(contents)
    return path


def _edited(path: Path, first: int, count: int) -> Path:
    """An MP4 whose edit list shows only some of its frames (ISO/IEC 14496-12, 8.6.6)."""
    contents = bytearray(write_clip(path, FRAMES, options={"g": "10", "bf": "2"}).read_bytes())
    at = contents.index(b"elst") + 12
    _, media_time, _ = struct.unpack_from(">IiI", contents, at)
    ticks = 12800 // RATE  # what FFmpeg takes for 25 frames a second
    struct.pack_into(">Ii", contents, at, count * 1000 // RATE, media_time + first * ticks)
    movie = contents.index(b"mvhd") + 20
    struct.pack_into(">I", contents, movie, count * 1000 // RATE)
    path.write_bytes(contents)
    return path


def _cut(path: Path) -> Path:
    whole = write_clip(path, FRAMES, options=EACH_FOR_ITSELF)
    with av.open(str(whole)) as container:
        ends = [packet.pos + packet.size for packet in container.demux(video=0) if packet.pos is not None]
    path.write_bytes(whole.read_bytes()[: ends[9] + 10])
    return path


def _damaged(path: Path) -> Path:
    return damaged(write_clip(path, FRAMES, options=EACH_FOR_ITSELF), [4, 5, 20, 29])


def _concealed(path: Path) -> Path:
    """An H.264 clip of which two frames are damaged inside, so that a decoder fills in what it can't read."""
    contents = bytearray(write_clip(path, FRAMES, options=EACH_FOR_ITSELF).read_bytes())
    for position, length in (packets(path)[frame] for frame in (6, 21)):
        contents[position + length // 2 : position + length] = b"\x55" * (length - length // 2)
    path.write_bytes(contents)
    return path


def _same_times(path: Path) -> Path:
    """An MP4 two frames of which are to be shown at one time."""
    whole = write_clip(path.with_name(f"whole-{path.name}"), FRAMES, options=EACH_FOR_ITSELF)
    with av.open(str(whole)) as source, av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.pts is not None and packet.duration:
                packet.pts += (5 if number < 12 else 4) * packet.duration
                packet.stream = stream
                container.mux(packet)
    return path


def _joined(path: Path, skipped: int) -> Path:
    """A transport stream and behind it the same again, but for its first frames: the clock goes back there."""
    whole = write_clip(path, 15, options={"bf": "2", "g": "5"}).read_bytes()
    path.write_bytes(whole + whole[packets(path)[skipped][0] :])
    return path


def _beheaded(path: Path) -> Path:
    """A transport stream that was switched on between two key frames."""
    whole = write_clip(path, FRAMES, options={"bf": "0", "g": "10"}).read_bytes()
    path.write_bytes(whole[packets(path)[3][0] :])
    return path


def _opened(path: Path) -> Path:
    """A transport stream whose first frames to be shown refer to some that are missing."""
    options = {"x264-params": "open-gop=1:bframes=3:keyint=8:scenecut=0"}
    whole = write_clip(path, FRAMES, options=options).read_bytes()
    with av.open(str(path)) as container:
        keys = [packet.pos for packet in container.demux(video=0) if packet.is_keyframe]
    assert keys[1] is not None
    path.write_bytes(whole[keys[1] :])
    return path


def _hidden(path: Path) -> Path:
    """A VP8 clip two frames of which are decoded, but not shown (RFC 6386, 9.1)."""
    contents = bytearray(write_clip(path, FRAMES, codec="libvpx", options={"g": "15", "b": "5M"}).read_bytes())
    with av.open(str(path)) as container:
        frames = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    for number in _NOT_SHOWN:
        contents[contents.index(frames[number])] &= ~0x10
    path.write_bytes(contents)
    return path


_NOT_SHOWN = (7, 20)
_SHOWN = [number for number in range(FRAMES) if number not in _NOT_SHOWN]
_PQ: dict[str, Any] = {"colorspace": 9, "color_trc": 16, "color_primaries": 9, "color_range": 1}
_X265 = {"x265-params": "log-level=none:crf=5"}

CLIPS: dict[str, Clip] = {
    "plain.mp4": Clip(_coded(options={"g": "8", "bf": "0"})),
    "later frames.mp4": Clip(_coded(options={"g": "12", "bf": "3"})),
    "index at the end.mp4": Clip(_coded(options={**EACH_FOR_ITSELF, "crf": "1"}, muxing={}), streamable=False),
    "later frames.avi": Clip(_coded(options={"g": "12", "bf": "2"})),
    "open groups.mp4": Clip(_coded(options={"x264-params": "open-gop=1:bframes=3:keyint=8:scenecut=0"})),
    "gradual.mp4": Clip(_coded(options={"x264-params": "intra-refresh=1:keyint=8:bframes=0"})),
    "turned 90.mp4": Clip(partial(_turned, quarters=1), size=SIZE[::-1], grey=False),
    "turned 180.mp4": Clip(partial(_turned, quarters=2), grey=False),
    "turned 270.mp4": Clip(partial(_turned, quarters=3), size=SIZE[::-1], grey=False),
    "late.ts": Clip(partial(_tagged, codec="libx264", pixels="yuv420p", first=90_000 * RATE)),
    "clip.ts": Clip(_coded(options={"g": "10", "bf": "2"}, sound_s=1.2)),
    "joined.ts": Clip(partial(_joined, skipped=0), shows=[*range(15), *range(15)]),
    "joined late.ts": Clip(partial(_joined, skipped=5), numbers=range(25), shows=[*range(15), *range(5, 15)]),
    "opened.ts": Clip(_opened, numbers=range(22), shows=range(8, 30)),
    "beheaded.ts": Clip(_beheaded, numbers=range(20), times_s=[(7 + n) / RATE for n in range(20)], shows=range(10, 30)),
    "variable.mkv": Clip(
        lambda path: write_clip(path, len(VARIABLE_MS), times_ms=VARIABLE_MS, options={"bf": "0"}),
        numbers=range(len(VARIABLE_MS)),
        times_s=[ms / 1000 for ms in VARIABLE_MS],
    ),
    "sound.mkv": Clip(_coded(options={"g": "10"}, sound_s=3)),
    "hidden.webm": Clip(_hidden, numbers=range(28), times_s=[number / RATE for number in _SHOWN], shows=_SHOWN),
    "vp9.webm": Clip(_coded(codec="libvpx-vp9", options={"g": "15", "b": "5M"})),
    "hevc.mp4": Clip(partial(_tagged, codec="libx265", pixels="yuv420p10le", options=_X265)),
    "av1.mp4": Clip(_coded(codec="libsvtav1", options={"preset": "12", "crf": "10", "g": "10"})),
    "mpeg2.mpg": Clip(_coded(codec="mpeg2video", options={"g": "8", "bf": "2", "b": "5M"})),
    "mpeg4.avi": Clip(_coded(codec="mpeg4", options={"g": "8", "b": "5M"})),
    "packed.avi": Clip(_coded(codec="mpeg4", options={"g": "8", "bf": "2", "b": "5M"})),
    "jpeg.avi": Clip(_coded(codec="mjpeg", pixels="yuvj420p")),
    "raw.h264": Clip(_coded(options={"g": "8", "bf": "0"})),
    "bt709.mp4": Clip(partial(_tagged, codec="libx264", pixels="yuv420p", colorspace=1, color_range=1)),
    "full range.mp4": Clip(partial(_tagged, codec="libx264", pixels="yuv420p", colorspace=1, color_range=2)),
    "pq.mp4": Clip(partial(_tagged, codec="libx265", pixels="yuv420p10le", options=_X265, **_PQ), grey=False),
    "interlaced.mkv": Clip(_coded(options={"flags": "+ildct+ilme"})),
    "anamorphic.mp4": Clip(
        partial(_tagged, codec="libx264", pixels="yuv420p", size=(32, 48), sample_aspect_ratio=Fraction(2))
    ),
    "edited.mp4": Clip(partial(_edited, first=5, count=15), numbers=range(15), shows=range(5, 20)),
    "edited at a key.mp4": Clip(partial(_edited, first=10, count=20), numbers=range(20), shows=range(10, 30)),
    "cut.mp4": Clip(_cut, numbers=range(10), lost=1, cut=True),
    "concealed.mp4": Clip(_concealed, numbers=[n for n in range(FRAMES) if n not in {6, 21}], lost=2),
    "concealed.h264": Clip(_concealed, numbers=range(28), shows=[n for n in range(FRAMES) if n not in {6, 21}], lost=2),
    "same times.mp4": Clip(_same_times),
    "damaged.mp4": Clip(_damaged, numbers=[n for n in range(FRAMES) if n not in {4, 5, 20, 29}], lost=4),
}
