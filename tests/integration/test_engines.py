"""One contract for every engine, and their agreement, on real pixels."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from keras_models import SIZE, layers, saved, some_pixels
from keras_models import network as small_network
from live_classify import Classifier, Prediction, UsageError, load_classifier
from live_classify.assets import DEMO_SCENES, asset
from live_classify.core.protocols import Engine
from live_classify.core.values import BgrImage
from live_classify.engines import keras_backends
from live_classify.engines.keras import KerasEngine
from live_classify.engines.openvino import open_requests
from live_classify.engines.registry import engines
from live_classify.engines.select import usable
from live_classify.heads.softmax import SoftmaxHead, softmax
from live_classify.imaging.resize import resize_into
from live_classify.models.catalogue.lite_weights import LITE0
from live_classify.models.formats.keras_import import import_keras
from live_classify.models.load import load_network
from live_classify.sources.recording import Recording

KINDS = [f"{spec.name} {precision}" for spec in engines() for precision in usable(LITE0, spec)]

TOLERANCE = {
    "float32": 1e-4,
    "float16": 0.05,  # bfloat16 here: numbers of 8 bits and an exponent
    "int8": 0.1,  # the same label with nearly the same probability
}
"""Of probabilities, beside those of plain float32."""


@pytest.fixture(scope="module")
def pictures() -> list[tuple[BgrImage, tuple[str, ...]]]:
    """A picture of each scene of the demo, and what it may be called."""
    frames = list(Recording(asset("demo.mp4")).frames(threading.Event()))
    middle = {round(30 * (scene.start_s + scene.end_s) / 2): scene.names for scene in DEMO_SCENES}
    return [(frame.bgr, middle[frame.index]) for frame in frames if frame.index in middle]


def probabilities(engine: Engine, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return SoftmaxHead("logits").probabilities(engine.run(rgb))


def load(kind: str, batch: int | None = None) -> Classifier:
    engine, precision = kind.split()
    return load_classifier(engine=engine, precision=precision, batch=batch)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that is quickly made ready, of 5 classes."""
    return saved(small_network(layers.Dense(5)), tmp_path_factory.mktemp("small") / "small.keras")


@pytest.fixture(scope="module", params=KINDS)
def classifier(request: pytest.FixtureRequest) -> Iterator[Classifier]:
    with load(request.param, batch=4) as made:
        yield made


@pytest.fixture(scope="module")
def right(pictures: list[tuple[BgrImage, tuple[str, ...]]]) -> npt.NDArray[np.float32]:
    """What the pictures' probabilities are: plain Keras, with the preprocessing apart."""
    model = LITE0.build()
    rgb = np.empty((len(pictures), *LITE0.input_size, 3), np.uint8)
    for (picture, _), row in zip(pictures, rgb, strict=True):
        resize_into(picture, row)
    return softmax(np.asarray(model.predict(rgb.astype(np.float32), verbose=0)))


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


def test_engines_agree(
    classifier: Classifier, right: npt.NDArray[np.float32], pictures: list[tuple[BgrImage, tuple[str, ...]]]
) -> None:
    predictions = classifier.classify([picture for picture, _ in pictures])
    rows = np.stack([prediction.probabilities for prediction in predictions])
    (engine,) = classifier.engines("latency")
    np.testing.assert_allclose(rows, right, atol=TOLERANCE[engine.precision])
    np.testing.assert_array_equal(rows.argmax(1), right.argmax(1))


def test_threads_may_call_an_engine_at_once(
    classifier: Classifier, pictures: list[tuple[BgrImage, tuple[str, ...]]]
) -> None:
    images = [picture for picture, _ in pictures]
    alone = [classifier.classify(image).probabilities for image in images]
    begin = threading.Barrier(8)

    def work(number: int) -> list[Prediction]:
        begin.wait()
        return [classifier.classify(images[(number + turn) % len(images)]) for turn in range(len(images))]

    with ThreadPoolExecutor(8) as pool:
        for number, predictions in enumerate(pool.map(work, range(8))):
            for turn, prediction in enumerate(predictions):
                expected = alone[(number + turn) % len(images)]
                np.testing.assert_allclose(prediction.probabilities, expected, atol=1e-6)


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


