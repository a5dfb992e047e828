from __future__ import annotations

import numpy as np
import pytest

from live_classify.core.values import BgrImage
from live_classify.imaging.resize import RESIZE_MODES, ResizeMode, centre_crop, resize_into

RED_BGR, RED_RGB = (0, 0, 255), (255, 0, 0)


def picture(width: int, height: int, colour: tuple[int, int, int] = RED_BGR) -> BgrImage:
    return np.full((height, width, 3), colour, np.uint8)


def fitted(bgr: BgrImage, resize: ResizeMode, side: int = 32) -> BgrImage:
    rgb = np.zeros((side, side, 3), np.uint8)
    resize_into(bgr, rgb, resize)
    return rgb


@pytest.mark.parametrize("resize", ["crop", "squash"])
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (31, 33), (32, 32), (640, 480), (480, 640), (3, 2)])
def test_blue_and_red_change_places_at_any_size(size: tuple[int, int], resize: ResizeMode) -> None:
    assert (fitted(picture(*size), resize) == RED_RGB).all()


def test_a_picture_of_the_networks_size_is_only_reordered() -> None:
    bgr = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    for resize in RESIZE_MODES:
        assert np.array_equal(fitted(bgr, resize), bgr[..., ::-1])


def test_a_row_of_a_batch_is_filled_in_place_and_nothing_else() -> None:
    batch = np.zeros((3, 32, 32, 3), np.uint8)
    resize_into(picture(64, 48), batch[1])
    assert (batch[1] == RED_RGB).all()
    assert not batch[0].any()
    assert not batch[2].any()


@pytest.mark.parametrize("resize", RESIZE_MODES)
def test_the_frame_itself_is_not_changed(resize: ResizeMode) -> None:
    bgr = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    bgr.flags.writeable = False
    fitted(bgr, resize)


def test_crop_takes_the_middle() -> None:
    bgr = picture(96, 32, (0, 0, 0))
    bgr[:, 32:64] = RED_BGR
    assert (fitted(bgr, "crop") == RED_RGB).all()
    assert (fitted(np.ascontiguousarray(bgr.transpose(1, 0, 2)), "crop") == RED_RGB).all()


def test_squash_keeps_all_of_it() -> None:
    bgr = picture(96, 32, (0, 0, 0))
    bgr[:, 48:] = RED_BGR
    squashed = fitted(bgr, "squash")
    assert (squashed[:, :15] == 0).all()
    assert (squashed[:, 17:] == RED_RGB).all()


@pytest.mark.parametrize(("size", "inner"), [((64, 32), (32, 16)), ((32, 64), (16, 32)), ((10, 5), (32, 16))])
def test_pad_keeps_proportions_between_grey_bars(size: tuple[int, int], inner: tuple[int, int]) -> None:
    padded = fitted(picture(*size), "pad")
    width, height = inner
    x, y = (32 - width) // 2, (32 - height) // 2
    assert (padded[y : y + height, x : x + width] == RED_RGB).all()
    grey = (padded == 127).all(axis=2)
    assert grey.sum() == 32 * 32 - width * height


@pytest.mark.parametrize("size", [(1, 500), (500, 1), (1, 1)])
def test_pad_leaves_at_least_a_line_of_the_narrowest_picture(size: tuple[int, int]) -> None:
    assert (fitted(picture(*size), "pad") == RED_RGB).all(axis=2).any()


@pytest.mark.parametrize(
    ("size", "shape", "expected"),
    [
        ((640, 480), (1, 1), (480, 480)),
        ((480, 640), (1, 1), (480, 480)),
        ((640, 480), (16, 9), (640, 360)),
        ((101, 100), (1, 1), (100, 100)),
        ((1, 1000), (1000, 1), (1, 1)),
    ],
)
def test_a_centre_crop_is_the_largest_of_its_shape_and_in_the_middle(
    size: tuple[int, int], shape: tuple[int, int], expected: tuple[int, int]
) -> None:
    width, height = size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    bgr = np.stack([x % 256, y % 256, (x // 256) * 16 + y // 256], axis=2).astype(np.uint8)
    crop = centre_crop(bgr, *shape)
    assert crop.shape[1::-1] == expected
    left, top = (width - expected[0]) // 2, (height - expected[1]) // 2
    assert np.array_equal(crop, bgr[top : top + expected[1], left : left + expected[0]])
    assert np.shares_memory(crop, bgr)
