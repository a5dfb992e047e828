"""GIFs, which OpenCV writes with other colours than it is given."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from live_classify.core.values import BgrImage

LEVELS = 128
_CLEAR, _END = LEVELS, LEVELS + 1
_CODES_UNTIL_CLEAR = 100  # below those after which a code takes more than 8 bits


def colours(levels: npt.NDArray[np.uint8]) -> BgrImage:
    """The colours that :func:`gif` gives levels: ``(H, W)`` uint8 below 128 to ``(H, W, 3)`` BGR."""
    return np.dstack([LEVELS - 1 - levels, levels, 2 * levels])


def gif(pictures: Sequence[npt.NDArray[np.uint8]], screen: tuple[int, int] | None = None) -> bytes:
    """Encode an animation, or one picture.

    Args:
        pictures: each ``(H, W)`` uint8 below 128: which of the colours.
        screen: width and height that the header claims; None is those of the first picture.
    """
    height, width = pictures[0].shape
    palette = colours(np.arange(LEVELS, dtype=np.uint8)[None])[0, :, ::-1].tobytes()
    out = b"GIF89a" + struct.pack("<HHBBB", *(screen or (width, height)), 0xF6, 0, 0) + palette
    for levels in pictures:
        codes = bytearray()
        for place, level in enumerate(levels.ravel()):
            codes += bytes([_CLEAR] if place % _CODES_UNTIL_CLEAR == 0 else []) + bytes([level])
        codes.append(_END)
        blocks = (codes[start : start + 255] for start in range(0, len(codes), 255))
        out += b"\x21\xf9\x04\x04\x0a\x00\x00\x00\x2c" + struct.pack("<4HB", 0, 0, *levels.shape[::-1], 0) + b"\x07"
        out += b"".join(bytes([len(block)]) + block for block in blocks) + b"\x00"
    return out + b"\x3b"
