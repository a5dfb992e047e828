"""Pictures in memory as a source: a list of arrays, or whatever yields them."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable

import numpy as np

from live_classify.core.errors import SourceReadError
from live_classify.core.protocols import SourceStatus
from live_classify.core.values import BgrImage, Frame

_RATE = 30.0  # nothing says when one was taken


class Pictures:
    """Gives pictures in their order, at 30 a second of media time.

    Args:
        pictures: ``(H, W, 3)`` uint8 BGR arrays; read once, on the thread that reads the source.
    """

    def __init__(self, pictures: Iterable[BgrImage]) -> None:
        self.name = "pictures"
        self._pictures = pictures

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Give the pictures; see :class:`~live_classify.core.protocols.Source`.

        Raises:
            SourceReadError: one isn't a picture.
        """
        for index, picture in enumerate(self._pictures):
            if stop.is_set():
                return
            if not _is_picture(picture):
                what = f"{picture.shape} {picture.dtype}" if isinstance(picture, np.ndarray) else type(picture).__name__
                raise SourceReadError(f"picture {index} is {what}, not (H, W, 3) uint8 BGR")
            yield Frame(picture, index, time.monotonic(), index / _RATE)

    def status(self) -> SourceStatus:
        """How it is now; see :class:`~live_classify.core.protocols.Source`."""
        return SourceStatus(frame_rate=_RATE)


def _is_picture(picture: object) -> bool:
    return (
        isinstance(picture, np.ndarray)
        and picture.dtype == np.uint8
        and picture.ndim == 3
        and picture.shape[2] == 3
        and picture.size > 0
    )
