"""Ctrl-C and termination: the end in order."""

from __future__ import annotations

import signal
from types import FrameType

STATUS = 130


class Interruption(BaseException):
    """The user, or the system, wants the program to end. Not KeyboardInterrupt, to which Click adds an empty line."""


def install() -> None:
    """Raise :class:`Interruption` in the main thread at the first signal; end at once at the second."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the form of a signal handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    raise Interruption
