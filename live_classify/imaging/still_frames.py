"""Frames that show what the last classified one showed: they need no answer of their own."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

_BLOCKS = 14
"""Blocks along each side in which pictures are compared: what is small in the whole is large in one of them."""
_LIMIT = 4.0
"""Mean difference, of 255, within a block up to which it counts as noise; of a still camera it is 1 to 3."""


class StillFrames:
    """Compares each frame, as the network would see it, with the last one that was classified.

    Not with the one before: of a slow change, too, something is classified as soon as it adds up.
    """

    def __init__(self) -> None:
        self._classified: dict[str, npt.NDArray[np.uint8]] = {}  # by region, of the source below
        self._source = ""

    def is_fresh(self, rgb: npt.NDArray[np.uint8], source: str, region: str) -> bool:
        """Whether a picture must be classified; if so, those that follow are compared with it.

        Args:
            rgb: ``(H, W, 3)`` uint8, resized to the network's input.
            source: where it comes from; the first frame after one of another source is always fresh.
            region: which part of the frame it shows.
        """
        if source != self._source:
            self._classified, self._source = {}, source
        known = self._classified.get(region)
        if known is not None and _difference(rgb, known) <= _LIMIT:
            return False
        self._classified[region] = rgb.copy()
        return True


def _difference(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    """Mean absolute difference in the block, and the colour, where it is largest."""
    blocks = cv2.resize(cv2.absdiff(one, other), (_BLOCKS, _BLOCKS), interpolation=cv2.INTER_AREA)
    return float(blocks.max())
