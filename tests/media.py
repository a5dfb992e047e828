"""Recordings and pictures, good and bad, made on the spot."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np

from live_classify.core.values import BgrImage

SIZE = (64, 48)
RATE = 25

# Every frame a key frame and none that refers to a later one: so what is damaged or cut off is exactly known.
EACH_FOR_ITSELF = {"preset": "veryfast", "g": "1", "bf": "0"}


def level(index: int) -> int:
    """The grey of a test clip's frame."""
    return 20 + index * 4 % 200


def index_of(bgr: BgrImage) -> int:
    """Which frame of a test clip a picture is, of the first 50."""
    # FFmpeg's conversion to limited range and OpenCV's back lose 2 to 3 steps of grey.
    return round((float(bgr[-8:].mean()) - 17.5) / 4)


def write_clip(
    path: Path,
    frames: int = 50,
    size: tuple[int, int] = SIZE,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    times_ms: Sequence[int] | None = None,
    sound_s: float = 0.0,
    muxing: dict[str, str] | None = None,
    pixels: str = "yuv420p",
) -> Path:
    """Write a recording of grey frames that become lighter, the upper half noise so that each takes some space.

    Args:
        path: the container by its ending; an MP4 has its index at the start.
        frames: how many.
        size: width and height.
        codec: FFmpeg's name of the encoder.
        options: for the encoder.
        times_ms: when each frame is shown; at 25 a second if left out.
        sound_s: seconds of silence that go with it, from the start.
        muxing: options for the container.
        pixels: FFmpeg's name of the pixel format.
    """
    muxing = {"movflags": "faststart"} if muxing is None and path.suffix == ".mp4" else muxing
    base = Fraction(1, RATE if times_ms is None else 1000)
    noise = np.random.default_rng(0).integers(0, 256, (size[1] // 2, size[0], 3), dtype=np.uint8)
    with av.open(str(path), "w", options=muxing) as container:
        stream = container.add_stream(codec, rate=RATE, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        stream.codec_context.time_base = base
        audio = container.add_stream("libopus" if path.suffix == ".webm" else "aac", rate=48_000) if sound_s else None
        for index, time in enumerate(range(frames) if times_ms is None else times_ms):
            bgr = np.full((size[1], size[0], 3), level(index), np.uint8)
            bgr[: len(noise)] = noise
            frame = av.VideoFrame.from_ndarray(bgr, "bgr24")
            frame.pts, frame.time_base = time, base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if audio is not None:
            silence = np.zeros((1, 960), np.float32)
            for number in range(round(sound_s * 50)):
                sound = av.AudioFrame.from_ndarray(silence, "fltp", "mono")
                sound.sample_rate, sound.pts, sound.time_base = 48_000, number * 960, Fraction(1, 48_000)
                container.mux(audio.encode(sound))
            container.mux(audio.encode())
    return path


def packets(path: Path) -> list[tuple[int, int]]:
    """Where each video frame lies in the file: position and length in bytes, in the file's order."""
    with av.open(str(path)) as container:
        return [(cast("int", p.pos), p.size) for p in container.demux(video=0) if p.size]


def damaged(path: Path, frames: Sequence[int]) -> Path:
    """Overwrite some frames of a recording with what no decoder understands."""
    contents = bytearray(path.read_bytes())
    for position, length in (packets(path)[frame] for frame in frames):
        contents[position : position + length] = b"\xff" * length
    path.write_bytes(contents)
    return path


def turned(path: Path, height: int) -> Path:
    """Have an MP4 file say that it is to be shown turned by 90 degrees clockwise (ISO/IEC 14496-12, 8.3.2)."""
    contents = bytearray(path.read_bytes())
    matrix = contents.index(b"tkhd") + 4 + 40
    contents[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, height << 16, 0, 1 << 30)
    path.write_bytes(contents)
    return path


def encoded(suffix: str, picture: BgrImage, *options: int) -> bytes:
    """A picture file's contents, by OpenCV."""
    return cv2.imencode(suffix, picture, options)[1].tobytes()


def photograph(width: int = 64, height: int = 48) -> BgrImage:
    """A smooth, colourful picture, its four quarters of different lightness."""
    noise = np.random.default_rng(0).integers(0, 100, (height, width, 3), dtype=np.uint8)
    picture = cv2.GaussianBlur(noise, (0, 0), 2).astype(np.uint8)
    picture[: height // 2, : width // 2] += 150
    picture[: height // 2, width // 2 :] += 100
    picture[height // 2 :, : width // 2] += 50
    return picture


def jpeg_turned(jpeg: bytes, orientation: int) -> bytes:
    """Put an EXIF orientation (1 to 8) into a JPEG file."""
    exif = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def cmyk_jpeg(width: int, height: int) -> bytes:
    """A baseline JPEG of four components, all of medium strength: every coefficient is zero."""
    blocks = -(-width // 8) * -(-height // 8)
    one_code = bytes([1, *[0] * 15, 0])  # a Huffman table with one code of one bit, for 0
    segments = [
        (0xEE, b"Adobe" + bytes([0, 100, 0, 0, 0, 0, 0])),
        (0xDB, bytes([0, *[1] * 64])),
        (0xC0, struct.pack(">BHHB", 8, height, width, 4) + bytes([1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0])),
        (0xC4, b"\x00" + one_code),
        (0xC4, b"\x10" + one_code),
        (0xDA, bytes([4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0])),
    ]
    head = b"".join(b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body for marker, body in segments)
    return b"\xff\xd8" + head + bytes(blocks) + b"\xff\xd9"  # two bits for each block of each of four components
