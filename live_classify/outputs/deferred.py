"""A sink that is opened when there is something to write."""

from __future__ import annotations

from collections.abc import Callable

from live_classify.core.protocols import Sink
from live_classify.core.values import Answered


class Deferred:
    """A sink that is opened when there is something to write.

    So an input that turns out to be unreadable neither leaves an empty file behind nor empties one that was there.

    Args:
        open_sink: makes the sink; may raise OutputError.
    """

    def __init__(self, open_sink: Callable[[], Sink]) -> None:
        self._open = open_sink
        self._sink: Sink | None = None

    def write(self, answered: Answered) -> None:
        """Take one classified frame; see :class:`~live_classify.core.protocols.Sink`."""
        if self._sink is None:
            self._sink = self._open()
        self._sink.write(answered)

    def close(self) -> None:
        """Close the sink, if it was opened; see :class:`~live_classify.core.protocols.Sink`."""
        if self._sink is not None:
            self._sink.close()
