"""What every output has in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from live_classify.core.values import Frame, Prediction


class Sink(Protocol):
    """Something that is written: a video file, a log. Used by one thread."""

    def write(self, frame: Frame, prediction: Prediction) -> None:
        """Take one classified frame. Called once for each, in order.

        Raises:
            OutputError: it could not be written; the message names the file.
        """

    def close(self) -> None:
        """Flush, and leave a file that can be read. Safe to call twice, and called after a failure too.

        Raises:
            OutputError: the file could not be finished.
        """


class Deferred:
    """A sink that is opened when there is something to write.

    So an input that turns out to be unreadable neither leaves an empty file behind nor empties one that was there.

    Args:
        open_sink: makes the sink; may raise OutputError.
    """

    def __init__(self, open_sink: Callable[[], Sink]) -> None:
        self._open = open_sink
        self._sink: Sink | None = None

    def write(self, frame: Frame, prediction: Prediction) -> None:
        """Take one classified frame; see :class:`Sink`."""
        if self._sink is None:
            self._sink = self._open()
        self._sink.write(frame, prediction)

    def close(self) -> None:
        """Close the sink, if it was opened; see :class:`Sink`."""
        if self._sink is not None:
            self._sink.close()
