"""From frames to segments, and to what is written of them: a table of segments, as CSV or JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from live_classify.answers.segments import Segment, Segmenter
from live_classify.core.errors import UsageError
from live_classify.core.values import Answered
from live_classify.outputs.files import RowFile

COLUMNS = ("source", "id", "name", "start_s", "end_s", "frames", "mean_probability")
_SECONDS_DIGITS = 6
_PROBABILITY_DIGITS = 6
_JSON = json.JSONEncoder(ensure_ascii=False)


class SegmentWriter(Protocol):
    """Something that is made of segments: a table, subtitles."""

    def write_segment(self, source: str, segment: Segment) -> None:
        """Take a segment; those of one source come in order, one source after the other.

        Raises:
            OutputError: it could not be written; the message names the file.
        """

    def close(self) -> None:
        """As of :class:`~live_classify.core.protocols.Sink`."""


class FrameWriter(Protocol):
    """Something that looks at the frames as well, as a report does for its pictures."""

    def write_frame(self, answered: Answered) -> None:
        """Take a classified frame. Called once for each, in order; its segment comes later.

        Raises:
            OutputError: it could not be written; the message names the file.
        """


class SegmentSink:
    """A sink that finds the segments of each recording and hands them to those who write them.

    Args:
        open_segmenter: makes what finds the segments of one recording.
        writers: who gets the segments; closed with the sink.
        frame_writers: who gets each frame, too; not closed unless it is among the others.
    """

    def __init__(
        self,
        open_segmenter: Callable[[], Segmenter],
        writers: Sequence[SegmentWriter],
        frame_writers: Sequence[FrameWriter] = (),
    ) -> None:
        self._open = open_segmenter
        self._writers = writers
        self._frame_writers = frame_writers
        self._segmenter: Segmenter | None = None
        self._source = ""

    def write(self, answered: Answered) -> None:
        """Take one classified frame; see :class:`~live_classify.core.protocols.Sink`."""
        frame = answered.frame
        for writer in self._frame_writers:
            writer.write_frame(answered)
        if self._segmenter is None or frame.source != self._source:
            self._finish()
            self._segmenter, self._source = self._open(), frame.source
        for segment in self._segmenter.add(frame.time_s, answered.prediction.probabilities):
            self._hand_on(segment)

    def close(self) -> None:
        """Hand on what is left, and close the writers, all of them; see :class:`~live_classify.core.protocols.Sink`.

        Raises:
            Exception: the first of what any of them raised.
        """
        first: Exception | None = None
        for step in (self._finish, *(writer.close for writer in self._writers)):
            try:
                step()
            except Exception as error:  # noqa: BLE001, PERF203 (raised again when the others are closed)
                first = first or error
        if first is not None:
            raise first

    def _finish(self) -> None:
        segmenter, self._segmenter = self._segmenter, None
        if segmenter is not None:
            for segment in segmenter.finish():
                self._hand_on(segment)

    def _hand_on(self, segment: Segment) -> None:
        for writer in self._writers:
            writer.write_segment(self._source, segment)


class SegmentTable:
    """Writes one row for each segment."""

    def __init__(self, path: Path) -> None:
        """Create or empty the file.

        Args:
            path: a ``.csv`` or ``.jsonl`` file.

        Raises:
            UsageError: another suffix.
            OutputError: the file can't be created.
        """
        kind = path.suffix.lower()
        if kind not in {".csv", ".jsonl"}:
            raise UsageError(f"segments go to a .csv or a .jsonl file, not {path}")
        self._file = RowFile(path)
        self._as_csv = kind == ".csv"
        if self._as_csv:
            self._file.write_row(_csv_line(COLUMNS))

    def write_segment(self, source: str, segment: Segment) -> None:
        """Write one row; see :class:`SegmentWriter`."""
        cells = (
            source,
            segment.label.id,
            segment.label.name,
            round(segment.start_s, _SECONDS_DIGITS),
            round(segment.end_s, _SECONDS_DIGITS),
            segment.frames,
            round(segment.label.probability, _PROBABILITY_DIGITS),
        )
        row = _csv_line(cells) if self._as_csv else _JSON.encode(dict(zip(COLUMNS, cells, strict=True))) + "\n"
        self._file.write_row(row)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _csv_line(cells: Sequence[object]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue()
