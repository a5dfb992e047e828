from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest

from live_classify.answers.smoothing import StableLabel
from live_classify.core.errors import EngineError

CLASSES = 5


def saying(**probabilities: float) -> npt.NDArray[np.float32]:
    """``saying(a=0.7, b=0.2)``: class 0 with 70%, class 1 with 20%, the rest shared by the others."""
    row = np.full(CLASSES, (1 - sum(probabilities.values())) / (CLASSES - len(probabilities)), np.float32)
    for name, probability in probabilities.items():
        row["abcde".index(name)] = probability
    return row


A, B = saying(a=0.9), saying(b=0.9)


def settled(label: StableLabel, probabilities: npt.NDArray[np.float32], time_s: float) -> tuple[int, float]:
    answer = label.update(probabilities, time_s)
    assert answer is not None
    return answer[0], answer[1]


def shown(label: StableLabel, probabilities: npt.NDArray[np.float32], time_s: float) -> int | None:
    answer = label.update(probabilities, time_s)
    return None if answer is None else answer[0]


def time_until_taken_up(fps: float, smooth_s: float = 0.5) -> float:
    """Seconds from the first frame that shows something else until that is shown."""
    label = StableLabel(smooth_s, min_confidence=0.2)
    for frame in range(round(3 * fps)):
        assert shown(label, A, frame / fps) == 0
    for frame in range(round(3 * fps), round(10 * fps)):
        if shown(label, B, frame / fps) == 1:
            return frame / fps - 3
    raise AssertionError("never taken up")


@pytest.mark.parametrize("smooth_s", [0.2, 0.5, 2.0])
def test_a_change_is_taken_up_equally_soon_at_any_rate(smooth_s: float) -> None:
    slow, fast = time_until_taken_up(8, smooth_s), time_until_taken_up(200, smooth_s)
    assert abs(slow - fast) <= 1 / 8
    assert 0.5 * smooth_s < fast < 1.5 * smooth_s


@pytest.mark.parametrize("fps", [8, 30, 200])
def test_the_average_forgets_as_the_time_constant_says(fps: int) -> None:
    label = StableLabel(smooth_s=2.0, min_confidence=0.0)
    only_a, only_b = np.eye(CLASSES, dtype=np.float32)[:2]
    label.update(only_a, 0.0)
    for frame in range(1, fps + 1):
        index, probability = settled(label, only_b, frame / fps)
    assert index == 0
    assert probability == pytest.approx(math.exp(-1 / 2), rel=1e-4)


@pytest.mark.parametrize("fps", [8, 200])
def test_noise_between_two_labels_does_not_flicker(fps: int) -> None:
    label = StableLabel(smooth_s=0.5, min_confidence=0.2)
    seen = [
        shown(label, saying(a=0.6, b=0.3) if frame % 2 else saying(a=0.3, b=0.6), frame / fps) for frame in range(800)
    ]
    changes = sum(one != other for one, other in itertools.pairwise(seen))
    assert changes <= 1
    assert None not in seen


def test_a_label_slightly_ahead_does_not_take_over() -> None:
    label = StableLabel(smooth_s=0.1, min_confidence=0.2)
    assert shown(label, saying(a=0.5, b=0.4), 0.0) == 0
    assert [shown(label, saying(a=0.45, b=0.5), time_s) for time_s in range(1, 20)] == [0] * 19
    assert shown(label, saying(a=0.4, b=0.55), 30.0) == 1


def test_below_the_confidence_it_is_not_sure() -> None:
    label = StableLabel(smooth_s=0.5, min_confidence=0.6)
    assert label.update(saying(a=0.5), 0.0) is None
    index, probability = settled(label, saying(a=0.9), 5.0)
    assert index == 0
    assert probability == pytest.approx(0.9, abs=1e-3)


def test_a_shown_label_stays_a_little_below_the_confidence_and_then_goes() -> None:
    label = StableLabel(smooth_s=0.1, min_confidence=0.5)
    assert shown(label, saying(a=0.6), 0.0) == 0
    assert shown(label, saying(a=0.45), 10.0) == 0
    assert shown(label, saying(a=0.3), 20.0) is None
    assert shown(label, saying(a=0.45), 30.0) is None
    assert shown(label, saying(a=0.5), 40.0) == 0


@pytest.mark.parametrize("min_confidence", [0.0, 0.2, 0.5])
def test_without_smoothing_every_frame_stands_for_itself(min_confidence: float) -> None:
    label = StableLabel(smooth_s=0, min_confidence=min_confidence)
    rng = np.random.default_rng(1)
    # Rounded, as the answers of an int8 network are: ties are common.
    for frame, row in enumerate(rng.integers(0, 8, (500, CLASSES)).astype(np.float32) / 16):
        best = int(row.argmax())
        expected = (best, float(row[best])) if row[best] >= min_confidence else None
        assert label.update(row, frame / 30) == expected


def test_time_that_goes_backwards_starts_anew() -> None:
    label = StableLabel(smooth_s=5.0, min_confidence=0.2)
    for time_s in range(100):
        label.update(A, time_s)
    # Neither the average nor the shown label is left, though b is less than a margin ahead.
    index, probability = settled(label, saying(a=0.4, b=0.45), 0.0)
    assert index == 1
    assert probability == pytest.approx(0.45)


def test_the_probabilities_given_are_not_changed() -> None:
    label, row = StableLabel(smooth_s=0.5, min_confidence=0.2), A.copy()
    label.update(row, 0.0)
    label.update(B, 1.0)
    assert np.array_equal(row, A)


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("smooth_s", [0.0, 0.3])
def test_an_answer_that_is_not_finite_is_refused_and_leaves_no_trace(value: float, smooth_s: float) -> None:
    label = StableLabel(smooth_s, min_confidence=0.2)
    assert shown(label, A, 0.0) == 0
    broken = A.copy()
    broken[3] = value
    with pytest.raises(EngineError, match="probabilities aren't finite"):
        label.update(broken, 0.1)
    assert shown(label, A, 0.2) == 0
