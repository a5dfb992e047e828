"""Can OpenCV open a window here? Asked first, because where it can't, its Qt ends the process (SIGABRT)."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import cv2


def why_no_window() -> str | None:
    """Return why there can be no window, as one line for people; ``None`` where there can be one."""
    if not cv2.currentUIFramework():
        return (
            "no window: this OpenCV was built without windows (opencv-python-headless?): "
            "pip install --force-reinstall opencv-python"
        )
    if not sys.platform.startswith("linux"):
        return None
    platform, display = os.environ.get("QT_QPA_PLATFORM", "xcb"), os.environ.get("DISPLAY")
    if "xcb" not in platform.split(";"):
        return f"no window: OpenCV's Qt has no platform {platform}; set QT_QPA_PLATFORM=xcb"
    try:
        if not display or not _x_server_answers():
            where = f"no X server answers at DISPLAY={display}, or it refuses this user"
            return f"no display: {where if display else 'DISPLAY is not set (windows need X11, or XWayland)'}"
        _load_qt_platform()
    except OSError as error:
        return f"no window: a system library is missing: {error} (Debian, Ubuntu: apt install libsm6 libx11-xcb1)"
    return None


def _x_server_answers() -> bool:
    """Connect as Qt is going to: with the address in ``DISPLAY``, in all its forms, and the user's authority.

    Raises:
        OSError: libxcb isn't installed.
    """
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    answers = not xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return answers


def _load_qt_platform() -> None:
    """Load the part of Qt that needs more from the system than ``import cv2`` does.

    Raises:
        OSError: a library that it needs is missing; the message names it.
    """
    plugin = Path(cv2.__file__).parent / "qt" / "plugins" / "platforms" / "libqxcb.so"
    if not plugin.exists():
        return
    # OpenCV brings a libX11-xcb of its own that doesn't match newer versions of the system's libX11: Qt and libX11 then
    # both take events off the connection, and now and then a window loses the one that lets it paint, and stays black.
    # The system's libX11-xcb matches; loaded first, and for all, it is where Qt finds its functions.
    ctypes.CDLL("libX11-xcb.so.1", mode=ctypes.RTLD_GLOBAL)
    ctypes.CDLL(str(plugin))
