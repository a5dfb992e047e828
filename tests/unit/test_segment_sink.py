from __future__ import annotations

import numpy as np
import pytest

from doubles import grey_frame
from live_classify.answers.segments import Segment, Segmenter
from live_classify.core.errors import OutputError
from live_classify.core.values import Answered, Label, Prediction
from live_classify.outputs.segments import SegmentSink

LABELS = [Label(number, "", f"class_{number}", 1.0) for number in range(2)]


class Writer:
    """Keeps what it gets.

    Args:
        on_segment: raised when it is given a segment.
        on_close: raised when it is closed.
    """

    def __init__(self, on_segment: Exception | None = None, on_close: Exception | None = None) -> None:
        self.got: list[tuple[str, int] | str] = []
        self.closed = 0
        self._on_segment, self._on_close = on_segment, on_close

    def write_frame(self, answered: Answered) -> None:
        self.got.append(answered.frame.source)

    def write_segment(self, source: str, segment: Segment) -> None:
        if self._on_segment is not None:
            raise self._on_segment
        self.got.append((source, segment.frames))

    def close(self) -> None:
        self.closed += 1
        if self._on_close is not None:
            raise self._on_close


def segmenter() -> Segmenter:
    return Segmenter(0.0, 0.0, lambda index, probability: Label(index, "", LABELS[index].name, probability))


def answered(source: str, index: int, shows: int = 0) -> Answered:
    probabilities = np.eye(2, dtype=np.float32)[shows]
    return Answered(grey_frame(0, index, source), (Prediction((LABELS[shows],), None, probabilities, 0.0),))


def test_each_recording_has_segments_of_its_own() -> None:
    writer = Writer()
    sink = SegmentSink(segmenter, [writer])
    for source, count in (("clip.mp4", 3), ("clip.mp4 (2)", 4)):
        for index in range(count):
            sink.write(answered(source, index))
    sink.close()
    sink.close()
    assert writer.got == [("clip.mp4", 3), ("clip.mp4 (2)", 4)]


def test_who_looks_at_frames_gets_each_before_its_segment() -> None:
    writer, other = Writer(), Writer()
    sink = SegmentSink(segmenter, [writer, other], [writer])
    for index, shows in enumerate((0, 1, 1)):
        sink.write(answered("clip.mp4", index, shows))
    sink.close()
    assert [what for what in writer.got if isinstance(what, str)] == ["clip.mp4"] * 3
    assert writer.got.index(("clip.mp4", 1)) > writer.got.index("clip.mp4")
    assert writer.got[-1] == ("clip.mp4", 2)
    assert other.got == [("clip.mp4", 1), ("clip.mp4", 2)]
    assert writer.closed == other.closed == 1


def test_all_are_closed_whatever_one_of_them_raises_and_the_first_failure_is_told() -> None:
    writers = [Writer(), Writer(on_close=ZeroDivisionError("first")), Writer(on_close=OutputError("later")), Writer()]
    sink = SegmentSink(segmenter, writers)
    sink.write(answered("clip.mp4", 0))
    with pytest.raises(ZeroDivisionError, match="first"):
        sink.close()
    assert [writer.closed for writer in writers] == [1] * 4
    assert [writer.got for writer in writers] == [[("clip.mp4", 1)]] * 4


def test_all_are_closed_when_the_last_segment_cannot_be_written() -> None:
    writers = [Writer(on_segment=OutputError("the disk is full"), on_close=OutputError("later")), Writer()]
    sink = SegmentSink(segmenter, writers)
    sink.write(answered("clip.mp4", 0))
    with pytest.raises(OutputError, match="the disk is full"):
        sink.close()
    assert [writer.closed for writer in writers] == [1, 1]
