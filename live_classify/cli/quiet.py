"""The program's changes to its own process, which keep other people's libraries quiet.

They are all here: a library has no side effects on its process, so nothing outside the command line changes
``os.environ``, file descriptor 2 or a log level.
"""

from __future__ import annotations

import os
from pathlib import Path

from live_classify.core.quiet import silence_native_code

SETTINGS = {
    "OPENCV_LOG_LEVEL": "SILENT",  # looked at when cv2 is imported
    "OPENCV_FFMPEG_LOGLEVEL": "-8",  # AV_LOG_QUIET in libavutil/log.h; looked at when the first video is opened
    "TF_CPP_MIN_LOG_LEVEL": "3",  # or TensorFlow's start-up fills the terminal
    "RAY_USAGE_STATS_ENABLED": "0",  # it would report to its maker
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # a task without a GPU of its own sees what the machine shows
}
"""Environment variables, with the values for those that the user hasn't set."""


def keep_libraries_quiet() -> None:
    """Silence native libraries, before they are imported; this package's errors say what is wrong.

    Variables that the user's environment sets keep their values.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    silence_native_code()


def prepare_windows() -> None:
    """Correct the settings of OpenCV's own Qt, before its first window; other window systems don't look at them."""
    import cv2  # noqa: F401 (the import sets a folder of fonts, which is replaced here)

    # The session of a Wayland desktop often names a platform for all programs that OpenCV doesn't ship, and its Qt
    # would end the process. It ships one, so nothing that works is overruled.
    if "xcb" not in os.environ.get("QT_QPA_PLATFORM", "").split(";"):
        os.environ["QT_QPA_PLATFORM"] = "xcb"
    # OpenCV doesn't ship its folder of fonts either, which Qt complains about in many lines.
    os.environ["QT_QPA_FONTDIR"] = str(Path(__file__).parent)
