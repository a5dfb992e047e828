"""The report: one page that says what recordings show, and when, with a picture of each label."""

from __future__ import annotations

from pathlib import Path

import cv2

from live_classify.answers.segments import Segment
from live_classify.core.values import Answered, Frame
from live_classify.core.whole_file import write_whole
from live_classify.outputs.recording_report import RecordingReport, Thumbnail
from live_classify.outputs.report_page import page

_THUMBNAIL_WIDTH = 240
_JPEG_QUALITY = 80
_BETTER = 0.005  # by less more probable, a frame isn't worth a new thumbnail


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
        if self._recordings:
            write_whole(self._path, page(list(self._recordings.values())))
        self._recordings = {}


def _jpeg(frame: Frame) -> bytes:
    width, height = frame.size
    height = max(1, round(height * _THUMBNAIL_WIDTH / width))
    small = cv2.resize(frame.bgr, (_THUMBNAIL_WIDTH, height), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
