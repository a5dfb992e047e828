from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from live_classify.core.errors import SourceOpenError
from live_classify.core.protocols import SourceStatus
from live_classify.core.values import BgrImage
from live_classify.sources.still import Still, read_image
from media import cmyk_jpeg, encoded, jpeg_turned, photograph

FORMATS = (".jpg", ".png", ".bmp", ".tiff", ".webp")


@pytest.fixture(autouse=True)
def nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a b ü%d#.picture"


def read(path: Path, contents: bytes) -> BgrImage:
    path.write_bytes(contents)
    return read_image(path, "it")


def test_a_picture_is_a_source_of_one_frame(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(encoded(".png", photograph()))
    source = Still(path, "shown")
    (frame,) = source.frames(threading.Event())
    assert np.array_equal(frame.bgr, photograph())
    assert (frame.index, frame.source, frame.time_s) == (0, "", 0.0)
    assert source.status() == SourceStatus(frame_count=1)


@pytest.mark.parametrize("suffix", FORMATS)
def test_formats_are_known_by_their_contents(path: Path, suffix: str) -> None:
    difference = read(path, encoded(suffix, photograph())).astype(int) - photograph()
    assert np.abs(difference).mean() < 8


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda stored: stored),
        (2, np.fliplr),
        (3, lambda stored: np.rot90(stored, 2)),
        (4, np.flipud),
        (5, lambda stored: stored.transpose(1, 0, 2)),
        (6, lambda stored: np.rot90(stored, -1)),
        (7, lambda stored: np.rot90(stored, 2).transpose(1, 0, 2)),
        (8, np.rot90),
    ],
)
def test_a_photograph_is_turned_as_its_exif_orientation_says(path: Path, orientation: int, upright: object) -> None:
    assert callable(upright)
    jpeg = encoded(".jpg", photograph())
    assert np.array_equal(read(path, jpeg_turned(jpeg, orientation)), upright(read(path, jpeg)))


@pytest.mark.parametrize("suffix", FORMATS)
def test_grey_pictures_get_three_equal_channels(path: Path, suffix: str) -> None:
    grey = np.tile(np.arange(0, 200, 5, dtype=np.uint8), (30, 1))
    bgr = read(path, encoded(suffix, grey))
    assert bgr.shape == (30, 40, 3)
    assert np.ptp(bgr, axis=2).max() == 0
    assert np.abs(bgr[..., 0].astype(int) - grey).mean() < 3


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff"])
def test_transparency_is_left_out(path: Path, suffix: str) -> None:
    with_alpha = np.dstack([photograph(), np.full((48, 64), 200, np.uint8)])
    bgr = read(path, encoded(suffix, with_alpha, cv2.IMWRITE_WEBP_QUALITY, 101))
    assert np.array_equal(bgr, photograph())


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bits_become_eight(path: Path, suffix: str) -> None:
    deep = photograph().astype(np.uint16) * 257
    bgr = read(path, cv2.imencode(suffix, deep)[1].tobytes())
    assert np.abs(bgr.astype(int) - photograph()).max() <= 1


def test_cmyk_becomes_bgr(path: Path) -> None:
    bgr = read(path, cmyk_jpeg(24, 16))
    assert bgr.shape == (16, 24, 3)
    assert np.ptp(bgr) == 0
    assert 32 < bgr[0, 0, 0] < 96  # a quarter: half the light through half the black


@pytest.mark.parametrize("option", [cv2.IMWRITE_JPEG_PROGRESSIVE, cv2.IMWRITE_JPEG_OPTIMIZE])
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_picture_that_is_cut_short_is_refused(path: Path, suffix: str, option: int) -> None:
    whole = encoded(suffix, photograph(320, 240), *((option, 1) if suffix == ".jpg" else ()))
    for part in (0.001, 0.01, 0.1, 0.5, 0.9, 0.99):
        with pytest.raises(
            SourceOpenError, match=r"cannot read it: (not a picture|the picture is damaged or cut short)"
        ):
            read(path, whole[: max(1, int(len(whole) * part))])
    with pytest.raises(SourceOpenError, match="the picture is damaged or cut short"):
        read(path, whole[:-1])


def test_a_damaged_png_is_refused(path: Path) -> None:
    whole = encoded(".png", photograph(320, 240))
    for place in (len(whole) // 3, len(whole) // 2, len(whole) - 20):
        with pytest.raises(SourceOpenError, match="the picture is damaged or cut short"):
            read(path, whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])


def test_bytes_that_do_not_belong_are_passed_over_in_silence(path: Path) -> None:
    jpeg = encoded(".jpg", photograph())
    tables = jpeg.index(b"\xff\xdb")
    assert np.array_equal(read(path, jpeg[:tables] + b"some bytes" + jpeg[tables:]), read(path, jpeg))


HUGE = struct.pack(">II", 60_000, 60_000)


def huge(suffix: str) -> bytes:
    """A picture of a few bytes whose header claims 60000x60000 pixels (WebP: 16384x16384, the most there is)."""
    picture = encoded(suffix, photograph(), cv2.IMWRITE_WEBP_QUALITY, 101)
    match suffix:
        case ".png":
            return picture[:16] + HUGE + picture[24:]
        case ".jpg":
            frame = picture.index(b"\xff\xc0")
            return picture[: frame + 5] + struct.pack(">HH", 60_000, 60_000) + picture[frame + 9 :]
        case ".bmp":
            return picture[:18] + struct.pack("<ii", 60_000, 60_000) + picture[26:]
        case ".webp":
            return picture[:21] + b"\xff\xff\xff\x0f" + picture[25:]
    at = {
        64: picture.index(struct.pack("<HHIH", 256, 3, 1, 64)),
        48: picture.index(struct.pack("<HHIH", 257, 3, 1, 48)),
    }
    contents = bytearray(picture)
    for place in at.values():
        contents[place + 8 : place + 10] = struct.pack("<H", 60_000)
    return bytes(contents)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_picture_that_claims_to_be_huge_is_refused_before_it_is_decoded(path: Path, suffix: str) -> None:
    with pytest.raises(SourceOpenError, match=r"cannot read it: (60000x60000|16384x16384) pixels are too many"):
        read(path, huge(suffix))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing.png", "cannot open it: no such file"),
        ("folder.png", "cannot open it: it is a folder"),
        ("empty.png", "cannot open it: the file is empty"),
        ("text.png", r"cannot read it: not a picture \(JPEG, PNG, WebP, GIF, BMP, TIFF\), or damaged"),
        ("zeros.png", "cannot read it: not a picture"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("this is no picture\n" * 100)
    (tmp_path / "zeros.png").write_bytes(bytes(1000))
    with pytest.raises(SourceOpenError, match=says):
        read_image(tmp_path / name, "it")
