"""One contract for every engine, and their agreement, on real pixels."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from live_classify import Classifier, UsageError, load_classifier
from live_classify.assets import DEMO_SCENES, asset
from live_classify.engines.base import softmax
from live_classify.frames import BgrImage
from live_classify.sources.recording import Recording

KINDS = ["litert float32", "litert int8", "keras float32"]


@pytest.fixture(scope="module")
def pictures() -> list[tuple[BgrImage, tuple[str, ...]]]:
    """A picture of each scene of the demo, and what it may be called."""
    frames = list(Recording(asset("demo.mp4")).frames(threading.Event()))
    middle = {round(30 * (scene.start_s + scene.end_s) / 2): scene.names for scene in DEMO_SCENES}
    return [(frame.bgr, middle[frame.index]) for frame in frames if frame.index in middle]


def load(kind: str, batch: int | None = None) -> Classifier:
    engine, precision = kind.split()
    return load_classifier(engine=engine, precision=precision, batch=batch)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=KINDS)
def classifier(request: pytest.FixtureRequest) -> Iterator[Classifier]:
    with load(request.param, batch=4) as made:
        yield made


def test_answers_are_right(classifier: Classifier, pictures: list[tuple[BgrImage, tuple[str, ...]]]) -> None:
    predictions = classifier.classify([picture for picture, _ in pictures])
    for prediction, (_, names) in zip(predictions, pictures, strict=True):
        assert prediction.top.name in names
        assert prediction.stable == prediction.top
        assert prediction.probabilities.sum() == pytest.approx(1, abs=1e-5)
        ranked = [label.probability for label in prediction.labels]
        assert ranked == sorted(ranked, reverse=True)


@pytest.mark.parametrize("count", [1, 3, 4])
def test_a_batch_of_any_size_gives_what_single_pictures_give(
    classifier: Classifier, count: int, pictures: list[tuple[BgrImage, tuple[str, ...]]]
) -> None:
    images = [picture for picture, _ in pictures][:count]
    together = classifier.classify(images)
    alone = [classifier.classify(image) for image in images]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-6)


def test_what_it_says_of_itself(classifier: Classifier, request: pytest.FixtureRequest) -> None:
    (engine,) = classifier.engines("latency")
    assert f"{engine.name} {engine.precision}" in request.node.name
    assert engine.input_size == (224, 224)
    assert engine.batch == 4


def test_engines_agree(pictures: list[tuple[BgrImage, tuple[str, ...]]]) -> None:
    images = [picture for picture, _ in pictures]
    rows = {}
    for kind in KINDS:
        with load(kind) as classifier:
            rows[kind] = np.stack([prediction.probabilities for prediction in classifier.classify(images)])
    np.testing.assert_allclose(rows["litert float32"], rows["keras float32"], atol=1e-4)
    # 8 bits a weight: the same label with nearly the same probability.
    np.testing.assert_allclose(rows["litert int8"], rows["keras float32"], atol=0.1)
    assert (rows["litert int8"].argmax(1) == rows["keras float32"].argmax(1)).all()


def test_colours_are_not_swapped(pictures: list[tuple[BgrImage, tuple[str, ...]]]) -> None:
    """Swapped colours still give plausible labels: the right order must be clearly better."""
    with load("litert float32") as classifier:
        right = [classifier.classify(picture).top.probability for picture, _ in pictures]
        swapped = [
            classifier.classify(np.ascontiguousarray(picture[:, :, ::-1])).probabilities[
                classifier.classify(picture).top.index
            ]
            for picture, _ in pictures
        ]
    assert sum(right) > sum(swapped) + 0.2


def test_keras_traces_each_engine_once() -> None:
    """Batches of every size run through one graph: nothing is retraced in a run."""
    traces = 0
    import keras

    class Counting(keras.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: object) -> object:
            nonlocal traces
            traces += 1
            return inputs

    from dataclasses import replace

    from live_classify.engines.keras import KerasEngine
    from live_classify.models.lite_weights import LITE0

    def construct(weights: Path) -> keras.Model:
        assert LITE0.construct is not None
        model = LITE0.construct(weights)
        return keras.Model(model.input, Counting()(model.output))

    engine = KerasEngine(replace(LITE0, construct=construct), batch=4)
    after_loading = traces
    for count in (1, 2, 3, 4, 1):
        assert engine.classify(np.zeros((count, 224, 224, 3), np.uint8)).shape == (count, 1000)
    assert traces == after_loading


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no device gpu:7"), load_classifier(device="gpu:7") as classifier:
        classifier.engines("latency")


@pytest.mark.parametrize("wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_an_array_that_is_no_picture_is_refused(wrong: npt.NDArray[np.uint8]) -> None:
    with load("litert int8") as classifier, pytest.raises(ValueError, match="expected"):
        classifier.classify(wrong)


def test_softmax_is_safe_from_overflow() -> None:
    rows = softmax(np.array([[1e4, 1e4], [0, np.log(3)]], np.float32))
    np.testing.assert_allclose(rows, [[0.5, 0.5], [0.25, 0.75]], rtol=1e-6)
