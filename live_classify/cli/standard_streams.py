"""Standard streams that exist, and whose failures don't stop the program's closing."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def prepare_standard_streams() -> None:
    """Open the standard streams that are missing, and let messages fail silently.

    A file that the program opens must not take the number of a missing stream. Writing to a stream that was missing
    fails (results) or is lost (messages). A message that can't be written, because the terminal is gone above all, is
    lost, too, and raises nothing. A result is lost silently only where its terminal is gone.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:  # noqa: PERF203 (three times)
            # The lowest free number is the missing one. Standard output can't be written to: results must not be lost.
            os.open(os.devnull, os.O_RDWR if descriptor == 2 else os.O_RDONLY)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 (a descriptor, for as long as the process)
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    if os.name == "posix":  # a console of Windows needs a class of its own, and doesn't end before its programs
        # Where somebody else has put a stream of their own, they want to have what is written.
        if (messages := sys.__stderr__) is not None and sys.stderr is messages:
            sys.stderr = _rewrapped(messages, lambda _: True)
        if (results := sys.__stdout__) is not None and sys.stdout is results and results.isatty():
            sys.stdout = _rewrapped(results, lambda error: error.errno == errno.EIO)


class _Forgiving(io.FileIO):
    """A file that passes over the write errors for which ``passes`` is true."""

    def __init__(self, descriptor: int, passes: Callable[[OSError], bool]) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._passes = passes

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if not self._passes(error):
                raise
            return len(memoryview(data).cast("B"))


def _rewrapped(stream: TextIO, passes: Callable[[OSError], bool]) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(_Forgiving(stream.fileno(), passes)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=True,
    )
