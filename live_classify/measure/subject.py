"""What is measured: a source, and some of its frames."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.assets import asset
from live_classify.core.errors import SourceOpenError, SourceReadError
from live_classify.core.reading import read_frames
from live_classify.measure.cameras import FPS
from live_classify.sources.excerpt import Excerpt, Part
from live_classify.sources.open import live_source, played_file, recorded_source
from live_classify.sources.recording import Recording
from live_classify.sources.synthetic import SyntheticCamera

if TYPE_CHECKING:
    from live_classify.core.protocols import Source
    from live_classify.core.values import Frame
    from live_classify.sources.recorded import RecordedSource

_SHIPPED = "demo.mp4"
_MOST_FRAMES = 32
_MOST_BYTES = 256 * 2**20
_FIRST_FRAME_S = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """A source to measure with."""

    name: str
    live: bool
    """Whether it is a camera or stream, which can't be read faster than it sends."""
    frames: list[Frame]
    """Its first ones, 1 to 32, held in memory."""
    open_live: Callable[[], Source]
    """The source as a camera; a recording as one of 30 frames a second."""
    open_recorded: Callable[[], RecordedSource] | None
    """The source as a recording; None of a camera or stream."""
    open_every_second: Callable[[], RecordedSource] | None
    """Every second frame of a recording; None of what can't be sought in."""
    open_camera: Callable[[str], Source]
    """One of several cameras of 30 frames a second and the source's picture size, by name."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its frames, in pixels."""
        return self.frames[0].size


def material(text: str | None) -> Material:
    """Open a source, and keep its first frames.

    Args:
        text: a camera, a stream, a file or ``synthetic:``, as ``watch`` takes them; None is the clip that ships with
            the package.

    Raises:
        UsageError: it can be none of these.
        SourceError: it can't be opened, or gives no frame.
    """
    if text is None:
        path = asset(_SHIPPED)
        return _recorded(path, _SHIPPED, lambda: Recording(path, _SHIPPED))
    source = live_source(text)
    file = played_file(text)
    if file is not None:
        return _recorded(file, source.name, lambda: recorded_source(text))
    frames = _first_frames(source)
    size = frames[0].size
    return Material(
        name=source.name,
        live=True,
        frames=frames,
        open_live=lambda: live_source(text),
        open_recorded=None,
        open_every_second=None,
        open_camera=lambda name: SyntheticCamera(None, FPS, size, name),
    )


def _recorded(path: Path, name: str, open_source: Callable[[], RecordedSource]) -> Material:
    frames = _first_frames(open_source())
    size = frames[0].size
    return Material(
        name=name,
        live=False,
        frames=frames,
        open_live=lambda: SyntheticCamera(path, FPS, size, name),
        open_recorded=open_source,
        open_every_second=None if len(frames) == 1 else lambda: Excerpt(path, Part(every=2), name),
        open_camera=lambda camera: SyntheticCamera(path, FPS, size, camera),
    )


def _first_frames(source: Source) -> list[Frame]:
    """The first frames of a source, as many as may be held."""
    frames: list[Frame] = []
    stop = threading.Event()
    patience = threading.Timer(_FIRST_FRAME_S, stop.set)  # a stream that is lost would be connected again for ever
    patience.start()
    reading = read_frames(source, stop)
    try:
        for frame in reading:
            frames.append(frame)
            if len(frames) >= max(1, min(_MOST_FRAMES, _MOST_BYTES // frame.bgr.nbytes)):
                break
    except SourceReadError:
        if not frames:
            raise
    finally:
        patience.cancel()
        reading.close()
        patience.join()
    if not frames:
        raise SourceOpenError(f"{source.name} gave no frame within {_FIRST_FRAME_S:.0f} s")
    return frames
