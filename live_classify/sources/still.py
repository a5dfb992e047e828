"""Still pictures: a source of one frame."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from pathlib import Path

import cv2
import numpy as np

from live_classify.core.errors import SourceOpenError
from live_classify.core.protocols import SourceStatus
from live_classify.core.quiet import native_stderr_silenced
from live_classify.core.values import BgrImage, Frame
from live_classify.sources.files import require_file
from live_classify.sources.picture_size import picture_size

_MAX_PIXELS = 100_000_000
"""Larger pictures are refused: decoding takes about 6 bytes a pixel, whatever the format."""


class Still:
    """A picture file."""

    def __init__(self, path: str | Path, name: str | None = None) -> None:
        self.path = Path(path)
        self.name = name if name is not None else str(path)

    def status(self) -> SourceStatus:
        """One frame, without a rate."""
        return SourceStatus(frame_count=1)

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:  # noqa: ARG002 (a file never waits)
        """Give the picture; see :class:`~live_classify.core.protocols.Source`."""
        yield Frame(read_image(self.path, self.name), 0, time.monotonic(), 0.0)


def read_image(path: Path, name: str) -> BgrImage:
    """Read a picture file, turned as its EXIF orientation says; of an animation its first picture.

    Returns:
        ``(H, W, 3)`` uint8 BGR, whatever the file's own depth and channels.

    Raises:
        SourceOpenError: there is no such file, it is damaged or cut short, or it is too large.
    """
    require_file(path, name)
    try:
        with path.open("rb") as file:
            width, height = picture_size(file) or (0, 0)
            file.seek(0)
            encoded = file.read() if width * height <= _MAX_PIXELS else b""
    except OSError as error:
        raise SourceOpenError(f"cannot read {name}: {error.strerror or error}") from error
    if width * height == 0:
        raise SourceOpenError(f"cannot read {name}: not a picture (JPEG, PNG, WebP, GIF, BMP, TIFF), or damaged")
    if width * height > _MAX_PIXELS:
        raise SourceOpenError(f"cannot read {name}: {width}x{height} pixels are too many")
    return _decode(encoded, name)


def _decode(encoded: bytes, name: str) -> BgrImage:
    try:
        # libpng and libjpeg complain on their own. Not imread: it can't open names outside the code page on Windows.
        with native_stderr_silenced():
            bgr = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise SourceOpenError(f"cannot read {name}: {error.err or 'OpenCV refused it'}") from error
    if bgr is None:
        raise SourceOpenError(f"cannot read {name}: the picture is damaged or cut short")
    return np.asarray(bgr, dtype=np.uint8)
