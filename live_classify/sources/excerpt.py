"""A part of a recording, or every Nth frame of it: what isn't wanted is sought past rather than decoded."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from live_classify.core.errors import SourceReadError, UsageError
from live_classify.core.protocols import SourceStatus
from live_classify.core.values import Frame
from live_classify.sources.container import Video, opened
from live_classify.sources.decode import Decoding
from live_classify.sources.packets import PacketIndex
from live_classify.sources.pixels import Pixels
from live_classify.sources.seeking import Seeking
from live_classify.sources.tracking import Tracking


@dataclass(frozen=True, slots=True)
class Part:
    """Which frames of a recording are wanted.

    Raises:
        UsageError: there can be no such frames.
    """

    start_s: float = 0.0
    """Media time of the first frame."""
    end_s: float = math.inf
    """Media time before which the last frame lies."""
    every: int = 1
    """Of the recording's frames, those whose number is a multiple of this."""

    def __post_init__(self) -> None:
        if self.start_s >= self.end_s:
            raise UsageError(f"a part from {self.start_s:g} s to {self.end_s:g} s holds no frame")

    def __str__(self) -> str:
        until = "on" if math.isinf(self.end_s) else f"to {self.end_s:g} s"
        return f"from {self.start_s:g} s {until}" + (f", every {self.every} frames" if self.every > 1 else "")


WHOLE = Part()


class Excerpt:
    """The wanted frames of a video file, with the numbers, times and pixels that they have in the whole.

    Where the packets don't say which frames there are, the file is decoded from its beginning.
    """

    def __init__(self, path: str | Path, part: Part, name: str | None = None) -> None:
        self.path = Path(path)
        self.part = part
        self.name = name if name is not None else str(path)
        self._tracking = Tracking()

    def status(self) -> SourceStatus:
        """What the header claims, and damaged frames so far."""
        return self._tracking.status()

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Read the wanted frames; see :class:`~live_classify.core.protocols.Source`."""
        with opened(self.path, self.name) as video:
            index = PacketIndex(self.path, self.name, self.part.end_s)
            if index.holds:
                yield from self._sought(video, index, stop)
            else:
                decoding = Decoding(video)
                self._tracking.follow(decoding)
                yield from wanted_frames(decoding, self.part, stop)

    def _sought(self, video: Video, index: PacketIndex, stop: threading.Event) -> Generator[Frame, None, None]:
        part = self.part
        numbers = range(0, len(index.times), part.every)
        wanted = [number for number in numbers if part.start_s <= index.time_s(number) < part.end_s]
        seeking, pixels = Seeking(video, index, part.every > 1), Pixels(video.stream)
        self._tracking.follow(seeking)
        given, last_s = 0, 0.0
        for number in wanted:
            if stop.is_set():
                return
            picture = seeking.picture(index.times[number])
            bgr = None if picture is None else pixels.bgr(picture)
            if bgr is not None:
                last_s = index.time_s(number)
                yield Frame(bgr, number, time.monotonic(), last_s)
                given += 1
        if wanted and not given:
            raise _undecodable(video)
        if video.is_cut(index.end_s, index.sound_end_s, len(index.times), part.end_s):
            raise video.cut_short(last_s if given else index.end_s, given)
        if not given:
            raise _nothing_there(video, part, index.time_s(len(index.times) - 1))


def wanted_frames(decoding: Decoding, part: Part, stop: threading.Event) -> Generator[Frame, None, None]:
    """Decode a video from its beginning, and give those of its frames that are wanted.

    Args:
        decoding: at its beginning.
        part: which frames are wanted.
        stop: set from another thread to end.

    Raises:
        SourceReadError: no frame could be decoded, none was wanted, or the video is shorter than its header promised.
    """
    given = 0
    for picture in decoding.pictures(stop):
        if picture.time_s >= part.end_s:
            break
        if picture.index % part.every or picture.time_s < part.start_s:
            continue
        bgr = decoding.bgr(picture)
        if bgr is not None:
            yield Frame(bgr, picture.index, time.monotonic(), picture.time_s)
            given += 1
    if stop.is_set():
        return
    if not decoding.given:
        raise _undecodable(decoding.video)
    decoding.check_complete(part.end_s)
    if not given:
        raise _nothing_there(decoding.video, part, decoding.last_s)


def _undecodable(video: Video) -> SourceReadError:
    return SourceReadError(f"cannot read {video.name}: no frame of it can be decoded")


def _nothing_there(video: Video, part: Part, last_s: float) -> SourceReadError:
    return SourceReadError(f"{video.name} has no frame there: {part}, and it ends at {last_s:.1f} s")
