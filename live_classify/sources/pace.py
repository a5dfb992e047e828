"""Playing at the pace of the material, as a camera would."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable
from dataclasses import replace

from live_classify.core.values import Frame
from live_classify.sources.base import Source


class AtOwnPace:
    """A recording whose frames come at their own time, for watching it."""

    def __init__(self, recording: Source) -> None:
        self._recording = recording
        self.name = recording.name

    @property
    def decode_errors(self) -> int:
        """Damaged frames of the recording so far."""
        return self._recording.decode_errors

    @property
    def frame_rate(self) -> float | None:
        """As the recording's header claims it."""
        return self._recording.frame_rate

    @property
    def frame_count(self) -> int | None:
        """As the recording's header claims it."""
        return self._recording.frame_count

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Read the recording, each frame when it is due; see :class:`~live_classify.sources.base.Source`."""
        return paced(self._recording.frames(stop), stop)


def paced(frames: Iterable[Frame], stop: threading.Event) -> Generator[Frame, None, None]:
    """Hold each frame back until it is due by its media time.

    It never hurries: a machine too slow to decode the recording in time plays it slower, without skipping.
    """
    start_s: float | None = None
    for frame in frames:
        now_s = time.monotonic()
        if start_s is None or now_s > start_s + frame.time_s:
            start_s = now_s - frame.time_s
        if stop.wait(start_s + frame.time_s - now_s):
            return
        yield replace(frame, captured_s=time.monotonic())