@pytest.mark.parametrize("most_frozen", [0, 10**9])
def test_keras_traces_each_engine_once(most_frozen: int, monkeypatch: pytest.MonkeyPatch, small: Path) -> None:
    """Batches of every size run through one graph: nothing is retraced in a run."""
    traces = 0
    keras = import_keras()

    class Counting(keras.layers.Layer):  # type: ignore[misc,name-defined]
        def call(self, inputs: object) -> object:
            nonlocal traces
            traces += 1
            return inputs

    network = load_network(str(small))
    monkeypatch.setattr(keras_backends, "_MOST_FROZEN", most_frozen)

    def construct(weights: Path) -> Any:
        picture = keras.Input((*SIZE, 3))
        return keras.Model(picture, Counting()(network.construct(weights)(picture)))  # type: ignore[misc]

    engine = KerasEngine(replace(network, construct=construct), batch=4)
    after_loading = traces
    for count in (1, 2, 3, 4, 1):
        assert engine.run(np.zeros((count, *SIZE, 3), np.uint8)).scores.shape == (count, 5)
    assert traces == after_loading


@pytest.mark.parametrize("most_frozen", [0, 10**9])
def test_a_keras_engine_that_is_closed_lets_its_weights_go(
    most_frozen: int, monkeypatch: pytest.MonkeyPatch, small: Path
) -> None:
    network = load_network(str(small))
    monkeypatch.setattr(keras_backends, "_MOST_FROZEN", most_frozen)
    made: list[weakref.ref[object]] = []

    def construct(weights: Path) -> Any:
        model = network.construct(weights)  # type: ignore[misc]
        made.extend(weakref.ref(variable.value) for variable in model.variables)
        return model

    engine = KerasEngine(replace(network, construct=construct))
    pixels = some_pixels()[:1]
    before = engine.run(pixels).scores
    gc.collect()
    np.testing.assert_array_equal(engine.run(pixels).scores, before)  # it holds what it needs
    engine.close()
    gc.collect()
    assert made
    assert [reference() for reference in made] == [None] * len(made)


def test_float16_reaches_models_within_models(small: Path, tmp_path: Path) -> None:
    """But for the last layer with weights, wherever it is."""
    keras = import_keras()
    inner = keras.models.load_model(small)
    picture = keras.Input((*SIZE, 3))
    outer = keras.Model(picture, keras.layers.Activation("linear")(keras.Sequential([inner])(picture)))
    network = load_network(str(saved(outer, tmp_path / "outer.keras")))
    kept: list[Any] = []

    def construct(weights: Path) -> Any:
        kept.append(network.construct(weights))  # type: ignore[misc]
        return kept[0]

    pixels = some_pixels()
    right = probabilities(KerasEngine(network, batch=len(pixels)), pixels)
    half = KerasEngine(replace(network, construct=construct), batch=len(pixels), precision="float16")
    rows = probabilities(half, pixels)
    np.testing.assert_allclose(rows, right, atol=TOLERANCE["float16"])
    assert np.abs(rows - right).max() > 1e-5
    dtypes = {layer.__class__.__name__: layer.compute_dtype for layer in kept[0]._flatten_layers() if layer.weights}
    assert dtypes["Conv2D"] == dtypes["BatchNormalization"] == "bfloat16"
    assert dtypes["Dense"] == "float32"


def test_openvino_answers_several_requests_at_a_time(pictures: list[tuple[BgrImage, tuple[str, ...]]]) -> None:
    engines = open_requests(LITE0.litert["float32"](), "float32", 2, 1, None)
    assert len(engines) >= 2
    rgb = np.empty((len(pictures), *LITE0.input_size, 3), np.uint8)
    for (picture, _), row in zip(pictures, rgb, strict=True):
        resize_into(picture, row)
    alone = np.concatenate([probabilities(engines[0], row[np.newaxis]) for row in rgb])
    begin = threading.Barrier(len(engines))

    def work(number: int) -> list[npt.NDArray[np.float32]]:
        begin.wait()
        return [probabilities(engines[number], np.roll(rgb, number, axis=0)[[turn]]) for turn in range(len(rgb))]

    with ThreadPoolExecutor(len(engines)) as pool:
        for number, rows in enumerate(pool.map(work, range(len(engines)))):
            np.testing.assert_array_equal(np.concatenate(rows), np.roll(alone, number, axis=0))
    for engine in engines:
        engine.close()


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no device gpu:7"), load_classifier(device="gpu:7") as classifier:
        classifier.engines("latency")


@pytest.mark.parametrize("wrong", [np.zeros((4, 4, 2), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_an_array_that_is_no_picture_is_refused(wrong: npt.NDArray[np.uint8]) -> None:
    with load("litert int8") as classifier, pytest.raises(ValueError, match="expected"):
        classifier.classify(wrong)
