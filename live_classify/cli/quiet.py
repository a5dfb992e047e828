"""What this program changes in its own process, so that other people's libraries keep quiet and behave.

All of it is here, because a library has no side effects on its process: nothing outside the command line writes to
``os.environ``, to file descriptor 2 or to a log level.
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
"""Environment variables, each with what it is where the user has not set it."""


def keep_libraries_quiet() -> None:
    """Have native libraries say nothing; what is wrong is said by this package's errors.

    Belongs before their imports. What the user's environment says about any of it is left as it is.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    silence_native_code()


def prepare_windows() -> None:
    """Tell OpenCV's own Qt, before its first window, what it gets wrong by itself; others don't look at these."""
    import cv2  # noqa: F401 (it names a folder of fonts when it is imported, which is to be replaced)

    # The session of a Wayland desktop often names a platform for all programs that OpenCV doesn't ship, and its Qt
    # would end the process. It ships one, so nothing that works is overruled.
    if "xcb" not in os.environ.get("QT_QPA_PLATFORM", "").split(";"):
        os.environ["QT_QPA_PLATFORM"] = "xcb"
    # OpenCV doesn't ship its folder of fonts either, which Qt complains about in many lines.
    os.environ["QT_QPA_FONTDIR"] = str(Path(__file__).parent)
