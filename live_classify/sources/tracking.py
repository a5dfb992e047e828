"""The status of sources that decode."""

from __future__ import annotations

from typing import Protocol

from live_classify.core.protocols import SourceStatus
from live_classify.sources.container import Video


class Reader(Protocol):
    """What reads a video."""

    video: Video
    given: int
    """Pictures given so far."""

    @property
    def errors(self) -> int:
        """Pictures so far that could not be decoded."""


class Tracking:
    """Follows one reading of a source after the other."""

    def __init__(self) -> None:
        self._former_errors = 0
        self._reader: Reader | None = None

    def follow(self, reader: Reader) -> None:
        """Go on with another reading. Damaged pictures of those before still count."""
        self._former_errors = self.status().decode_errors
        self._reader = reader

    def given(self) -> int:
        """Pictures that the present reading has given."""
        return 0 if self._reader is None else self._reader.given

    def status(self) -> SourceStatus:
        """What the header claims, and damaged pictures of all readings so far; any thread may ask."""
        reader = self._reader
        if reader is None:
            return SourceStatus()
        video = reader.video
        return SourceStatus(video.frame_rate, video.frame_count, self._former_errors + reader.errors)
