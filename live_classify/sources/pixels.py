"""From what a decoder gives to a picture as it is to be seen: its colours, its proportions, its right way up."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np

from live_classify.core.values import BgrImage
from live_classify.sources.container import MAX_PIXELS
from live_classify.sources.hdr import to_standard_range

if TYPE_CHECKING:
    from av import VideoFrame, VideoStream
    from av.filter import Graph

_MOST_STRETCHED = 4
"""Pixels said to be longer than so many times their width, or the other way round, are an error of the header."""

_USUAL = frozenset({1, 2, 5, 6})
"""BT.709, unspecified, and BT.601 of 625 and 525 lines: the same numbers for matrix, transfer and primaries (H.273)."""

_TURNS = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}


class Pixels:
    """Converts the pictures of one stream.

    Pixels that aren't square are made so by making the picture wider or higher, so that
    none is lost; only where that would be too many is it made smaller. Range and matrix (BT.601, 709, 2020) are as the
    stream says; what it says in the way of HDR (PQ, HLG) is brought to the range of BT.709.
    """

    def __init__(self, stream: VideoStream) -> None:
        from av.video.reformatter import VideoReformatter

        self._converter = VideoReformatter()
        self._aspect = Fraction(stream.sample_aspect_ratio or 1)
        self._size: tuple[int, int] | None = None
        self._graph: Graph | None = None
        self._looks: tuple[int, int, int, int] | None = None

    def bgr(self, picture: VideoFrame, any_size: bool = False) -> BgrImage | None:
        """Convert a picture.

        Args:
            picture: as the decoder gives it.
            any_size: whether it keeps its own size, where that isn't the first one's.

        Returns:
            ``(H, W, 3)`` uint8 BGR; None of a picture that is too large.
        """
        from av.video.reformatter import ColorTrc

        if picture.width * picture.height > MAX_PIXELS:
            return None
        if self._size is None or any_size:
            self._size = square(picture.width, picture.height, self._aspect)
        width, height = self._size
        if (width, height) == (picture.width, picture.height) and _is_usual(picture):
            converted = self._pooled(picture)
        else:
            converted = self._converter.reformat(picture, width, height, "bgr24", threads=1)
        plane = converted.planes[0]
        rows = np.ndarray((height, width, 3), np.uint8, memoryview(plane), strides=(plane.line_size, 3, 1))
        if picture.color_trc in {ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67}:
            rows = to_standard_range(rows, hlg=picture.color_trc == ColorTrc.ARIB_STD_B67)
        turns = round(picture.rotation / 90) % 4  # counter-clockwise
        if turns:
            return np.asarray(cv2.rotate(rows, _TURNS[turns]), np.uint8)
        return np.ascontiguousarray(rows)  # of most widths they are: nothing is copied

    def _pooled(self, picture: VideoFrame) -> VideoFrame:
        """Convert a picture of the most usual kind into memory that an earlier one has left.

        New memory for each, which the system must clear first, costs more than the conversion.
        """
        from av.filter import Graph

        looks = (picture.width, picture.height, int(picture.colorspace), int(picture.color_range))
        if self._graph is None or looks != self._looks:
            self._looks, self._graph = looks, Graph()
            width, height, colorspace, color_range = looks
            source = self._graph.add(
                "buffer",
                f"video_size={width}x{height}:pix_fmt=yuv420p:time_base=1/1000"
                f":colorspace={colorspace}:range={color_range}",
            )
            converter = self._graph.add("scale", "flags=bilinear")
            wanted, sink = self._graph.add("format", "pix_fmts=bgr24"), self._graph.add("buffersink")
            self._graph.link_nodes(source, converter, wanted, sink).configure()
        self._graph.vpush(picture)
        return self._graph.vpull()


def _is_usual(picture: VideoFrame) -> bool:
    """Whether a picture is of the kind that nearly all are: progressive, of 8 bits, in the colours of BT.601 or 709."""
    return (
        picture.format.name == "yuv420p"
        and not picture.interlaced_frame
        and picture.colorspace in _USUAL
        and picture.color_trc in _USUAL
        and picture.color_primaries in _USUAL
    )


def square(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Width and height of a picture with square pixels.

    Args:
        width: in pixels as they are stored.
        height: the same.
        aspect: a stored pixel's width by its height.
    """
    if aspect == 1 or not Fraction(1, _MOST_STRETCHED) <= aspect <= _MOST_STRETCHED:
        return width, height
    wide, high = (width * aspect, Fraction(height)) if aspect > 1 else (Fraction(width), height / aspect)
    shrink = min(1.0, (MAX_PIXELS / float(wide * high)) ** 0.5)
    return max(1, round(float(wide) * shrink)), max(1, round(float(high) * shrink))
