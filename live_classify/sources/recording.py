"""Recorded video files: every frame that can be decoded, in order, with its own timestamp."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from live_classify.core.errors import SourceOpenError, SourceReadError
from live_classify.core.protocols import SourceStatus
from live_classify.core.values import BgrImage, Frame
from live_classify.sources import diagnosis
from live_classify.sources.files import require_file
from live_classify.sources.interlaced import decoded, is_interlaced
from live_classify.sources.quiet import silence_opencv

# OpenCV gives up at the first damaged frame, although reading on would find the next good one: after the next key
# frame, which may be hundreds of frames away. At the true end each further attempt returns within 20 microseconds.
_READ_ATTEMPTS = 1000

_USUAL_FRAME_RATE = 30.0  # where the header has none

MAX_PIXELS = 8192 * 4608
"""Larger pictures are refused (8K ones are not): such a frame takes 113 MB, and several are under way at a time."""


class Recording:
    """A video file, read as fast as it is asked for."""

    def __init__(self, path: str | Path, name: str | None = None) -> None:
        self.path = Path(path)
        self.name = name if name is not None else str(path)
        self._status = SourceStatus()

    def status(self) -> SourceStatus:
        """What the header claims, and damaged frames so far."""
        return self._status

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:  # noqa: ARG002 (a file never waits)
        """Read the file to its end; see :class:`~live_classify.core.protocols.Source`."""
        capture = self._open()
        try:
            index, last_s, period_s = 0, 0.0, 1 / (self._status.frame_rate or _USUAL_FRAME_RATE)
            pictures = decoded(self.path, self._count_error) if is_interlaced(self.path) else self._read(capture)
            for bgr, time_s in pictures:
                captured_s = time.monotonic()
                # Raw streams have no timestamps, and some frames of an AVI file none: then all but the first are 0.
                last_s = time_s if index == 0 or time_s > last_s else last_s + period_s
                yield Frame(bgr, index, captured_s, last_s)
                index += 1
        finally:
            capture.release()
        self._check_complete(index, last_s)

    def _open(self) -> cv2.VideoCapture:
        require_file(self.path, self.name)
        silence_opencv()
        # The absolute path keeps FFmpeg from taking a name with a colon for a protocol.
        capture = cv2.VideoCapture(str(self.path.absolute()), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise SourceOpenError(f"cannot read {self.name} as video: {diagnosis.why_unreadable(self.path)}")
        width, height = (int(capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        if width * height > MAX_PIXELS:
            capture.release()
            raise SourceOpenError(f"cannot read {self.name}: {width}x{height} pixels a frame are too many")
        # OpenCV gives 0, or a number far below it, for what it doesn't know.
        rate, count = capture.get(cv2.CAP_PROP_FPS), int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self._status = replace(
            self._status, frame_rate=rate if rate > 0 else None, frame_count=count if count > 0 else None
        )
        return capture

    def _read(self, capture: cv2.VideoCapture) -> Iterator[tuple[BgrImage, float]]:
        """Decode with OpenCV: each frame with its time in seconds from the start."""
        while self._grab(capture):
            retrieved, bgr = capture.retrieve()
            if retrieved:
                yield np.asarray(bgr, np.uint8), capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            else:
                self._count_error()

    def _count_error(self, errors: int = 1) -> None:
        self._status = replace(self._status, decode_errors=self._status.decode_errors + errors)

    def _grab(self, capture: cv2.VideoCapture) -> bool:
        """Move to the next frame that can be decoded; False at the end."""
        for failed in range(_READ_ATTEMPTS):
            if capture.grab():
                self._count_error(failed)
                return True
        return False

    def _check_complete(self, frames: int, last_s: float) -> None:
        """Raise SourceReadError where the file holds less than its header promised."""
        if frames == 0:
            raise SourceReadError(f"cannot read {self.name}: {diagnosis.why_unreadable(self.path)}")
        if self._status.frame_count is not None and frames >= self._status.frame_count:
            return
        # The count in a header is often an estimate; the duration tells a file that was cut from one of variable rate.
        promised_s = diagnosis.duration_s(self.path)
        tolerance_s = max(0.5, 3 / (self._status.frame_rate or _USUAL_FRAME_RATE))
        if promised_s is not None and last_s + tolerance_s < promised_s:
            raise SourceReadError(
                f"{self.name} is cut short: {last_s:.1f} s of {promised_s:.1f} s could be read ({frames} frames)"
            )
