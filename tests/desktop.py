"""The hands and eyes of a user in front of a virtual screen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from live_classify.core.values import BgrImage

CLOSE_BUTTON = Path(__file__).with_name("press_close_button.py")


class Desktop:
    """A program with a window, and the hands and eyes of the user in front of it."""

    def __init__(self, display: str, program: subprocess.Popen[str], title: str) -> None:
        self._environment = os.environ | {"DISPLAY": display}
        self.program = program
        self._window = (
            self._run("xdotool", "search", "--sync", "--onlyvisible", "--name", f"^{title}$").decode().strip()
        )

    def said(self) -> str:
        """Return the next line of the program; empty when it has ended."""
        assert self.program.stdout is not None
        return self.program.stdout.readline().strip()

    def press(self, key: str) -> None:
        self._run("xdotool", "windowfocus", "--sync", self._window, "key", key)

    def press_close_button(self) -> None:
        self._run(sys.executable, str(CLOSE_BUTTON), self._window)

    def screen(self) -> BgrImage:
        """The whole screen as it is now."""
        png = np.frombuffer(self._run("import", "-window", "root", "png:-"), np.uint8)
        return np.asarray(cv2.imdecode(png, cv2.IMREAD_COLOR), np.uint8)

    def sees(self, expected: Callable[[BgrImage], bool]) -> bool:
        """Look at the whole screen until it is as expected: X paints when it gets round to it."""
        return any(expected(self.screen()) for _look in range(50))

    def _run(self, *command: str) -> bytes:
        return subprocess.run(command, env=self._environment, check=True, stdout=subprocess.PIPE).stdout
