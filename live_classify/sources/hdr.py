"""Pictures of high dynamic range (PQ, HLG), brought to the range that screens and networks know.

FFmpeg can do this too, but works for seconds before the first picture.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from live_classify.core.values import BgrImage

_WHITE_NITS = 203.0
"""What a sheet of white paper has in an HDR picture (ITU-R BT.2408)."""

_BGR_2020_TO_709 = np.array(
    [[1.1187, -0.1006, -0.0182], [-0.0083, 1.1329, -0.1246], [-0.0728, -0.5876, 1.6605]], np.float32
)
"""ITU-R BT.2087, for linear light; rows and columns are blue, green, red."""

_KNEE = 0.7
"""Light up to here stays as it is; what is brighter, without an end, is pressed into the rest."""
_BRIGHTEST = 16.0  # times white; what is brighter looks the same
_STEPS = 65_536
_GAMMA = 2.2


def to_standard_range(bgr: BgrImage, hlg: bool) -> BgrImage:
    """Convert a picture from BT.2020 with PQ or HLG to BT.709 with the usual gamma.

    Args:
        bgr: ``(H, W, 3)`` uint8, in the stream's own transfer and primaries.
        hlg: whether the transfer is HLG (BT.2100); else PQ (SMPTE ST 2084).

    Returns:
        ``(H, W, 3)`` uint8 BGR.
    """
    light = cv2.transform(cv2.LUT(bgr, _light(hlg)), _BGR_2020_TO_709)
    # By the root, so that dark steps are as fine as they look.
    steps = cv2.sqrt(np.clip(light * ((_STEPS - 1) ** 2 / _BRIGHTEST), 0, (_STEPS - 1) ** 2)).astype(np.uint16)
    return np.asarray(cv2.LUT(steps, _shown()), np.uint8)


@lru_cache
def _light(hlg: bool) -> npt.NDArray[np.float32]:
    """Linear light of each code, 1 is white."""
    code = np.arange(256) / 255
    if hlg:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
        nits = 1000 * scene**1.2
    else:
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        root = code ** (1 / m2)
        nits = 10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    return (nits / _WHITE_NITS).astype(np.float32)


@lru_cache
def _shown() -> npt.NDArray[np.uint8]:
    """Code of each step of light."""
    light = (np.arange(_STEPS) / (_STEPS - 1)) ** 2 * _BRIGHTEST
    room = 1 - _KNEE
    pressed = np.where(light <= _KNEE, light, _KNEE + room * (1 - np.exp(-(light - _KNEE) / room)))
    return np.round(255 * pressed ** (1 / _GAMMA)).astype(np.uint8)
