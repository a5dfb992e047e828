"""Several pictures side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from live_classify.core.values import BgrImage

_WIDTH = 1280  # pixels
_TILE_SHAPE = 16 / 9


class Mosaic:
    """A picture made of equal tiles, row by row.

    Args:
        count: how many tiles.
    """

    def __init__(self, count: int) -> None:
        self._columns = math.ceil(math.sqrt(count))
        self._tile = _WIDTH // self._columns, round(_WIDTH / self._columns / _TILE_SHAPE)
        rows = math.ceil(count / self._columns)
        self.bgr: BgrImage = np.zeros((rows * self._tile[1], self._columns * self._tile[0], 3), np.uint8)
        """``(H, W, 3)`` uint8; black where nothing has been put."""

    def fitted(self, bgr: BgrImage | None) -> BgrImage:
        """A copy of a picture in the size of a tile, its proportions kept, black around it; None: all black."""
        width, height = self._tile
        tile = np.zeros((height, width, 3), np.uint8)
        if bgr is not None:
            scale = min(width / bgr.shape[1], height / bgr.shape[0])
            inner = max(1, round(bgr.shape[1] * scale)), max(1, round(bgr.shape[0] * scale))
            x, y = (width - inner[0]) // 2, (height - inner[1]) // 2
            tile[y : y + inner[1], x : x + inner[0]] = cv2.resize(bgr, inner, interpolation=cv2.INTER_LINEAR)
        return tile

    def put(self, number: int, tile: BgrImage) -> None:
        """Put a tile in its place, counted from 0."""
        width, height = self._tile
        row, column = divmod(number, self._columns)
        self.bgr[row * height : (row + 1) * height, column * width : (column + 1) * width] = tile
