"""Decoding some frames of a recording, and as few others as possible."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from live_classify.sources.container import Video
from live_classify.sources.packets import PacketIndex

if TYPE_CHECKING:
    from av import VideoFrame


class Seeking:
    """Gives pictures by their time, in rising order.

    Args:
        video: just opened.
        index: its index, which holds.
        apart: whether most pictures are skipped.
    """

    def __init__(self, video: Video, index: PacketIndex, apart: bool) -> None:
        video.prepare("SLICE" if apart else "AUTO")  # seeking empties threads that each decode a frame
        self.video = video
        self.errors = 0
        """Wanted pictures so far that could not be decoded."""
        self.given = 0
        """Wanted pictures so far that could be."""
        self._index = index
        self._pictures = self._decoded()
        self._newest: VideoFrame | None = None

    def picture(self, time: int) -> VideoFrame | None:
        """The picture that is shown at a time in the stream's time base, None if it is damaged."""
        key = self._index.key_before(time)
        if key is not None and self._index.lies_beyond_next(self._index.keys[key], self._at):
            self._seek(key)
        while self._at < time and (picture := next(self._pictures, None)) is not None:
            self._newest = picture
        if self._newest is None or self._at != time or self._newest.is_corrupt:
            self.errors += 1
            return None
        self.given += 1
        return self._newest

    @property
    def _at(self) -> float:
        return -math.inf if self._newest is None or self._newest.pts is None else self._newest.pts

    def _seek(self, key: int) -> None:
        """Go to a key frame; where that isn't exact (MPEG-TS) or no beginning (a gradual refresh), to one before it."""
        time = self._index.keys[key]
        for earlier in range(key, -1, -1):
            self.video.container.seek(self._index.keys[earlier], stream=self.video.stream)
            self._pictures = self._decoded()
            self._newest = next(self._pictures, None)
            if self._newest is not None and self._at <= time and self._newest.key_frame:
                return

    def _decoded(self) -> Iterator[VideoFrame]:
        for packet in self.video.container.demux(self.video.stream):
            yield from self.video.decode(packet) or ()  # after a damaged one, the next good one follows
