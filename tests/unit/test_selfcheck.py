from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from live_classify.assets import DEMO_SCENES
from live_classify.models.catalogue.keras_applications import imagenet_labels
from live_classify.models.records.labels import Labels
from live_classify.selfcheck.diagnosis import is_swapped
from live_classify.selfcheck.expected import Expected, stored_answers, whole_rows
from live_classify.selfcheck.reference import label_fault, photographs
from live_classify.selfcheck.routes import pixel_fault

NETWORKS = ["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"]


def test_the_photographs_are_small_and_show_what_the_demo_shows() -> None:
    known = photographs()
    assert [photograph.names for photograph in known] == [scene.names for scene in DEMO_SCENES]
    assert sum(photograph.path.stat().st_size for photograph in known) < 250_000
    shapes = [photograph.read().shape for photograph in known]
    assert {height for height, _, _ in shapes} == {224}
    assert any(height != width for height, width, _ in shapes)


@pytest.mark.parametrize("network", NETWORKS)
def test_stored_answers_are_right(network: str) -> None:
    for photograph in photographs():
        best = photograph.answers[network]
        assert best[0].name in photograph.names
        assert len(best) == 5
        assert [label.probability for label in best] == sorted((label.probability for label in best), reverse=True)


def test_distance_is_that_of_the_stored_classes() -> None:
    known = photographs()
    expected = stored_answers("efficientnet-lite0", known)
    rows = np.zeros((len(known), 1000), np.float32)
    np.put_along_axis(rows, expected.classes, expected.probabilities, axis=1)
    assert expected.distance(rows) == 0
    assert expected.tells_apart()
    wrong = known[2].answers["efficientnet-lite0"][1].index
    rows[2, wrong] += 0.25
    assert expected.distance(rows) == pytest.approx(0.25)


def test_answers_that_never_change_tell_nothing_apart() -> None:
    assert not whole_rows(np.full((4, 10), 0.1, np.float32)).tells_apart()


@pytest.mark.parametrize(
    ("right", "swapped", "is_it"),
    [
        (0.0, 0.4, False),
        (0.4, 0.0, True),
        (0.06, 0.02, True),  # both within what int8 may differ by
        (0.4, 0.3, False),  # something else is wrong
        (1e-6, 0.0, False),  # rounding
    ],
)
def test_swapped_colours_show_by_what_swapping_again_does(right: float, swapped: float, is_it: bool) -> None:
    expected = Expected(np.array([[0]]), np.array([[0.5]], np.float32), 1e-3)
    rows = [np.array([[0.5 + distance]], np.float32) for distance in (right, swapped)]
    assert is_swapped(expected, *rows) is is_it


def test_pixels_are_compared() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)
    assert pixel_fault([picture], [picture.copy()]) is None
    assert pixel_fault([picture[..., ::-1]], [picture]) == "files are read with red and blue swapped"
    assert pixel_fault([picture[:4]], [picture]) == "files are read with wrong pixels"


def test_labels_that_fit_may_be_written_otherwise() -> None:
    labels = imagenet_labels()
    bare = Labels(("",) * len(labels), tuple(name.replace("_", " ").upper() for name in labels.names))
    assert label_fault(labels, photographs()) is None
    assert label_fault(bare, photographs()) is None


def test_labels_one_line_too_early_are_seen() -> None:
    labels = imagenet_labels()
    early = Labels(("",) * len(labels), (*labels.names[1:], labels.names[0]))
    fault = label_fault(early, photographs())
    assert fault is not None
    assert "names don't fit the network: its class 967 is espresso, these labels say cup" in fault


def test_labels_with_ids_of_other_classes_are_seen() -> None:
    labels = imagenet_labels()
    fault = label_fault(dataclasses.replace(labels, ids=(*labels.ids[1:], labels.ids[0])), photographs())
    assert fault is not None
    assert "don't fit" in fault
