"""``stream``: what may be given to it, and whose frames it yields."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from doubles import GreyEngine, ListSource, grey_classifier, grey_frame
from live_classify import stream
from live_classify.classifier import Classifier
from live_classify.core.errors import SourceReadError, UsageError
from live_classify.core.values import BgrImage
from media import index_of, write_clip


@pytest.fixture
def classifier() -> Classifier:
    return grey_classifier(GreyEngine(4))


def level(grey: int) -> BgrImage:
    return np.full((6, 8, 3), grey, np.uint8)


def test_recordings_are_read_one_after_the_other_each_under_its_own_name(
    classifier: Classifier, tmp_path: Path
) -> None:
    clip, other = write_clip(tmp_path / "a.mp4", 5), write_clip(tmp_path / "b.mp4", 3)
    sources: list[str | Path] = [clip, str(other), clip]
    seen = [(frame.source, frame.index) for frame, _ in stream(sources, classifier)]
    assert seen == [
        *((str(clip), index) for index in range(5)),
        *((str(other), index) for index in range(3)),
        *((f"{clip} (2)", index) for index in range(5)),
    ]


def test_live_sources_are_read_side_by_side(classifier: Classifier) -> None:
    frames = stream(["synthetic:?fps=50", "synthetic:?fps=60"], classifier, live=True)
    sources = set()
    for frame, _ in itertools.islice(frames, 500):
        assert frame.at is not None
        sources.add(frame.source)
        if len(sources) == 2:
            break
    frames.close()
    assert sources == {"synthetic:?fps=50", "synthetic:?fps=60"}


def some() -> Iterator[BgrImage]:
    yield from (level(grey) for grey in (3, 1, 2))


@pytest.mark.parametrize(
    "pictures",
    [[level(3), level(1), level(2)], (level(3), level(1), level(2)), np.stack([level(3), level(1), level(2)]), some()],
    ids=["list", "tuple", "array", "generator"],
)
def test_pictures_in_memory_are_a_source(pictures: object, classifier: Classifier) -> None:
    seen = [
        (frame.index, prediction.top.index)
        for frame, prediction in stream(pictures, classifier)  # type: ignore[arg-type]  # an object of several kinds
    ]
    assert seen == [(0, 3), (1, 1), (2, 2)]


def test_a_source_of_ones_own_needs_two_methods_and_a_name(classifier: Classifier) -> None:
    source = ListSource([grey_frame(7, 0), grey_frame(8, 1)], "mine")
    seen = [(frame.source, prediction.top.index) for frame, prediction in stream(source, classifier)]
    assert seen == [("mine", 7), ("mine", 8)]
    assert source.released


def test_every_frame_of_a_recording_is_yielded_with_its_own_answer(classifier: Classifier, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 30)
    seen = list(stream(clip, classifier))
    assert [frame.index for frame, _ in seen] == [index_of(frame.bgr) for frame, _ in seen] == list(range(30))
    for frame, prediction in seen:
        assert prediction.top == classifier.classify(frame.bgr).top


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (3.5, "a float is no source"),
        (None, "a NoneType is no source"),
        ([], "there is no source in the list"),
        ([1.5, "a.mp4"], "a float is no source"),
    ],
)
def test_what_is_no_source_is_refused(source: object, message: str, classifier: Classifier) -> None:
    with pytest.raises(UsageError, match=message):
        next(stream(source, classifier))  # type: ignore[arg-type]


def test_what_is_no_classifier_is_refused() -> None:
    with pytest.raises(UsageError, match="a str is no classifier"):
        next(stream([level(1)], "efficientnet"))  # type: ignore[arg-type]


def test_a_picture_that_is_none_ends_the_stream_with_its_number(classifier: Classifier) -> None:
    with pytest.raises(SourceReadError, match=r"picture 1 is \(6, 8\) uint8, not \(H, W, 3\) uint8 BGR"):
        list(stream(iter([level(1), np.zeros((6, 8), np.uint8)]), classifier))
