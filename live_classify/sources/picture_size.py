"""How large a picture is, by its header: a file of a few kilobytes can unpack to gigabytes."""

from __future__ import annotations

import struct
from typing import BinaryIO

_AT_ONCE = {b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR": ">II", b"GIF87a": "<HH", b"GIF89a": "<HH"}
"""What PNG and GIF begin with, to the form of the size that follows."""

# Start-of-frame markers, and those without a length (ISO/IEC 10918-1, table B.1).
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
_JPEG_SCAN = 0xDA

_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
_TIFF_LAYOUTS = {42: ("I", "H", "HHI4s"), 43: ("Q", "Q", "HHQ8s")}
"""Version to offset, number of entries, and entry (tag, type, count, value): TIFF and BigTIFF."""
_TIFF_VALUES = {3: "H", 4: "I", 16: "Q"}


def picture_size(file: BinaryIO) -> tuple[int, int] | None:
    """Width and height in pixels of a JPEG, PNG, WebP, GIF, BMP or TIFF picture.

    Args:
        file: from its start; it can be sought.

    Returns:
        None where it is none of these, or its header is damaged.
    """
    start = file.read(32)
    try:
        if start.startswith(b"\xff\xd8"):
            file.seek(2)
            return _jpeg(file)
        for mark, form in _AT_ONCE.items():
            if start.startswith(mark):
                return _unpack(form, start, len(mark))
        if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
            return _webp(start[12:16], start[20:])
        if start.startswith(b"BM"):
            width, height = _unpack("<HH" if start[14:18] == b"\x0c\0\0\0" else "<ii", start, 18)
            return width, abs(height)  # negative: the first row is the topmost
        if start[:2] in {b"II", b"MM"}:
            return _tiff("<" if start[:2] == b"II" else ">", start, file)
    except (struct.error, KeyError, ValueError, OverflowError):  # the last two: of an offset that no file reaches
        pass
    return None


def _unpack(form: str, data: bytes, offset: int = 0) -> tuple[int, int]:
    one, other = struct.unpack_from(form, data, offset)
    return one, other


def _jpeg(file: BinaryIO) -> tuple[int, int] | None:
    """Go from marker to marker up to the frame header."""
    while byte := file.read(1):
        if byte != b"\xff":
            continue  # decoders skip what shouldn't be there, too
        while (marker := file.read(1)) == b"\xff":
            pass
        if not marker or marker[0] == _JPEG_SCAN:
            return None
        if marker[0] in _JPEG_BARE or marker == b"\0":
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if marker[0] in _JPEG_FRAMES:
            height, width = _unpack(">xHH", file.read(5))
            return width, height
        file.seek(length - 2, 1)
    return None


def _webp(kind: bytes, chunk: bytes) -> tuple[int, int] | None:
    if kind == b"VP8X":
        width, width_high, height, height_high = struct.unpack_from("<4xHBHB", chunk)
        return 1 + width + (width_high << 16), 1 + height + (height_high << 16)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<xI", chunk)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = _unpack("<HH", chunk, 6)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _tiff(order: str, start: bytes, file: BinaryIO) -> tuple[int, int] | None:
    """Look the size up in the first directory."""
    (version,) = struct.unpack_from(order + "H", start, 2)
    offset_form, count_form, entry_form = (order + form for form in _TIFF_LAYOUTS[version])
    (offset,) = struct.unpack_from(offset_form, start, 4 if version == 42 else 8)
    file.seek(offset)
    (count,) = struct.unpack(count_form, file.read(struct.calcsize(count_form)))
    sizes: dict[int, int] = {}
    for _ in range(count):
        tag, kind, _, value = struct.unpack(entry_form, file.read(struct.calcsize(entry_form)))
        if tag in {_TIFF_WIDTH, _TIFF_HEIGHT}:
            (sizes[tag],) = struct.unpack_from(order + _TIFF_VALUES[kind], value)
    return sizes[_TIFF_WIDTH], sizes[_TIFF_HEIGHT]
