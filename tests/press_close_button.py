"""Does what a window manager does when the user presses a window's close button; Xvfb has none.

Argument: the number of the window, on the display that ``DISPLAY`` names.
"""

from __future__ import annotations

import ctypes
import sys

_CLIENT_MESSAGE = 33


class _ClientMessage(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
    )


class _Event(ctypes.Union):
    _fields_ = (("client", _ClientMessage), ("padding", ctypes.c_long * 24))


def main(window: int) -> None:
    """Send ``WM_DELETE_WINDOW``, as the ICCCM defines it."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    x11.XInternAtom.restype = ctypes.c_ulong
    x11.XSendEvent.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]

    connection = x11.XOpenDisplay(None)
    assert connection, "no X server answers"
    event = _Event()
    event.client.type = _CLIENT_MESSAGE
    event.client.window = window
    event.client.message_type = x11.XInternAtom(connection, b"WM_PROTOCOLS", False)
    event.client.format = 32
    event.client.data[0] = x11.XInternAtom(connection, b"WM_DELETE_WINDOW", False)
    sent = x11.XSendEvent(connection, window, False, 0, ctypes.byref(event))
    x11.XCloseDisplay(connection)  # flushes
    assert sent


if __name__ == "__main__":
    main(int(sys.argv[1]))
