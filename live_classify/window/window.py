"""The window that shows the picture and hears the keys."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import cv2

from live_classify.core.errors import WindowError
from live_classify.imaging.drawing import printable
from live_classify.window.display import why_no_window

if TYPE_CHECKING:
    from live_classify.core.values import BgrImage

_FIRST_SIZE = (1280, 720)  # pixels, width and height: fits on a laptop's screen


class Key(Enum):
    """The meaning of a key; letters count in either case."""

    QUIT = "quit"
    PAUSE = "pause"
    SAVE = "save"
    TOP = "top"
    HELP = "help"


_ESCAPE = 27
_MEANINGS = {
    ord("q"): Key.QUIT,
    ord("Q"): Key.QUIT,
    _ESCAPE: Key.QUIT,
    ord(" "): Key.PAUSE,
    ord("s"): Key.SAVE,
    ord("S"): Key.SAVE,
    ord("t"): Key.TOP,
    ord("T"): Key.TOP,
    ord("h"): Key.HELP,
    ord("H"): Key.HELP,
}


class Window:
    """One window of the desktop. Every call belongs on the main thread: window systems demand it.

    It opens with the first picture, at the picture's size or as much of it as fits into 1280x720, and can be resized;
    pictures are then scaled to it and keep their proportions.
    """

    def __init__(self, title: str) -> None:
        """Prepare the window.

        Args:
            title: Any text.

        Raises:
            WindowError: there can be no window here; the message says why.
        """
        reason = why_no_window()
        if reason is not None:
            raise WindowError(reason)
        self._title = printable(title)
        self._name = f"live_classify-{id(self)}"  # how OpenCV tells windows apart; titles may be equal
        self._opened = False
        self._closed = False

    @property
    def closed(self) -> bool:
        """True once the user, or ``close``, has closed the window; known after the next ``poll_key``."""
        return self._closed

    def show(self, bgr: BgrImage) -> None:
        """Show a picture from the next ``poll_key`` on; does nothing once the window is closed.

        Args:
            bgr: ``(H, W, 3)`` uint8.
        """
        if self._closed:  # imshow would open a new window
            return
        if not self._opened:
            self._open(bgr)
        cv2.imshow(self._name, bgr)

    def poll_key(self) -> Key | None:
        """Let the window paint and hear, for about 2 ms, and return the key that was pressed, if it means something.

        Of several keys pressed since the last call the last one counts.
        """
        if self._closed or not self._opened:
            return None
        # Not waitKey: it cuts codes to 8 bits, and then an arrow key (0xFF51) is a "Q". Above 16 bits are modifiers.
        code = cv2.pollKey()
        self._closed = not self._exists()
        return _MEANINGS.get(code & 0xFFFF)

    def close(self) -> None:
        """Close the window. Safe to call twice, and after the user has closed it."""
        if self._opened and not self._closed:
            cv2.destroyWindow(self._name)
            cv2.pollKey()  # lets the window system take it off the screen
        self._closed = True

    def _open(self, bgr: BgrImage) -> None:
        height, width = bgr.shape[:2]
        scale = min(1.0, _FIRST_SIZE[0] / width, _FIRST_SIZE[1] / height)
        cv2.namedWindow(self._name, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        cv2.setWindowTitle(self._name, self._title)
        cv2.resizeWindow(self._name, max(1, round(width * scale)), max(1, round(height * scale)))
        self._opened = True

    def _exists(self) -> bool:
        try:
            return cv2.getWindowProperty(self._name, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:  # Qt, when the last window of the process has gone
            return False
