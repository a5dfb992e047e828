"""What holds of the segments of any recording, however its frames lie in time and whatever the network said."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live_classify.answers.segments import Segment, Segmenter
from live_classify.core.errors import EngineError
from live_classify.core.values import Label

CLASSES = 3

steps_s = st.sampled_from([0.0, 0.001, 0.04, 0.3, 2.0, -1.0]) | st.floats(0, 5, allow_subnormal=False)
rows = st.lists(st.floats(0, 1, width=32), min_size=CLASSES, max_size=CLASSES)
frames = st.lists(st.tuples(steps_s, rows), max_size=40)
smoothing_s = st.sampled_from([0.0, 0.05, 0.3, 1.0, 30.0])


def segments_of(
    times_s: list[float], answers: list[npt.NDArray[np.float32]], smooth_s: float, min_confidence: float
) -> list[Segment]:
    segmenter = Segmenter(smooth_s, min_confidence, lambda index, p: Label(index, "", f"class_{index}", p))
    found = [s for time_s, row in zip(times_s, answers, strict=True) for s in segmenter.add(time_s, row)]
    return found + list(segmenter.finish())


def unpacked(given_frames: list[tuple[float, list[float]]]) -> tuple[list[float], list[npt.NDArray[np.float32]]]:
    """Times as the recording gives them, and the answers."""
    times_s = list(itertools.accumulate(step_s for step_s, _ in given_frames))
    return times_s, [np.array(row, np.float32) for _, row in given_frames]


def assert_in_order(found: list[Segment]) -> None:
    for segment in found:
        assert segment.frames >= 1
        assert segment.start_s <= segment.end_s
    for one, following in itertools.pairwise(found):
        assert one.end_s <= following.start_s


@settings(deadline=None)
@given(frames, smoothing_s, st.sampled_from([0.0, 0.2, 0.5, 1.0]))
def test_segments_come_in_order_and_hold_the_frames_that_lie_in_them(
    given_frames: list[tuple[float, list[float]]], smooth_s: float, min_confidence: float
) -> None:
    times_s, answers = unpacked(given_frames)
    found = segments_of(times_s, answers, smooth_s, min_confidence)
    assert_in_order(found)
    counted_s = list(itertools.accumulate(times_s, max))  # a time that steps back counts as the last one
    assert sum(segment.frames for segment in found) <= len(counted_s)
    if len(set(counted_s)) == len(counted_s):
        for segment in found:
            inside = [time_s for time_s in counted_s if segment.start_s <= time_s < segment.end_s]
            assert len(inside) == segment.frames
            assert segment.start_s == inside[0]


@settings(deadline=None)
@given(frames, smoothing_s)
def test_where_there_always_is_a_label_segments_leave_no_frame_out(
    given_frames: list[tuple[float, list[float]]], smooth_s: float
) -> None:
    times_s, answers = unpacked(given_frames)
    found = segments_of(times_s, answers, smooth_s, min_confidence=0.0)
    assert sum(segment.frames for segment in found) == len(answers)
    for one, following in itertools.pairwise(found):
        assert one.end_s == following.start_s
        assert one.label.index != following.label.index
    if found:
        assert found[0].start_s == times_s[0]
        assert found[-1].end_s >= max(times_s)


@settings(deadline=None)
@given(frames, st.sampled_from([0.0, 0.3, 0.7]))
def test_without_smoothing_each_frame_stands_for_itself(
    given_frames: list[tuple[float, list[float]]], min_confidence: float
) -> None:
    times_s, answers = unpacked(given_frames)
    sure = [int(row.argmax()) if row.max() >= np.float32(min_confidence) else None for row in answers]
    expected = [(index, len(list(run))) for index, run in itertools.groupby(sure) if index is not None]
    found = segments_of(times_s, answers, 0.0, min_confidence)
    assert [(segment.label.index, segment.frames) for segment in found] == expected


def saying(*probabilities: float) -> npt.NDArray[np.float32]:
    return np.array(probabilities, np.float32)


def test_two_changes_that_are_near_each_other_are_placed_together() -> None:
    # Placed alone, the first change would take the last frame, in which the second class is more probable than the
    # first, too, and leave no place for the change to the third.
    answers = [
        saying(0.9, 0.3, 0.6),
        saying(0.0, 0.8, 0.2),
        saying(0.3, 1.0, 0.5),
        saying(0.9, 0.2, 0.8),
        saying(1.0, 0.0, 0.2),
        saying(0.1, 0.2, 0.3),
    ]
    found = segments_of([number / 25 for number in range(6)], answers, 0.1, 0.2)
    assert [(s.label.index, s.frames) for s in found] == [(0, 1), (1, 2), (0, 3)]


def test_a_change_never_crosses_the_one_after_it() -> None:
    answers = [saying(0.4, 0.1, 0.0), saying(0.0, 0.0, 0.2), saying(0.3, 0.2, 0.6)]
    found = segments_of([0.0, 0.04, 0.08], answers, 0.1, 0.2)
    assert [(s.label.index, s.frames) for s in found] == [(0, 1), (2, 2)]


@pytest.mark.parametrize("smooth_s", [0.0, 0.3])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_an_answer_that_is_not_finite_is_refused(smooth_s: float, value: float) -> None:
    with pytest.raises(EngineError, match="aren't finite"):
        segments_of([0.0, 1.0], [saying(0.5, 0.2, 0.3), saying(0.5, value, 0.3)], smooth_s, 0.2)
