"""Keep OpenCV, and the FFmpeg in it, from talking to the user: what is wrong is said by this package's errors."""

from __future__ import annotations

import os

import cv2

_AV_LOG_QUIET = "-8"  # libavutil/log.h


def silence_opencv() -> None:
    """Have nothing of it written to standard error, from now on and in the whole process.

    What the environment says in ``OPENCV_LOG_LEVEL`` and ``OPENCV_FFMPEG_LOGLEVEL`` is left as it is.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _AV_LOG_QUIET)  # looked at when the first video is opened
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
