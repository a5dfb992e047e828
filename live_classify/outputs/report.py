"""The report: one page that says what recordings show, and when, with a picture of each label."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from live_classify.answers.segments import Segment
from live_classify.core.values import Answered, Frame, Label
from live_classify.core.whole_file import write_whole

_THUMBNAIL_WIDTH = 240
_JPEG_QUALITY = 80
_BETTER = 0.005  # by less more probable, a frame isn't worth a new thumbnail


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


class Report:
    """Takes frames and segments, and writes the page when it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._recordings: dict[str, RecordingReport] = {}

    def write_frame(self, answered: Answered) -> None:
        """Keep a thumbnail of the frame if it shows its label best.

        See :class:`~live_classify.outputs.segments.FrameWriter`.
        """
        frame = answered.frame
        recording = self._recordings.setdefault(frame.source, RecordingReport(frame.source))
        recording.frames += 1
        recording.end_s = max(recording.end_s, frame.time_s)
        label = answered.prediction.top
        best = recording.thumbnails.get(label.index)
        if best is None or label.probability > best.probability + _BETTER:
            recording.thumbnails[label.index] = Thumbnail(label.probability, frame.time_s, _jpeg(frame))

    def write_segment(self, source: str, segment: Segment) -> None:
        """Take a segment; see :class:`~live_classify.outputs.segments.SegmentWriter`."""
        recording = self._recordings.setdefault(source, RecordingReport(source))
        recording.segments.append(segment)
        recording.end_s = max(recording.end_s, segment.end_s)

    def close(self) -> None:
        """Write the page, if there is anything to say.

        Raises:
            OutputError: it could not be written.
        """
        from live_classify.outputs.report_page import page

        if self._recordings:
            write_whole(self._path, page(list(self._recordings.values())))
        self._recordings = {}


def _jpeg(frame: Frame) -> bytes:
    width, height = frame.size
    height = max(1, round(height * _THUMBNAIL_WIDTH / width))
    small = cv2.resize(frame.bgr, (_THUMBNAIL_WIDTH, height), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
