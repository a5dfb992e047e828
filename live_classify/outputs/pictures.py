"""Copies of still pictures with their label drawn on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2

from live_classify.core.errors import OutputError
from live_classify.core.values import Answered, BgrImage

Annotate = Callable[[Answered], BgrImage]


class PictureSink:
    """Writes an annotated copy of each picture.

    Args:
        paths: source name to the file to write, its format by its ending.
        annotate: makes the picture to write, ``(H, W, 3)`` uint8 BGR.
    """

    def __init__(self, paths: Mapping[str, Path], annotate: Annotate) -> None:
        self._paths = paths
        self._annotate = annotate

    def write(self, answered: Answered) -> None:
        """Write one picture; see :class:`~live_classify.core.protocols.Sink`."""
        write_picture(self._paths[answered.frame.source], self._annotate(answered))

    def close(self) -> None:
        """Nothing is left open; see :class:`~live_classify.core.protocols.Sink`."""


def write_picture(path: Path, bgr: BgrImage) -> None:
    """Write a picture, its format by the ending of the name.

    Raises:
        OutputError: no such format, or it could not be written; no part of it is left behind.
    """
    try:
        possible, encoded = cv2.imencode(path.suffix, bgr)
    except cv2.error:
        raise OutputError(
            f"cannot write {path}: {path.suffix or 'no ending'} isn't a picture format; .png and .jpg are"
        ) from None
    if not possible:
        raise OutputError(f"cannot write {path}: {bgr.shape[1]}x{bgr.shape[0]} pixels are too many for this format")
    try:
        file = path.open("wb")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    try:
        with file:
            file.write(encoded.tobytes())
    except OSError as error:
        if path.is_file():
            path.unlink()
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
