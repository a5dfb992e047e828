"""Models of the user's own, made on the fly: what they answer, beside plain Keras, and what is found out of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keras_models import (
    SIZE,
    Pixels,
    Rows,
    converted,
    keras,
    layers,
    network,
    plain,
    preprocessed,
    saved,
    sharpened,
    some_pixels,
    tf,
    two_columns,
    with_config,
)
from live_classify.core.errors import ModelFileError, UnknownModelError
from live_classify.engines.litert import LiteRTEngine
from live_classify.heads.softmax import SoftmaxHead, softmax
from live_classify.models.own import open_model
from live_classify.models.records.network import Network
from live_classify.models.records.preprocessing import MODES, NONE, Preprocessing
from teachable_machine import TEACHABLE_MACHINE


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def pixels() -> Pixels:
    return some_pixels()


def answers(record: Network, pixels: Pixels) -> Rows:
    """Probabilities of the network that a record describes."""
    scores = np.asarray(record.build()(preprocessed(pixels, record.preprocessing), training=False))
    assert scores.shape == (len(pixels), record.classes)
    return softmax(scores) if record.output == "logits" else scores


def beside(path: Path, **values: Any) -> None:
    """Write a sidecar."""
    path.with_name(f"{path.name}.json").write_text(json.dumps(values))


ENDS: dict[str, Callable[[], list[Any]]] = {
    "softmax": lambda: [layers.Dense(3, activation="softmax")],
    "softmax layer": lambda: [layers.Dense(3), layers.Softmax()],
    "activation layer": lambda: [layers.Dense(3), layers.Activation("softmax")],
    "nested": lambda: [keras.Sequential([keras.Input((6,)), layers.Dense(3, activation="softmax")])],
    "one sigmoid": lambda: [layers.Dense(1, activation="sigmoid")],
    "logits": lambda: [layers.Dense(3)],
    "one logit": lambda: [layers.Dense(1)],
}


def expected(end: str, model: Any, pixels: Pixels, preprocessing: Preprocessing = NONE) -> Rows:
    """Plain Keras's answers as probabilities, at least two."""
    rows = plain(model, pixels, preprocessing)
    return softmax(two_columns(rows, 0 * rows)) if "logit" in end else two_columns(rows, 1 - rows)


@pytest.mark.parametrize(
    ("name", "end"),
    [*(("x.keras", end) for end in ENDS), ("x.h5", "nested"), ("x", "softmax"), ("x", "one sigmoid"), ("x", "logits")],
)
def test_answers_are_those_of_plain_keras(tmp_path: Path, pixels: Pixels, name: str, end: str) -> None:
    model = network(*ENDS[end]())
    record = open_model(saved(model, tmp_path / name))
    assert (record.name, record.input_size, record.parameters) == (str(tmp_path / name), SIZE, model.count_params())
    assert record.classes == (2 if "one" in end else 3)
    # Taken off where there are layers to take it off from: 8 bits are too coarse for probabilities.
    assert record.output == ("probabilities" if name == "x" and "logit" not in end else "logits")
    np.testing.assert_allclose(answers(record, pixels), expected(end, model, pixels), atol=1e-4)


@pytest.mark.parametrize("name", ["x.keras", "x", "x.tflite"])
def test_a_single_score_that_lies_in_0_to_1_is_still_a_logit(tmp_path: Path, name: str) -> None:
    model = network(layers.Dense(1))
    model.layers[-1].set_weights([weight / 300 for weight in model.layers[-1].get_weights()])
    model.layers[-1].bias.assign([0.5])
    record = open_model((converted if name == "x.tflite" else saved)(model, tmp_path / name))
    assert (record.output, record.classes) == ("logits", 2)


@pytest.mark.parametrize("mode", MODES)
def test_preprocessing_comes_from_the_sidecar(tmp_path: Path, pixels: Pixels, mode: str) -> None:
    model = network(layers.Dense(3, activation="softmax"), spread=MODES[mode].scale[0])
    path = saved(model, tmp_path / "x.keras")
    beside(path, preprocessing=mode, fit="pad")
    record = open_model(path)
    assert record.resize == "pad"
    np.testing.assert_allclose(answers(record, pixels), plain(model, pixels, MODES[mode]), atol=1e-4)
    assert open_model(path, preprocessing=MODES["unit"]).preprocessing == MODES["unit"]


def test_a_wrong_preprocessing_would_be_seen(pixels: Pixels) -> None:
    """What the comparisons here are worth: colours swapped, or an offset left out, change the answers."""
    model = network(layers.Dense(3, activation="softmax"))
    right = model(preprocessed(pixels, MODES["caffe"]))
    for wrong in (NONE, Preprocessing(offset=MODES["caffe"].offset), Preprocessing(colour="bgr")):
        assert np.abs(model(preprocessed(pixels, wrong)) - right).max() > 0.05


