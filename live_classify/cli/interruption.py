"""Ctrl-C, termination and a terminal that is gone: the end in order."""

from __future__ import annotations

import signal
from types import FrameType

_HANG_UP: signal.Signals | None = getattr(signal, "SIGHUP", None)  # Windows has none


class Interruption(BaseException):
    """The user, or the system, wants the program to end. Not KeyboardInterrupt, to which Click adds an empty line.

    Args:
        number: of the signal that came.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 129 if number == _HANG_UP else 130
        """The exit status of the program that it ends."""


def install() -> None:
    """Raise :class:`Interruption` in the main thread at the first signal; end at once at the second.

    A hang-up that was ignored when the program started, by ``nohup`` say, stays ignored.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    if _HANG_UP is not None and signal.getsignal(_HANG_UP) is not signal.SIG_IGN:
        signal.signal(_HANG_UP, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the form of a signal handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if _HANG_UP is not None:
        # A terminal that closes sends more than one: the shell to its jobs, then the kernel to all that is left.
        signal.signal(_HANG_UP, signal.SIG_IGN)
    raise Interruption(number)
