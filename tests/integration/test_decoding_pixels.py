"""What the pixels of a recording look like: colours, proportions, high dynamic range; and what is no picture of it."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from live_classify.core.errors import SourceOpenError
from live_classify.core.values import BgrImage
from live_classify.sources.container import MAX_PIXELS
from live_classify.sources.excerpt import Excerpt, Part
from live_classify.sources.hdr import to_standard_range
from live_classify.sources.pixels import square
from live_classify.sources.recording import Recording
from media import SIZE

BGR = (40, 80, 200)
BT601, BT709, BT2020 = (0.299, 0.114), (0.2126, 0.0722), (0.2627, 0.0593)
"""Weights of red and blue in luma (ITU-R BT.601, BT.709, BT.2020)."""
MATRICES = {"601": (6, BT601), "709": (1, BT709), "2020": (9, BT2020), "unsaid": (2, BT601)}
"""FFmpeg's number of each, and its weights."""


def coded(bgr: tuple[int, int, int], weights: tuple[float, float], full: bool) -> list[int]:
    """Y, Cb and Cr of a colour, of 8 bits."""
    blue, green, red = (value / 255 for value in bgr)
    of_red, of_blue = weights
    luma = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    chroma = [(blue - luma) / (2 - 2 * of_blue), (red - luma) / (2 - 2 * of_red)]
    if full:
        return [round(255 * luma), *(round(128 + 255 * value) for value in chroma)]
    return [round(16 + 219 * luma), *(round(128 + 224 * value) for value in chroma)]


def write_plain(path: Path, codes: list[int], codec: str = "libx264", pixels: str = "yuv420p", **tags: int) -> Path:
    """A clip of three pictures, each of one colour."""
    with av.open(str(path), "w") as container:
        options = {"crf": "0"} if codec == "libx264" else {"x265-params": "log-level=none:lossless=1"}
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height = SIZE
        stream.pix_fmt = pixels
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        for index in range(3):
            frame = av.VideoFrame(SIZE[0], SIZE[1], pixels)
            for plane, code in zip(frame.planes, codes, strict=True):
                kind = np.uint16 if pixels.endswith("10le") else np.uint8
                plane.update(np.full(plane.buffer_size // np.dtype(kind).itemsize, code, kind).tobytes())
            for name, value in tags.items():
                setattr(frame, name, value)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def first_picture(path: Path) -> BgrImage:
    frames = Recording(path).frames(threading.Event())
    picture = next(frames).bgr
    frames.close()
    return picture


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", MATRICES)
def test_colours_are_what_the_stream_says(matrix: str, full: bool, tmp_path: Path) -> None:
    number, weights = MATRICES[matrix]
    path = write_plain(
        tmp_path / "clip.mp4", coded(BGR, weights, full), colorspace=number, color_range=2 if full else 1
    )
    assert first_picture(path).reshape(-1, 3).mean(0) == pytest.approx(BGR, abs=3)


@pytest.mark.parametrize(
    ("transfer", "code", "seen"),
    [(16, 0.0, 0), (16, 0.4107, 117), (16, 0.5807, 242), (16, 1.0, 255), (18, 0.0, 0), (18, 0.75, 242), (18, 1.0, 255)],
    ids=["PQ black", "PQ grey of 18%", "PQ white", "PQ brightest", "HLG black", "HLG white", "HLG brightest"],
)
def test_high_dynamic_range_is_brought_to_the_usual(transfer: int, code: float, seen: int, tmp_path: Path) -> None:
    tags = {"colorspace": 9, "color_primaries": 9, "color_range": 1, "color_trc": transfer}
    codes = [round(64 + 876 * code), 512, 512]
    path = write_plain(tmp_path / "clip.mp4", codes, "libx265", "yuv420p10le", **tags)
    assert first_picture(path).reshape(-1, 3).mean(0) == pytest.approx([seen] * 3, abs=4)


def test_the_colours_of_bt2020_become_those_of_bt709() -> None:
    """The red of BT.709, as light as white paper, in BT.2020 (ITU-R BT.2087) with PQ (SMPTE ST 2084)."""
    light = np.array([0.0164, 0.0691, 0.6274]) * 203 / 10_000
    root = light**0.1593017578125
    codes = ((0.8359375 + 18.8515625 * root) / (1 + 18.6875 * root)) ** 78.84375
    picture = np.broadcast_to(np.round(255 * codes).astype(np.uint8), (4, 4, 3))
    blue, green, red = to_standard_range(np.ascontiguousarray(picture), hlg=False)[0, 0]
    assert max(blue, green) < 40  # 8 bits leave that much
    assert red == pytest.approx(242, abs=4)


@pytest.mark.parametrize(
    ("size", "aspect", "expected"),
    [
        ((720, 576), Fraction(1), (720, 576)),
        ((720, 576), Fraction(64, 45), (1024, 576)),
        ((720, 480), Fraction(8, 9), (720, 540)),
        ((64, 48), Fraction(1000), (64, 48)),  # a header that can't be right
        ((64, 48), Fraction(1, 1000), (64, 48)),
        ((1, 1), Fraction(4, 3), (1, 1)),
    ],
)
def test_pixels_become_square_and_none_is_lost(
    size: tuple[int, int], aspect: Fraction, expected: tuple[int, int]
) -> None:
    assert square(*size, aspect) == expected


def test_pictures_made_wider_are_not_made_too_large() -> None:
    width, height = square(8192, 4608, Fraction(4, 3))
    assert width * height <= MAX_PIXELS * 1.001
    assert width / height == pytest.approx(8192 * 4 / 3 / 4608, rel=0.001)


def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        sound, cover = container.add_stream("aac", rate=48_000), container.add_stream("mjpeg", rate=1)
        cover.width, cover.height = SIZE
        cover.pix_fmt = "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame(SIZE[0], SIZE[1], "yuvj420p")
        picture.pts = 0
        container.mux(cover.encode(picture))
        container.mux(cover.encode())
        for number in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 48_000, number * 1024
            container.mux(sound.encode(frame))
        container.mux(sound.encode())
    for source in (Recording(path), Excerpt(path, Part(every=2))):
        with pytest.raises(SourceOpenError, match="as video: it holds no video, only sound"):
            next(source.frames(threading.Event()))