@pytest.mark.parametrize("name", ["x.keras", "x"])
def test_an_open_size_comes_from_the_sidecar(tmp_path: Path, pixels: Pixels, name: str) -> None:
    model = network(layers.Dense(3, activation="softmax"), size=(None, None))
    path = saved(model, tmp_path / name)
    with pytest.raises(ModelFileError, match="takes pictures of any size: put the one it was trained on into its side"):
        open_model(path)
    beside(path, size=list(SIZE))
    record = open_model(path)
    assert record.input_size == SIZE
    assert record.build().input_shape == (None, *SIZE, 3)
    np.testing.assert_allclose(answers(record, pixels), plain(model, pixels), atol=1e-4)


def test_a_size_that_contradicts_the_model_is_refused(tmp_path: Path) -> None:
    path = saved(network(layers.Dense(3)), tmp_path / "x.keras")
    beside(path, size=224)
    with pytest.raises(ModelFileError, match=r"takes pictures of 8 x 10, but .*x.keras.json says another size"):
        open_model(path)


@pytest.mark.parametrize("name", ["x.keras", "x"])
def test_a_model_may_take_bytes(tmp_path: Path, pixels: Pixels, name: str) -> None:
    model = network(layers.Dense(3, activation="softmax"), dtype="uint8")
    record = open_model(saved(model, tmp_path / name))
    np.testing.assert_allclose(answers(record, pixels), model.predict(pixels, verbose=0), atol=1e-4)


def test_labels_come_from_the_sidecar_or_a_file_or_are_numbers(tmp_path: Path) -> None:
    path = saved(network(layers.Dense(3)), tmp_path / "x.keras")
    assert open_model(path).read_labels().names == ("class 0", "class 1", "class 2")
    (tmp_path / "labels.txt").write_text("0 rose\n1 daisy\n2 tulip\n")
    assert open_model(path).read_labels().names == ("rose", "daisy", "tulip")
    beside(path, labels=["a", "b", "c"])
    assert open_model(path).read_labels().names == ("a", "b", "c")
    beside(path, labels=["a", "b"])
    with pytest.raises(ModelFileError, match=r"x.keras.json doesn't fit the network: it names 2 classes"):
        open_model(path).read_labels()


def test_a_folder_may_be_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(network(layers.Dense(3)), tmp_path / "x")
    (path / "labels.txt").write_text("rose\ndaisy\ntulip\n")
    (path / "model.json").write_text('{"preprocessing": "tf"}')
    monkeypatch.chdir(path)
    record = open_model(Path())
    assert record.read_labels().names == ("rose", "daisy", "tulip")
    assert record.preprocessing == MODES["tf"]


# LiteRT


def engine_answers(record: Network, pixels: Pixels) -> Rows:
    ((precision, path),) = record.litert.items()
    engine = LiteRTEngine(path(), precision, 1, len(pixels), preprocessing=record.preprocessing)
    try:
        return SoftmaxHead(record.output).probabilities(engine.run(pixels))
    finally:
        engine.close()


@pytest.mark.parametrize("end", ["softmax", "one sigmoid", "one logit"])
def test_a_tflite_file_answers_like_its_model(tmp_path: Path, pixels: Pixels, end: str) -> None:
    model = network(*ENDS[end]())
    path = converted(model, tmp_path / "x.tflite")
    for mode in ("none", "caffe"):
        beside(path, preprocessing=mode)
        record = open_model(path)
        assert (record.construct, [*record.litert]) == (None, ["float32"])
        assert (record.input_size, record.classes) == (SIZE, 2 if "one" in end else 3)
        rows = expected(end, model, pixels, MODES[mode])
        np.testing.assert_allclose(engine_answers(record, pixels), rows, atol=1e-4)


@pytest.mark.parametrize(("io", "trained_on"), [("int8", "none"), ("uint8", "tf")])
def test_a_tflite_file_of_8_bits_answers_nearly_like_its_model(
    tmp_path: Path, pixels: Pixels, io: str, trained_on: str
) -> None:
    mode = MODES[trained_on]
    model = network(layers.Dense(3, activation="softmax"), spread=mode.scale[0])
    path = converted(model, tmp_path / "x.tflite", preprocessed(pixels, mode), getattr(tf, io))
    right = plain(model, pixels, mode)
    # Without a sidecar pixels go in as they are, which is what such files are mostly made for.
    record = open_model(path)
    assert ([*record.litert], record.output) == (["int8"], "probabilities")
    rows = engine_answers(record, pixels)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(rows, right, atol=0.06)
    beside(path, preprocessing=trained_on)
    np.testing.assert_allclose(engine_answers(open_model(path), pixels), right, atol=0.06)


