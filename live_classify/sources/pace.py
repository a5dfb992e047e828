"""Recordings played in real time, as a camera delivers frames."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable
from dataclasses import replace

from live_classify.core.protocols import SourceStatus
from live_classify.core.values import Frame
from live_classify.sources.recorded import RecordedSource


class AtOwnPace:
    """A recording played in real time."""

    def __init__(self, recording: RecordedSource) -> None:
        self._recording = recording
        self.name = recording.name

    def status(self) -> SourceStatus:
        """Return the recording's status."""
        return self._recording.status()

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Read the recording, each frame when it is due; see :class:`~live_classify.core.protocols.Source`."""
        return paced(self._recording.frames(stop), stop)


def paced(frames: Iterable[Frame], stop: threading.Event) -> Generator[Frame, None, None]:
    """Hold each frame back until it is due by its media time.

    No frame is skipped: a machine that decodes too slowly plays the recording slower.
    """
    start_s: float | None = None
    for frame in frames:
        now_s = time.monotonic()
        if start_s is None or now_s > start_s + frame.time_s:
            start_s = now_s - frame.time_s
        if stop.wait(start_s + frame.time_s - now_s):
            return
        yield replace(frame, captured_s=time.monotonic())
