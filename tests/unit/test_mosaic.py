from __future__ import annotations

import numpy as np
import pytest

from live_classify.core.values import BgrImage
from live_classify.imaging.mosaic import Mosaic


def plain(width: int, height: int, level: int) -> BgrImage:
    return np.full((height, width, 3), level, np.uint8)


@pytest.mark.parametrize(
    ("count", "size"), [(1, (1280, 720)), (2, (1280, 360)), (4, (1280, 720)), (5, (1278, 480)), (16, (1280, 720))]
)
def test_tiles_fill_rows_of_one_width(count: int, size: tuple[int, int]) -> None:
    mosaic = Mosaic(count)
    assert (mosaic.bgr.shape[1], mosaic.bgr.shape[0]) == size
    for number in range(count):
        mosaic.put(number, mosaic.fitted(plain(160, 90, 10 + number)))
    assert set(np.unique(mosaic.bgr)) == {*range(10, 10 + count), *([0] if count == 5 else [])}


@pytest.mark.parametrize(("width", "height"), [(90, 160), (4000, 125), (1, 1), (3, 2000)])
def test_a_picture_keeps_its_proportions(width: int, height: int) -> None:
    tile = Mosaic(2).fitted(plain(width, height, 200))
    assert tile.shape == (360, 640, 3)
    rows, columns = np.nonzero(tile[:, :, 0])
    seen = np.ptp(columns) + 1, np.ptp(rows) + 1
    assert seen[0] == 640 or seen[1] == 360
    assert seen[0] / seen[1] == pytest.approx(width / height, rel=0.01) or seen[0] == 1


def test_without_a_picture_a_tile_is_black() -> None:
    assert not Mosaic(3).fitted(None).any()