def test_probabilities_of_8_bits_that_are_all_nothing_are_made_even(tmp_path: Path, pixels: Pixels) -> None:
    model = network(layers.Dense(600, activation="softmax"))
    model.layers[-1].set_weights([weight * 0 for weight in model.layers[-1].get_weights()])  # each 1/600 < 1/256
    record = open_model(converted(model, tmp_path / "x.tflite", preprocessed(pixels), tf.uint8))
    np.testing.assert_allclose(engine_answers(record, pixels), np.full((len(pixels), 600), 1 / 600), rtol=1e-5)


def test_what_has_no_list_of_scores_or_no_pictures_is_refused(tmp_path: Path) -> None:
    picture = keras.Input((*SIZE, 3))
    maps = layers.Conv2D(3, 3)(picture)
    row = layers.Flatten()(maps)
    grey, turned, vector = keras.Input((*SIZE, 1)), keras.Input((3, *SIZE)), keras.Input((7,))
    four = keras.Input((*SIZE, 4))
    models = {
        "it is no classifier, which gives batch, classes": keras.Model(picture, maps),
        "has 2 outputs; only models with one output": keras.Model(picture, [row, row]),
        "has 2 inputs; only models with one input": keras.Model([picture, vector], layers.Flatten()(picture)),
        "grey pictures; only models for colour can be used": keras.Model(grey, layers.Flatten()(grey)),
        "channels first; export it with its channels last": keras.Model(turned, layers.Flatten()(turned)),
        "no pictures, which are batch, height, width, 3": keras.Model(vector, layers.Dense(3)(vector)),
        "no RGB pictures, which have 3 channels": keras.Model(four, layers.Flatten()(four)),
    }
    for number, (says, model) in enumerate(models.items()):
        path = tmp_path / f"{number}.keras"
        model.save(path)
        with pytest.raises(ModelFileError, match=says):
            open_model(path)


def test_a_tflite_file_that_is_no_classifier_is_refused(tmp_path: Path) -> None:
    picture = keras.Input((*SIZE, 3))
    path = converted(keras.Model(picture, layers.Conv2D(3, 3)(picture)), tmp_path / "x.tflite")
    with pytest.raises(ModelFileError, match=r"gives 1 x 6 x 8 x 3: it is no classifier"):
        open_model(path)


# What is remembered


def test_a_later_run_needs_no_tensorflow(tmp_path: Path) -> None:
    path = saved(network(layers.Dense(3, activation="softmax")), tmp_path / "x.keras")
    first = open_model(path)
    program = (
        "import sys; from pathlib import Path; from live_classify.models.own import open_model;"
        "record = open_model(Path(sys.argv[1]));"
        "print(record.input_size, record.classes, record.output, record.parameters);"
        "sys.exit(bool({'keras', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] == f"{first.input_size} 3 logits {first.parameters}"


# Files of Keras 2


def test_an_export_of_teachable_machine_loads(tmp_path: Path, pixels: Pixels) -> None:
    """Of Keras 2: a Sequential of Sequentials, the first around a functional network with depthwise convolutions."""
    picture = keras.Input((*SIZE, 3))
    x = layers.Rescaling(1 / 127.5, -1)(picture)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    inner = keras.Model(picture, layers.ReLU(6.0)(x))
    features = keras.Sequential([keras.Input((*SIZE, 3)), inner, layers.GlobalAveragePooling2D()])
    dense = [layers.Dense(5, activation="relu"), layers.Dense(3, activation="softmax")]
    head = keras.Sequential([keras.Input((6,)), *dense])
    model = sharpened(keras.Sequential([keras.Input((*SIZE, 3)), features, head]))
    inner.layers[3].set_weights([np.ones(6), np.zeros(6), np.zeros(6), np.full(6, 0.1)])
    path = with_config(saved(model, tmp_path / "keras_model.h5"), lambda _: TEACHABLE_MACHINE)
    with pytest.raises(Exception, match=r"groups|TFOpLambda|Unknown layer"):
        keras.models.load_model(path, compile=False)

    (tmp_path / "labels.txt").write_text("0 Class 1\n1 Class 2\n2 Class 3\n")
    record = open_model(path)
    assert record.output == "logits"
    assert record.read_labels().names == ("Class 1", "Class 2", "Class 3")
    np.testing.assert_allclose(answers(record, pixels), plain(model, pixels), atol=1e-4)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError, match=r"there is no model .*x.keras"):
        open_model(tmp_path / "x.keras")
