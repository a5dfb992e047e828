"""The decoder: every picture of a video that can be decoded, in the order in which they are shown.

All recordings and network streams are read by this one, whole or in part, so that they agree on what a picture looks
like, which number it has and when it is shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from live_classify.core.errors import SourceError
from live_classify.core.values import BgrImage
from live_classify.sources.container import Video, end_of
from live_classify.sources.numbering import Numbering
from live_classify.sources.pixels import Pixels

if TYPE_CHECKING:
    from av import FFmpegError, Packet, VideoFrame

_READ_ATTEMPTS = 100  # a damaged container may go on behind the damage; at the end each further attempt costs nothing


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture that has been decoded, but not yet converted: most of those that are skipped never are."""

    raw: VideoFrame
    index: int
    """Its number in the recording."""
    time_s: float
    """Its media time: seconds from the first picture."""


class Decoding:
    """Decodes an opened video from its beginning.

    Args:
        video: just opened; nothing of it has been read.
        live: whether pictures are wanted as soon as they come, and are numbered as they come.
        broken_off: makes the error to be raised when reading fails; without it, reading is tried again, and what can't
            be read is the end.
    """

    def __init__(
        self, video: Video, live: bool = False, broken_off: Callable[[FFmpegError], SourceError] | None = None
    ) -> None:
        video.prepare("SLICE" if live else "AUTO")  # threads that each decode a frame hold as many frames back
        self.video = video
        self.given = 0
        """Pictures given so far."""
        self._numbering = Numbering(video)
        self._numbering.order.holds &= not live
        self._pixels = Pixels(video.stream)
        self._broken_off = broken_off
        self._failure: SourceError | None = None
        self._too_large = 0
        self._start_s = float((video.stream.start_time or 0) * (video.stream.time_base or 0))
        self._end_s = self._sound_end_s = 0.0

    @property
    def errors(self) -> int:
        """Pictures so far that could not be decoded."""
        return self._numbering.lost + self._too_large

    @property
    def last_s(self) -> float:
        """Media time of the newest picture."""
        return self._numbering.last_s

    def pictures(self, stop: threading.Event) -> Generator[Picture, None, None]:
        """Decode to the end, or until ``stop`` is set.

        Raises:
            SourceError: reading failed; see ``broken_off``.
        """
        numbering = self._numbering
        for raw in self._decoded(stop):
            place = numbering.received(raw)
            if place is not None:
                self.given += 1
                yield Picture(raw, *place)
        numbering.end()
        if self._failure is not None:
            raise self._failure

    def bgr(self, picture: Picture, any_size: bool = False) -> BgrImage | None:
        """Convert a picture; see :meth:`~live_classify.sources.pixels.Pixels.bgr`.

        Returns:
            ``(H, W, 3)`` uint8 BGR; None, and there is an error more, if it is too large.
        """
        bgr = self._pixels.bgr(picture.raw, any_size)
        self._too_large += bgr is None
        return bgr

    def check_complete(self, end_s: float) -> None:
        """Raise SourceReadError where less could be read, up to ``end_s``, than the header promised."""
        numbering, video = self._numbering, self.video
        reached_s = max(numbering.last_s, self._end_s - self._start_s if numbering.order.holds else 0.0)
        sound_s = self._sound_end_s - self._start_s if len(video.read) > 1 else 0.0
        if video.is_cut(reached_s, sound_s, numbering.next, end_s):
            raise video.cut_short(numbering.last_s, self.given)

    def _decoded(self, stop: threading.Event) -> Iterator[VideoFrame]:
        import av

        stream = self.video.stream
        for packet in self._packets(stop):
            if packet.stream is not stream:
                self._sound_end_s = max(self._sound_end_s, end_of(packet))
                continue
            self._end_s = max(self._end_s, end_of(packet))
            self._numbering.sent(packet)
            pictures = self.video.decode(packet)
            if pictures is None:
                self._numbering.failed()
                continue
            yield from pictures
        with suppress(av.FFmpegError):  # what the decoder still holds, unless the container's end had it given already
            yield from stream.decode(None)

    def _packets(self, stop: threading.Event) -> Iterator[Packet[Any]]:
        import av

        video, failed = self.video, 0
        packets = video.container.demux(video.read)
        while not stop.is_set():
            try:
                packet = next(packets, None)
            except av.FFmpegError as error:
                failed += 1
                if self._broken_off is not None:
                    self._failure = self._broken_off(error)
                if self._failure is not None or failed > _READ_ATTEMPTS:
                    return
                packets = video.container.demux(video.read)
                continue
            if packet is None:
                return
            failed = 0
            yield packet
