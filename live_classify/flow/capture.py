"""The work of the capture threads: sources are read, and what they give is stamped and buffered."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from live_classify.core.errors import SourceError
from live_classify.core.events import Event, SourceFailed, now
from live_classify.core.reading import read
from live_classify.core.values import Frame
from live_classify.flow.buffer import Buffer
from live_classify.flow.feed import Feed
from live_classify.flow.monitor import Monitor


class Capture:
    """Reads sources; each thread runs :meth:`read` with its own.

    Args:
        frames: where frames wait to be classified.
        monitor: told of every frame.
        tell: takes events.
        live: whether frames bear the wall-clock time.
        stop: set to end it.
    """

    def __init__(
        self,
        frames: Buffer[Frame],
        monitor: Monitor,
        tell: Callable[[Event], None],
        live: bool,
        stop: threading.Event,
    ) -> None:
        self._frames = frames
        self._monitor = monitor
        self._tell = tell
        self._live = live
        self._stop = stop

    def read(self, feeds: Sequence[Feed]) -> None:
        """Read sources, one after the other: the body of one thread. One that breaks off doesn't stop the next."""
        for feed in feeds:
            try:
                self._read(feed)
            except SourceError as error:
                feed.error = error
                self._tell(SourceFailed(source=feed.name, error=error))
            finally:
                feed.ended = True
            if self._stop.is_set():
                return

    def _read(self, feed: Feed) -> None:
        with contextlib.closing(read(feed.source, self._stop)) as items:
            while not self._stop.is_set():
                with feed.capture_meter.busy():
                    item = next(items, None)
                if item is None:
                    return
                if not isinstance(item, Frame):
                    self._tell(replace(item, source=feed.name))
                    continue
                at = item.at or _wall_clock(item.captured_s) if self._live else None
                frame = replace(item, source=feed.name, at=at)
                self._monitor.captured(frame)
                if not self._frames.put(frame):
                    return


def _wall_clock(captured_s: float) -> datetime:
    """The wall-clock time of a moment on ``time.monotonic``."""
    return now() - timedelta(seconds=time.monotonic() - captured_s)
