"""Silence for native libraries, in a program that has asked for it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

_ASKED_FOR = threading.Event()
_ONE_AT_A_TIME = threading.Lock()  # two threads that each put back what they found would lose the real one


def silence_native_code() -> None:
    """Switch :func:`native_stderr_silenced` on, for the whole process.

    Standard error belongs to the program, not to a library: only the program may call this.
    """
    _ASKED_FOR.set()


@contextlib.contextmanager
def native_stderr_silenced() -> Iterator[None]:
    """Send what native code writes to file descriptor 2 nowhere; Python's own exceptions are unaffected.

    Does nothing unless :func:`silence_native_code` was called.
    """
    if not _ASKED_FOR.is_set():
        yield
        return
    with _ONE_AT_A_TIME:
        if sys.stderr is not None:
            sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # standard error is closed: nothing to silence
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
