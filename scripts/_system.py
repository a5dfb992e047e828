"""What the demo and the tests need from the system, beyond Python packages: programs and shared libraries.

As root on Debian or its kin the missing ones are installed; anywhere else they are named.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from _console import SetupError, run_quietly, say

if TYPE_CHECKING:
    from collections.abc import Iterable


_SYSTEM_PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Need(ABC):
    """One thing looked for.

    Attributes:
        name: as the system knows it.
        package: the Debian package that holds it.
    """

    name: str
    package: str

    @abstractmethod
    def is_met(self) -> bool:
        """Whether it is there."""


class Program(Need):
    """A program on the search path."""

    def is_met(self) -> bool:
        """Whether the search path has it."""
        return shutil.which(self.name) is not None


class SharedLibrary(Need):
    """A shared library, by soname; needed on Linux alone, since elsewhere OpenCV's wheel brings all it uses."""

    def is_met(self) -> bool:
        """Whether the dynamic linker finds it and all that it needs in turn."""
        if not sys.platform.startswith("linux"):
            return True
        try:
            ctypes.CDLL(self.name)
        except OSError:
            return False
        return True


class PythonModule(Need):
    """A part of Python's standard library that a distribution may have put in a package of its own."""

    def is_met(self) -> bool:
        """Whether this Python has it."""
        importlib.invalidate_caches()
        return importlib.util.find_spec(self.name) is not None


@dataclass(frozen=True)
class SystemPython(Need):
    """Something that only the system's own Python can use, which Debian's packages are made for; on Linux alone.

    Attributes:
        code: ends well where it is there.
    """

    code: str

    def is_met(self) -> bool:
        """Whether that Python can use it."""
        if not sys.platform.startswith("linux"):
            return True
        try:
            subprocess.run([_SYSTEM_PYTHON, "-c", self.code], check=True, stderr=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError):
            return False
        return True


# What opencv-python's wheel links to and doesn't carry: all but libSM to be imported at all, libSM to open a window.
OPENCV = (
    SharedLibrary("libGL.so.1", "libgl1"),
    SharedLibrary("libglib-2.0.so.0", "libglib2.0-0"),
    SharedLibrary("libxcb.so.1", "libxcb1"),
    SharedLibrary("libXext.so.6", "libxext6"),
    SharedLibrary("libSM.so.6", "libsm6"),
    SharedLibrary("libX11-xcb.so.1", "libx11-xcb1"),
)

# The tests open real windows on a virtual screen, press keys in them, and look at them.
WINDOW_TESTS = (Program("Xvfb", "xvfb"), Program("xdotool", "xdotool"), Program("import", "imagemagick"))

# One test opens a report as its readers do.
BROWSER_TESTS = (Program("chromium", "chromium"),)
# They also run a real RTSP server, GStreamer's.
_GSTREAMER = "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst; Gst.init(None);"
RTSP_TESTS = (
    SystemPython("PyGObject", "python3-gi", "import gi"),
    SystemPython(
        "GstRtspServer", "gir1.2-gst-rtsp-server-1.0", "import gi; gi.require_version('GstRtspServer', '1.0')"
    ),
    SystemPython("appsrc", "gstreamer1.0-plugins-base", f"{_GSTREAMER} assert Gst.ElementFactory.find('appsrc')"),
    SystemPython(
        "rtph264pay", "gstreamer1.0-plugins-good", f"{_GSTREAMER} assert Gst.ElementFactory.find('rtph264pay')"
    ),
)


def obtain(needs: Iterable[Need]) -> list[Need]:
    """Install by apt-get what is missing, where this process may.

    Returns:
        What is missing still.
    """
    missing = _unmet(needs)
    if missing and _may_install():
        packages = _packages(missing)
        say(f"Installing system packages: {' '.join(packages)} ...")
        settings = {"DEBIAN_FRONTEND": "noninteractive"}
        # A foreign source that can't be reached fails the update, but needn't hinder the installation.
        run_quietly(["apt-get", "update"], variables=settings)
        run_quietly(["apt-get", "install", "--yes", "--no-install-recommends", *packages], variables=settings)
        missing = _unmet(missing)
    return missing


def provide(needs: Iterable[Need]) -> None:
    """Obtain what can be, and name the rest in one line.

    Raises:
        SetupError: something is missing and ``CI`` is "true": there, nothing may be skipped in silence.
    """
    missing = obtain(needs)
    if missing and os.environ.get("CI") == "true":
        raise SetupError(advice(missing))
    if missing:
        say(advice(missing))


def advice(missing: Iterable[Need]) -> str:
    """Say in one line what is missing and how to get it."""
    names = ", ".join(need.name for need in missing)
    if shutil.which("apt-get") is None:
        return f"This system lacks {names}: install what holds them with its package manager."
    return f"This system lacks {names}: sudo apt-get install {' '.join(_packages(missing))}"


def _unmet(needs: Iterable[Need]) -> list[Need]:
    return [need for need in needs if not need.is_met()]


def _packages(needs: Iterable[Need]) -> list[str]:
    return sorted({need.package for need in needs})


def _may_install() -> bool:
    return shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0
