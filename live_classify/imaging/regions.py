"""Regions cut out of pictures, from their full resolution."""

from __future__ import annotations

from live_classify.core.values import WHOLE_PICTURE, BgrImage, Region


def cut(bgr: BgrImage, region: Region) -> BgrImage:
    """The pixels of a region, at least one; a view.

    Args:
        bgr: ``(H, W, 3)`` uint8.
        region: in parts of the picture.
    """
    if region is WHOLE_PICTURE:
        return bgr
    height, width = bgr.shape[:2]
    left, top = min(int(region.x * width), width - 1), min(int(region.y * height), height - 1)
    right = max(left + 1, round((region.x + region.width) * width))
    bottom = max(top + 1, round((region.y + region.height) * height))
    return bgr[top:bottom, left:right]
