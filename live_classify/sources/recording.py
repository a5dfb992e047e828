"""Recorded video files: every frame that can be decoded, in order, with its own timestamp."""

from __future__ import annotations

import threading
from collections.abc import Generator
from pathlib import Path

from live_classify.core.protocols import SourceStatus
from live_classify.core.values import Frame
from live_classify.sources.container import opened
from live_classify.sources.decode import Decoding
from live_classify.sources.excerpt import WHOLE, wanted_frames
from live_classify.sources.tracking import Tracking


class Recording:
    """A video file, read as fast as it is asked for."""

    def __init__(self, path: str | Path, name: str | None = None) -> None:
        self.path = Path(path)
        self.name = name if name is not None else str(path)
        self._tracking = Tracking()

    def status(self) -> SourceStatus:
        """What the header claims, and damaged frames so far."""
        return self._tracking.status()

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Read the file to its end; see :class:`~live_classify.core.protocols.Source`."""
        with opened(self.path, self.name) as video:
            decoding = Decoding(video)
            self._tracking.follow(decoding)
            yield from wanted_frames(decoding, WHOLE, stop)
