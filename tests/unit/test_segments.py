from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from live_classify.answers.segments import Segment, Segmenter
from live_classify.core.values import Label

CLASSES = 6


def saying(index: int | None, probability: float = 0.9) -> npt.NDArray[np.float32]:
    """One class with a probability and the rest shared by the others; None: all alike."""
    row = np.full(CLASSES, (1 - probability) / (CLASSES - 1), np.float32)
    if index is None:
        return np.full(CLASSES, 0.1, np.float32)  # as if there were more classes
    row[index] = probability
    return row


def segments_of(
    answers: Iterable[tuple[float, npt.NDArray[np.float32]]], smooth_s: float = 0.3, min_confidence: float = 0.2
) -> list[Segment]:
    segmenter = Segmenter(smooth_s, min_confidence, lambda index, p: Label(index, f"n{index}", f"class_{index}", p))
    found = [segment for time_s, row in answers for segment in segmenter.add(time_s, row)]
    return found + list(segmenter.finish())


def steadily(rows: Sequence[npt.NDArray[np.float32]], fps: float = 25) -> list[tuple[float, npt.NDArray[np.float32]]]:
    return [(number / fps, row) for number, row in enumerate(rows)]


def spans(segments: Sequence[Segment]) -> list[tuple[int, float, float]]:
    return [(s.label.index, round(s.start_s, 3), round(s.end_s, 3)) for s in segments]


@pytest.mark.parametrize("smooth_s", [0.0, 0.1, 0.3, 1.0])
@pytest.mark.parametrize(("before", "after"), [(0.9, 0.9), (0.95, 0.3), (0.3, 0.95)])
def test_a_cut_is_where_it_is_however_sure_the_network_was(smooth_s: float, before: float, after: float) -> None:
    found = segments_of(steadily([saying(0, before)] * 150 + [saying(1, after)] * 150), smooth_s)
    assert spans(found) == [(0, 0.0, 6.0), (1, 6.0, 12.0)]
    assert [s.frames for s in found] == [150, 150]
    assert [s.label.probability for s in found] == pytest.approx([before, after], abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_cuts_of_a_noisy_slideshow_are_found_within_a_fifth_of_a_second(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(30, 90, 12)
    shown = [number % CLASSES for number in range(len(lengths))]
    rows = []
    for index, length in zip(shown, lengths, strict=True):
        scores = rng.normal(0, 1.2, (length, CLASSES)).astype(np.float32)
        scores[:, index] += 4
        rows += list(np.exp(scores) / np.exp(scores).sum(1, keepdims=True))
    found = segments_of(steadily(rows))
    assert [s.label.index for s in found] == shown
    starts = np.cumsum(lengths) - lengths
    assert [s.start_s for s in found] == pytest.approx(list(starts / 25), abs=0.2)
    assert sum(s.frames for s in found) >= len(rows) - 2  # at an end, noise may be less than sure


def test_a_flicker_is_no_segment_unless_every_frame_stands_for_itself() -> None:
    rows = [saying(0)] * 30 + [saying(1)] * 2 + [saying(0)] * 30
    assert spans(segments_of(steadily(rows))) == [(0, 0.0, 2.48)]
    assert spans(segments_of(steadily(rows), smooth_s=0)) == [(0, 0.0, 1.2), (1, 1.2, 1.28), (0, 1.28, 2.48)]


def test_where_nothing_is_sure_there_is_no_segment() -> None:
    rows = [saying(0)] * 50 + [saying(None)] * 50 + [saying(2)] * 50
    assert spans(segments_of(steadily(rows))) == [(0, 0.0, 2.0), (2, 4.0, 6.0)]
    assert segments_of(steadily([saying(None)] * 50)) == []
    assert segments_of([]) == []


def test_times_count_not_frames() -> None:
    slow = [(number / 2, saying(0)) for number in range(10)]
    fast = [(5 + number / 50, saying(1)) for number in range(100)]
    found = segments_of(slow + fast)
    assert spans(found) == [(0, 0.0, 5.0), (1, 5.0, 7.0)]


def test_segments_come_as_soon_as_they_are_certain() -> None:
    segmenter = Segmenter(0.3, 0.2, lambda index, p: Label(index, "", str(index), p))
    when = None
    for number in range(200):
        if list(segmenter.add(number / 25, saying(0 if number < 50 else 1))):
            when = number / 25
    assert when is not None
    assert when < 2 + 3


def test_a_time_that_steps_back_counts_as_the_last_one() -> None:
    (found,) = segments_of([(0.0, saying(1)), (1000.0, saying(1)), (3.0, saying(1)), (1001.0, saying(1))])
    assert (found.start_s, found.frames) == (0.0, 4)


def test_a_single_frame_is_a_segment_with_a_length() -> None:
    (found,) = segments_of([(0.0, saying(3))])
    assert found.frames == 1
    assert found.end_s > found.start_s
