"""A part of a recording, or every Nth frame of it: what isn't wanted is sought past rather than decoded."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from live_classify.core.errors import SourceOpenError, SourceReadError, UsageError
from live_classify.core.protocols import SourceStatus
from live_classify.core.values import BgrImage, Frame
from live_classify.sources import diagnosis
from live_classify.sources.files import require_file
from live_classify.sources.recording import MAX_PIXELS

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.reformatter import VideoReformatter


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
    """The wanted frames of a video file, with the numbers, times and pixels that they have in the whole."""

    def __init__(self, path: str | Path, part: Part, name: str | None = None) -> None:
        self.path = Path(path)
        self.part = part
        self.name = name if name is not None else str(path)
        self._status = SourceStatus()

    def status(self) -> SourceStatus:
        """What the header claims, and damaged frames so far."""
        return self._status

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Read the wanted frames; see :class:`~live_classify.core.protocols.Source`."""
        require_file(self.path, self.name)
        import av
        from av.video.reformatter import VideoReformatter

        try:
            with av.open(str(self.path.absolute())) as container:
                if not container.streams.video:
                    raise SourceOpenError(f"cannot read {self.name} as video: {diagnosis.why_unreadable(self.path)}")
                stream = container.streams.video[0]
                stream.thread_type = "SLICE" if self.part.every > 1 else "AUTO"  # seeking empties frame threads
                if stream.width * stream.height > MAX_PIXELS:
                    raise SourceOpenError(
                        f"cannot read {self.name}: {stream.width}x{stream.height} pixels a frame are too many"
                    )
                index = PacketIndex(self.path, self.part)
                if not index.times:
                    raise SourceOpenError(f"cannot seek in {self.name}: its frames have no times; read it as a whole")
                rate = float(stream.average_rate) if stream.average_rate else None
                # Of frames as many as the number of the last wanted one says.
                self._status = SourceStatus(rate, index.wanted[-1] + 1 if index.wanted else None)
                decoder, converter = _Decoder(container, stream, index), VideoReformatter()
                for number in index.wanted:
                    if stop.is_set():
                        return
                    picture = decoder.picture(index.times[number])
                    self._status = replace(self._status, decode_errors=decoder.errors)
                    if picture is not None:
                        bgr = _to_bgr(picture, converter)
                        yield Frame(bgr, number, time.monotonic(), index.time_s(number))
        except av.FFmpegError as error:
            reason = diagnosis.why_unreadable(self.path)
            raise SourceOpenError(f"cannot read {self.name} as video: {reason}") from error
        self._check_complete(index)

    def _check_complete(self, index: PacketIndex) -> None:
        """Raise SourceReadError where the file holds less than was wanted and promised."""
        last_s = index.last_s
        promised_s = diagnosis.duration_s(self.path)
        tolerance_s = max(0.5, 3 / (self._status.frame_rate or 30.0))
        if promised_s is not None and last_s + tolerance_s < min(promised_s, self.part.end_s):
            raise SourceReadError(f"{self.name} is cut short: {last_s:.1f} s of {promised_s:.1f} s could be read")
        if not index.wanted:
            raise SourceReadError(f"{self.name} has no frame there: {self.part}, and it ends at {last_s:.1f} s")


class PacketIndex:
    """When each frame is shown and where decoding can begin, as the packets say without being decoded."""

    def __init__(self, path: Path, part: Part = WHOLE) -> None:
        """Read a file's packets, as far as the part needs.

        Raises:
            OSError, ValueError, IndexError: it can't be read, or holds no video.
        """
        import av

        times: list[int] = []
        keys: list[int] = []
        with av.open(str(path.absolute())) as container:
            stream = container.streams.video[0]
            self._start, self._base = stream.start_time or 0, stream.time_base or Fraction(1, 1000)
            end = self._start + part.end_s / float(self._base)
            keys_beyond = 0
            with contextlib.suppress(av.FFmpegError):  # of a file that is cut short, what came before the cut counts
                for packet in container.demux(stream):
                    if packet.pts is None or packet.is_discard:
                        continue
                    times.append(packet.pts)
                    if packet.is_keyframe:
                        keys.append(packet.pts)
                        keys_beyond += packet.pts > end
                        if keys_beyond > 1:  # a frame may be stored after a key frame that it is shown before
                            break
        self.times: Sequence[int] = sorted(set(times))
        """Presentation time of each frame by its number, in the stream's time base."""
        self.keys: Sequence[int] = sorted(keys)
        self.last_s = self.time_s(len(self.times) - 1) if times else 0.0
        self.wanted: Sequence[int] = [
            number
            for number in range(0, len(self.times), part.every)
            if part.start_s <= self.time_s(number) < part.end_s
        ]

    def time_s(self, number: int) -> float:
        """Media time of a frame: seconds since the stream's start."""
        return (self.times[number] - self._start) * float(self._base)

    def key_times_s(self) -> Sequence[float]:
        """Media times of the frames at which decoding can begin, rising."""
        return [(key - self._start) * float(self._base) for key in self.keys]

    def lies_beyond_next(self, time: int, at: float) -> bool:
        """Whether there are frames between the one that is shown at ``at`` and ``time``."""
        following = bisect_right(self.times, at)
        return following < len(self.times) and time > self.times[following]

    def key_before(self, time: int) -> int | None:
        """Position in :attr:`keys` of the last key frame not after a time."""
        position = bisect_right(self.keys, time) - 1
        return position if position >= 0 else None


class _Decoder:
    """Gives frames by their time, in rising order, decoding as few others as it can."""

    def __init__(self, container: InputContainer, stream: av.VideoStream, index: PacketIndex) -> None:
        self._container, self._stream, self._index = container, stream, index
        self._pictures = self._decode()
        self._newest: av.VideoFrame | None = None
        self.errors = 0

    def picture(self, time: int) -> av.VideoFrame | None:
        """The frame that is shown at a time, None if it is damaged."""
        key = self._index.key_before(time)
        if key is not None and self._index.lies_beyond_next(self._index.keys[key], self._at):
            self._seek(key)
        while self._at < time and (picture := next(self._pictures, None)) is not None:
            self._newest = picture
        return self._newest if self._at == time else None

    @property
    def _at(self) -> float:
        return -math.inf if self._newest is None or self._newest.pts is None else self._newest.pts

    def _seek(self, key: int) -> None:
        """Go to a key frame, or where the container can't do that exactly (MPEG-TS), to one before it."""
        time = self._index.keys[key]
        for earlier in range(key, -1, -1):
            self._container.seek(self._index.keys[earlier], stream=self._stream)
            self._pictures = self._decode()
            self._newest = next(self._pictures, None)
            if self._newest is not None and self._at <= time:
                return

    def _decode(self) -> Iterator[av.VideoFrame]:
        import av

        for packet in self._container.demux(self._stream):
            try:
                pictures = packet.decode()
            except av.FFmpegError:  # the next good one follows
                self.errors += 1
                continue
            yield from pictures


def _to_bgr(picture: av.VideoFrame, converter: VideoReformatter) -> BgrImage:
    """As OpenCV converts and turns it."""
    bgr = converter.reformat(picture, format="bgr24").to_ndarray()
    turns = round(picture.rotation / 90) % 4  # counter-clockwise
    return np.ascontiguousarray(np.rot90(bgr, turns) if turns else bgr, dtype=np.uint8)
