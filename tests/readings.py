"""What a recording gives, to its end or to its failure."""

from __future__ import annotations

import threading
from pathlib import Path

from live_classify.core.errors import SourceError
from live_classify.core.values import Frame
from live_classify.sources.recording import Recording


def read(path: Path) -> tuple[Recording, list[Frame], SourceError | None]:
    """All that a file gives, and what it ended with."""
    recording, frames = Recording(path), []
    try:
        for frame in recording.frames(threading.Event()):
            frames.append(frame)  # noqa: PERF402 (what came before a failure counts)
    except SourceError as error:
        return recording, frames, error
    return recording, frames, None
