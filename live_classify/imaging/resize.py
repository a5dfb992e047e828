"""Resizing a frame of any shape to the network's input.

It matters more than the choice of network: on photographs, cropping to the centre is right more often than squashing.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import cv2
import numpy as np
import numpy.typing as npt

from live_classify.core.values import BgrImage

ResizeMode: TypeAlias = Literal["crop", "squash", "pad"]
"""``crop`` takes the middle, ``squash`` changes the proportions, ``pad`` adds grey bars."""

RESIZE_MODES: tuple[ResizeMode, ...] = get_args(ResizeMode)

_PAD_GREY = 127  # the middle of the range: nothing after normalisation


def resize_into(bgr: BgrImage, rgb: npt.NDArray[np.uint8], mode: ResizeMode = "crop") -> None:
    """Scale a frame to a network's size.

    Linear interpolation: averaging over areas gave the same answers in 15 to 100 times the time.

    Args:
        bgr: ``(H, W, 3)`` uint8 BGR, any size; unchanged.
        rgb: ``(h, w, 3)`` uint8, contiguous; filled with the result, RGB.
        mode: what to do where the proportions differ.
    """
    height, width = rgb.shape[:2]
    if mode == "crop":
        bgr = centre_crop(bgr, width, height)
    elif mode == "pad":
        bgr = _padded(bgr, width, height)
    scaled = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_LINEAR)
    cv2.cvtColor(scaled, cv2.COLOR_BGR2RGB, dst=rgb)


def centre_crop(bgr: BgrImage, width: int, height: int) -> BgrImage:
    """The largest part from the middle of a picture that has the proportions ``width`` to ``height``; a view."""
    full_height, full_width = bgr.shape[:2]
    crop_width = max(1, min(full_width, round(full_height * width / height)))
    crop_height = max(1, min(full_height, round(full_width * height / width)))
    x, y = (full_width - crop_width) // 2, (full_height - crop_height) // 2
    return bgr[y : y + crop_height, x : x + crop_width]


def _padded(bgr: BgrImage, width: int, height: int) -> BgrImage:
    """The whole picture, scaled to lie within ``(height, width)``, with grey around it."""
    full_height, full_width = bgr.shape[:2]
    scale = min(width / full_width, height / full_height)
    inner_width, inner_height = max(1, round(full_width * scale)), max(1, round(full_height * scale))
    canvas = np.full((height, width, 3), _PAD_GREY, np.uint8)
    x, y = (width - inner_width) // 2, (height - inner_height) // 2
    canvas[y : y + inner_height, x : x + inner_width] = cv2.resize(bgr, (inner_width, inner_height))
    return canvas
