"""What a report knows of one recording."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from live_classify.answers.segments import Segment
from live_classify.core.values import Label


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """The frame that shows a label best."""

    probability: float
    time_s: float
    jpeg: bytes

    @property
    def data_uri(self) -> str:
        """The picture as an address that holds it."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode('ascii')}"


@dataclass(slots=True)
class LabelTime:
    """How long, and when, a recording shows a label."""

    label: Label
    segments: list[Segment] = field(default_factory=list)

    @property
    def total_s(self) -> float:
        """Seconds in all."""
        return sum(segment.end_s - segment.start_s for segment in self.segments)

    @property
    def mean_probability(self) -> float:
        """Mean over all frames of the segments, 0 to 1."""
        frames = sum(segment.frames for segment in self.segments)
        return sum(segment.label.probability * segment.frames for segment in self.segments) / frames


@dataclass(slots=True)
class RecordingReport:
    """What one recording shows."""

    source: str
    frames: int = 0
    end_s: float = 0.0
    segments: list[Segment] = field(default_factory=list)
    thumbnails: dict[int, Thumbnail] = field(default_factory=dict)

    def label_times(self) -> list[LabelTime]:
        """Its labels, the one that is seen longest first."""
        times: dict[int, LabelTime] = {}
        for segment in self.segments:
            times.setdefault(segment.label.index, LabelTime(segment.label)).segments.append(segment)
        return sorted(times.values(), key=lambda label: -label.total_s)
