from __future__ import annotations

import io
import struct

import cv2
import pytest

from live_classify.sources.picture_size import picture_size
from media import cmyk_jpeg, encoded, jpeg_turned, photograph

SIZES = [(1, 1), (17, 3), (300, 200), (200, 300), (1000, 2)]
ENCODINGS = {
    "jpeg": (".jpg",),
    "progressive jpeg": (".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "jpeg with restarts": (".jpg", cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
    "png": (".png",),
    "lossy webp": (".webp", cv2.IMWRITE_WEBP_QUALITY, 50),
    "lossless webp": (".webp", cv2.IMWRITE_WEBP_QUALITY, 101),
    "bmp": (".bmp",),
    "tiff": (".tiff",),
    "tiff with lzw": (".tiff", cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_LZW),
}


def size_of(contents: bytes) -> tuple[int, int] | None:
    return picture_size(io.BytesIO(contents))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ENCODINGS)
def test_the_size_of_every_format_is_read(kind: str, size: tuple[int, int]) -> None:
    suffix, *options = ENCODINGS[kind]
    assert size_of(encoded(str(suffix), photograph(*size), *map(int, options))) == size


def test_segments_before_a_jpegs_frame_are_passed_over() -> None:
    jpeg = encoded(".jpg", photograph(30, 20))
    thumbnail = b"\xff\xe1" + struct.pack(">H", 2 + len(jpeg)) + jpeg
    assert size_of(jpeg[:2] + thumbnail + jpeg[2:]) == (30, 20)
    assert size_of(jpeg_turned(jpeg, 6)) == (30, 20)
    assert size_of(jpeg[:2] + b"\xff\xff\xff" + jpeg[2:]) == (30, 20)
    assert size_of(jpeg[:2] + b"some bytes that don't belong" + jpeg[2:]) == (30, 20)
    assert size_of(cmyk_jpeg(24, 16)) == (24, 16)


def tiff(order: str, big: bool = False) -> bytes:
    mark = b"II" if order == "<" else b"MM"
    if big:
        head = mark + struct.pack(order + "HHHQ", 43, 8, 0, 16)
        entries = [struct.pack(order + "HHQQ", 257, 16, 1, 70_000), struct.pack(order + "HHQ2H4x", 256, 3, 1, 640, 0)]
        return head + struct.pack(order + "Q", 2) + b"".join(entries)
    head = mark + struct.pack(order + "HI", 42, 8)
    entries = [struct.pack(order + "HHIHH", 256, 3, 1, 640, 0), struct.pack(order + "HHII", 257, 4, 1, 70_000)]
    return head + struct.pack(order + "H", 2) + b"".join(entries)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_and_both_sizes_of_tiff_are_read(order: str, big: bool) -> None:
    assert size_of(tiff(order, big)) == (640, 70_000)


def test_other_forms_of_header_are_read() -> None:
    head = b"BM" + bytes(12)
    assert size_of(head + struct.pack("<IHH", 12, 60_000, 50_000)) == (60_000, 50_000)
    assert size_of(head + struct.pack("<Iii", 40, 60_000, -50_000)) == (60_000, 50_000)
    extended = b"RIFF" + bytes(4) + b"WEBPVP8X" + struct.pack("<II", 10, 0) + b"\xff\xff\x00" + b"\x02\x00\x00"
    assert size_of(extended) == (65_536, 3)
    for version in (b"GIF87a", b"GIF89a"):
        assert size_of(version + struct.pack("<HH", 60_000, 3) + bytes(3)) == (60_000, 3)


@pytest.mark.parametrize("contents", [b"", b"text", b"GIF87a" + bytes(2), b"\x00" * 100, b"\xff\xd8", b"BM", b"II*\0"])
def test_what_is_none_of_them_has_no_size(contents: bytes) -> None:
    assert size_of(contents) is None


@pytest.mark.parametrize("kind", ENCODINGS)
def test_a_header_that_is_cut_gives_the_size_or_none(kind: str) -> None:
    suffix, *options = ENCODINGS[kind]
    contents = encoded(str(suffix), photograph(30, 20), *map(int, options))
    answers = {size_of(contents[:length]) for length in range(len(contents))}
    assert answers <= {None, (30, 20)}
    assert None in answers


def test_an_offset_that_no_file_reaches_gives_no_size() -> None:
    for order, mark in (("<", b"II"), (">", b"MM")):
        assert size_of(mark + struct.pack(order + "HI", 42, 0xFFFFFFFF) + bytes(8)) is None
        assert size_of(mark + struct.pack(order + "HHHQ", 43, 8, 0, 0xFFFFFFFFFFFFFFFF)) is None


def test_a_jpeg_without_a_frame_has_no_size() -> None:
    assert size_of(b"\xff\xd8\xff\xda" + bytes(100)) is None
    assert size_of(b"\xff\xd8" + b"\xff\xe0\x00\x02" * 1000) is None
    assert size_of(b"\xff\xd8\xff\xe0\x00\x00" + bytes(10)) is None
