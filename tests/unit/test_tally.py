from __future__ import annotations

import numpy as np
import pytest

from live_classify.answers.tally import Tally
from live_classify.core.values import Label, Prediction


def prediction(stable: tuple[int, str, float] | None) -> Prediction:
    top = Label(9, "n9", "raw", 0.99)
    label = None if stable is None else Label(stable[0], "", stable[1], stable[2])
    return Prediction((top,), label, np.zeros(10, np.float32), 0.0)


def tally(*stable: tuple[int, str, float] | None) -> Tally:
    counted = Tally()
    for one in stable:
        counted.add(prediction(one))
    return counted


def test_nothing_seen() -> None:
    assert tally().frames == 0
    assert tally().shares() == []


def test_stable_labels_are_counted_the_most_frequent_first() -> None:
    counted = tally((1, "cat", 0.5), (2, "dog", 0.8), (2, "dog", 0.6), None, (2, "dog", 0.7), None)
    assert counted.frames == 6
    assert [(share.name, share.frames) for share in counted.shares()] == [("dog", 3), (None, 2), ("cat", 1)]


def test_the_probability_is_the_mean_over_the_frames_that_show_it() -> None:
    dog, cat, unsure = tally(
        (2, "dog", 0.8), (2, "dog", 0.6), (1, "cat", 0.5), (2, "dog", 0.7), (1, "cat", 0.4), None
    ).shares()
    assert dog.mean_probability == pytest.approx(0.7)
    assert cat.mean_probability == pytest.approx(0.45)
    assert unsure.mean_probability == 0


def test_two_classes_of_one_name_are_not_mixed_up() -> None:
    """ImageNet has two cranes: the bird and the machine."""
    counted = tally((134, "crane", 0.9), (517, "crane", 0.8), (134, "crane", 0.7))
    assert [(share.name, share.frames) for share in counted.shares()] == [("crane", 2), ("crane", 1)]
