"""Reading a source."""

from __future__ import annotations

import threading
from collections.abc import Generator

from live_classify.core.protocols import Signal, Source
from live_classify.core.values import Frame


def read(source: Source, stop: threading.Event) -> Generator[Frame | Signal, None, None]:
    """Read a source. Closing this closes the source's own iterator, if that is of a kind that can be closed.

    Args:
        source: what to read.
        stop: see :class:`~live_classify.core.protocols.Source`.

    Raises:
        SourceError: as the source raised it.
    """
    yield from source.frames(stop)


def read_frames(source: Source, stop: threading.Event) -> Generator[Frame, None, None]:
    """Read a source as :func:`read` does, and pass over what it says of its signal."""
    for item in source.frames(stop):
        if isinstance(item, Frame):
            yield item
