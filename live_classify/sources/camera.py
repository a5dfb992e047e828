"""Cameras on this machine, by number or device file."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import cv2
import numpy as np

from live_classify.core.errors import SourceOpenError, SourceReadError
from live_classify.core.protocols import SourceStatus
from live_classify.core.values import Frame


def _open_capture(device: int | str) -> cv2.VideoCapture:
    # Named, so that OpenCV doesn't try one backend after the other, each with complaints of its own.
    return cv2.VideoCapture(device, cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY)


class Camera:
    """A webcam or capture card. It delivers frames at its own rate; a frame that isn't read in time is lost.

    Args:
        device: number (0 is the first camera) or device file (``/dev/video2``).
        open_capture: opens the device; for tests without one.
    """

    def __init__(
        self, device: int | str, open_capture: Callable[[int | str], cv2.VideoCapture] = _open_capture
    ) -> None:
        self.device = device
        self.name = str(device)
        self._frame_rate: float | None = None
        self._open_capture = open_capture

    def status(self) -> SourceStatus:
        """Return the frame rate that the driver claims, once the camera is open."""
        return SourceStatus(frame_rate=self._frame_rate)

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Read the camera until it fails; see :class:`~live_classify.core.protocols.Source`."""
        capture = self._open_capture(self.device)
        try:
            if not capture.isOpened():
                raise SourceOpenError(f"cannot open camera {self.name}: {_why_absent(self.device)}")
            rate = capture.get(cv2.CAP_PROP_FPS)  # 0 or -1 where the driver doesn't say
            self._frame_rate = rate if rate > 0 else None
            start_s, index = time.monotonic(), 0
            while not stop.is_set():
                arrived, bgr = capture.read()
                captured_s = time.monotonic()
                if not arrived:
                    raise SourceReadError(f"camera {self.name} stopped delivering frames after {index}")
                yield Frame(np.asarray(bgr, np.uint8), index, captured_s, captured_s - start_s)
                index += 1
        finally:
            capture.release()


def _why_absent(device: int | str) -> str:
    advice = "try another number, or `synthetic:` for a camera made of photographs"
    if sys.platform != "linux":
        return f"not there, in use, or not allowed by the system's privacy settings; {advice}"
    path = Path(f"/dev/video{device}" if isinstance(device, int) else device)
    if not path.exists():
        present = sorted(str(other) for other in Path("/dev").glob("video*"))
        return f"there is no {path} (cameras here: {', '.join(present) or 'none'}); {advice}"
    if not os.access(path, os.R_OK | os.W_OK):
        return f"no permission for {path}; add your user to its group ({path.group()})"
    return f"{path} is in use by another program, or gives no pictures; {advice}"
