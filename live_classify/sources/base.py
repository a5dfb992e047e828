"""What every source of frames has in common."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Protocol

from live_classify.core.values import Frame


class Source(Protocol):
    """A camera, a recording or a still picture. Used by one thread; only counters are read from others."""

    name: str
    """As the user gave it, without a password."""

    @property
    def decode_errors(self) -> int:
        """Damaged frames that could not be decoded so far."""

    @property
    def frame_rate(self) -> float | None:
        """Frames a second as the header claims them, once open; a hint, often wrong."""

    @property
    def frame_count(self) -> int | None:
        """Frames as the header claims them, once open; a hint, often wrong."""

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Open the source and read it to its end; closing the iterator releases it.

        Args:
            stop: set from another thread to end any wait for the next frame's time.

        Raises:
            SourceOpenError: there is no such device or file, or it can't be read as video.
            SourceReadError: it ended before its time; every frame that could be decoded has been given.
        """
