"""Models of the user's own, made on the fly: what they answer, beside plain Keras, and what is refused."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest

from live_classify.engines.base import softmax
from live_classify.engines.litert import LiteRTEngine
from live_classify.errors import ModelFileError, UnknownModelError
from live_classify.models import harmless
from live_classify.models.keras_import import import_keras
from live_classify.models.network import Network
from live_classify.models.own import open_model
from live_classify.models.preprocessing import MODES, NONE, Preprocessing

keras: Any = import_keras()
import tensorflow as tf  # noqa: E402 (quietly, which import_keras() sees to)

layers = keras.layers
SIZE = (8, 10)
Pixels = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.float32]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def pixels() -> Pixels:
    random = np.random.default_rng(1)
    flat = random.integers(0, 256, (6, 1, 1, 3))  # pictures that differ in colour, not only in noise
    return np.clip(flat + random.integers(-40, 40, (6, *SIZE, 3)), 0, 255).astype(np.uint8)


def sharpened(model: Any, spread: float = 1.0) -> Any:
    """Give a model random weights, such that a swapped channel or a wrong scale changes its answers.

    Args:
        spread: how far the values it takes lie apart, pixels being 1.
    """
    random = np.random.default_rng(0)
    for layer in model.layers:
        if hasattr(layer, "layers"):
            sharpened(layer, spread)
        elif isinstance(layer, layers.BatchNormalization):
            channels = layer.gamma.shape
            layer.set_weights([np.ones(channels), np.zeros(channels), np.full(channels, 20), np.full(channels, 1e4)])
        elif layer.weights:
            layer.set_weights([random.normal(0, 0.4, weight.shape) for weight in layer.get_weights()])
            if isinstance(layer, layers.Conv2D):
                layer.kernel.assign(layer.kernel / spread)
    return model


def network(*end: Any, size: tuple[int | None, int | None] = SIZE, dtype: str = "float32", spread: float = 1.0) -> Any:
    """A small classifier; ``end`` is its last layer or layers."""
    body = [
        keras.Input((*size, 3), dtype=dtype),
        *([layers.Rescaling(1.0)] if dtype != "float32" else []),
        layers.Conv2D(6, 3, 2, activation="relu"),
        layers.BatchNormalization(),
        layers.GlobalAveragePooling2D(),
    ]
    return sharpened(keras.Sequential([*body, *end]), spread)


def saved(model: Any, path: Path) -> Path:
    if path.suffix:
        model.save(path)
    else:
        model.export(path, verbose=False)
    return path


def plain(model: Any, pixels: Pixels, preprocessing: Preprocessing = NONE) -> Rows:
    """What plain Keras answers, a single column made two."""
    rows = model.predict(preprocessing.apply(pixels.astype(np.float32)), verbose=0)
    assert rows.std(axis=0).max() > 0.02, "the network answers the same to everything"
    return np.concatenate([1 - rows, rows], axis=1) if rows.shape[1] == 1 else np.asarray(rows)


def answers(record: Network, pixels: Pixels) -> Rows:
    """Probabilities of the network that a record describes."""
    scores = record.build().predict(record.preprocessing.apply(pixels.astype(np.float32)), verbose=0)
    assert scores.shape == (len(pixels), record.classes)
    return softmax(scores) if record.output == "logits" else np.asarray(scores)


def beside(path: Path, **values: Any) -> None:
    """Write a sidecar."""
    path.with_name(f"{path.name}.json").write_text(json.dumps(values))


ENDS: dict[str, Callable[[], list[Any]]] = {
    "softmax": lambda: [layers.Dense(3, activation="softmax")],
    "softmax layer": lambda: [layers.Dense(3), layers.Softmax()],
    "activation layer": lambda: [layers.Dense(3), layers.Activation("softmax")],
    "nested": lambda: [keras.Sequential([keras.Input((6,)), layers.Dense(3, activation="softmax")])],
    "one sigmoid": lambda: [layers.Dense(1, activation="sigmoid")],
}


@pytest.mark.parametrize("name", ["x.keras", "x.h5", "x"])
@pytest.mark.parametrize("end", ENDS)
def test_answers_are_those_of_plain_keras(tmp_path: Path, pixels: Pixels, name: str, end: str) -> None:
    model = network(*ENDS[end]())
    record = open_model(saved(model, tmp_path / name))
    assert (record.name, record.input_size, record.parameters) == (str(tmp_path / name), SIZE, model.count_params())
    assert record.classes == (2 if end == "one sigmoid" else 3)
    # Taken off where there are layers to take it off from: 8 bits are too coarse for probabilities.
    assert record.output == ("probabilities" if name == "x" else "logits")
    np.testing.assert_allclose(answers(record, pixels), plain(model, pixels), atol=1e-4)


@pytest.mark.parametrize("name", ["x.keras", "x"])
@pytest.mark.parametrize("classes", [1, 3])
def test_scores_that_are_no_probabilities_are_recognised(
    tmp_path: Path, pixels: Pixels, name: str, classes: int
) -> None:
    model = network(layers.Dense(classes))
    model.layers[-1].set_weights([weight / 300 for weight in model.layers[-1].get_weights()])  # a single one in 0..1
    record = open_model(saved(model, tmp_path / name))
    assert record.output == "logits"
    logits = model.predict(pixels.astype(np.float32), verbose=0)
    expected = softmax(logits if classes > 1 else np.concatenate([0 * logits, logits], axis=1))
    np.testing.assert_allclose(answers(record, pixels), expected, atol=1e-4)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["x.keras", "x"])
def test_preprocessing_comes_from_the_sidecar(tmp_path: Path, pixels: Pixels, name: str, mode: str) -> None:
    model = network(layers.Dense(3, activation="softmax"), spread=MODES[mode].scale[0])
    path = saved(model, tmp_path / name)
    beside(path, preprocessing=mode, fit="pad")
    record = open_model(path)
    assert record.fit == "pad"
    np.testing.assert_allclose(answers(record, pixels), plain(model, pixels, MODES[mode]), atol=1e-4)
    assert open_model(path, preprocessing=MODES["unit"]).preprocessing == MODES["unit"]


def test_a_wrong_preprocessing_would_be_seen(pixels: Pixels) -> None:
    """What the comparisons above are worth: colours swapped or scaled change the answers."""
    model = network(layers.Dense(3, activation="softmax"))
    right = plain(model, pixels, MODES["caffe"])
    for wrong in (NONE, Preprocessing(offset=MODES["caffe"].offset), Preprocessing(colour="bgr")):
        assert np.abs(plain(model, pixels, wrong) - right).max() > 0.05


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
    expected = model.predict(pixels, verbose=0)
    np.testing.assert_allclose(answers(record, pixels), expected, atol=1e-4)


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


def converted(
    model: Any, path: Path, pixels: Pixels | None = None, io: Any = None, scale: float = 1.0, offset: float = 0.0
) -> Path:
    """A model as TensorFlow Lite; with 8 bits if there are pixels to calibrate it with."""
    folder = path.with_suffix("")
    batch = keras.Input((*model.input_shape[1:],), batch_size=1)
    keras.Model(batch, model(batch)).export(folder, verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    if pixels is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([row[None] * scale + offset] for row in pixels.astype(np.float32))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = io
    path.write_bytes(converter.convert())
    shutil.rmtree(folder)
    return path


def engine_answers(record: Network, pixels: Pixels) -> Rows:
    ((precision, path),) = record.litert.items()
    engine = LiteRTEngine(path(), precision, 1, len(pixels), preprocessing=record.preprocessing, output=record.output)
    try:
        return engine.classify(pixels)
    finally:
        engine.close()


@pytest.mark.parametrize("end", ["softmax", "one sigmoid", "logits", "one logit"])
def test_a_tflite_file_answers_like_its_model(tmp_path: Path, pixels: Pixels, end: str) -> None:
    ends = {**ENDS, "logits": lambda: [layers.Dense(3)], "one logit": lambda: [layers.Dense(1)]}
    model = network(*ends[end]())
    path = converted(model, tmp_path / "x.tflite")
    for mode in ("none", "caffe", "torch"):
        beside(path, preprocessing=mode)
        record = open_model(path)
        assert record.construct is None
        assert (record.input_size, record.classes) == (SIZE, 2 if "one" in end else 3)
        assert [*record.litert] == ["float32"]
        expected = model.predict(MODES[mode].apply(pixels.astype(np.float32)), verbose=0)
        if end == "one sigmoid":
            expected = np.concatenate([1 - expected, expected], axis=1)
        elif end != "softmax":
            expected = softmax(expected if end == "logits" else np.concatenate([0 * expected, expected], axis=1))
        np.testing.assert_allclose(engine_answers(record, pixels), expected, atol=1e-4)


@pytest.mark.parametrize("io", ["int8", "uint8"])
@pytest.mark.parametrize("trained_on", ["none", "tf"])
def test_a_tflite_file_of_8_bits_answers_nearly_like_its_model(
    tmp_path: Path, pixels: Pixels, io: str, trained_on: str
) -> None:
    mode = MODES[trained_on]
    model = network(layers.Dense(3, activation="softmax"), spread=mode.scale[0])
    path = converted(model, tmp_path / "x.tflite", pixels, getattr(tf, io), mode.scale[0], mode.offset[0])
    expected = plain(model, pixels, mode)
    # Without a sidecar pixels go in as they are, which is what such files are mostly made for.
    record = open_model(path)
    assert [*record.litert] == ["int8"]
    assert record.output == "probabilities"
    rows = engine_answers(record, pixels)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(rows, expected, atol=0.06)
    beside(path, preprocessing=trained_on)
    np.testing.assert_allclose(engine_answers(open_model(path), pixels), expected, atol=0.06)


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


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"format": 0, "input_size": [1, 1], "classes": 9, "output": "logits", "parameters": 1, "precision": "int8"}',
        b'{"format": 1, "input_size": [1], "classes": 9, "output": "logits", "parameters": 1, "precision": "int8"}',
        b'{"format": 1, "input_size": [1, 1], "classes": "9", "output": "logits", "parameters": 1, "precision": "int8"}',
        b'{"format": 1, "input_size": [1, 1], "classes": 9, "output": "odds", "parameters": 1, "precision": "int8"}',
        b'{"format": 1, "input_size": [1, 1], "classes": 9, "output": [], "parameters": 1, "precision": "int8"}',
    ],
)
def test_a_damaged_memory_is_made_anew(tmp_path: Path, cache: Path, entry: bytes) -> None:
    path = saved(network(layers.Dense(3)), tmp_path / "x.keras")
    open_model(path)
    (memory,) = cache.rglob("*.json")
    good = memory.read_bytes()
    memory.write_bytes(entry)
    assert open_model(path).classes == 3
    assert memory.read_bytes() == good


def test_without_a_cache_models_can_be_used(tmp_path: Path, cache: Path) -> None:
    cache.write_text("a file where a folder should be")
    assert open_model(saved(network(layers.Dense(3)), tmp_path / "x.keras")).classes == 3


def test_a_model_that_was_changed_is_looked_at_again(tmp_path: Path) -> None:
    path = tmp_path / "x.keras"
    for classes in (3, 4):
        assert open_model(saved(network(layers.Dense(classes)), path)).classes == classes


# Files of Keras 2


def with_config(path: Path, change: Callable[[Any], Any]) -> Path:
    """Rewrite the config within an HDF5 model."""
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = json.dumps(change(json.loads(file.attrs["model_config"])))
    return path


def of_keras_2(layer: dict[str, Any], **config: Any) -> dict[str, Any]:
    """A layer as Keras 2 wrote it: of a functional model if it has ``links``."""
    links = config.pop("links", None)
    made = {
        "class_name": layer["class_name"],
        "config": {"trainable": True, "dtype": "float32", **layer["config"], **config},
    }
    return made if links is None else {**made, "name": layer["config"]["name"], "inbound_nodes": links}


def test_an_export_of_teachable_machine_loads(tmp_path: Path, pixels: Pixels) -> None:
    """A Sequential of Sequentials, the first around a functional network with depthwise convolutions."""
    picture = keras.Input((*SIZE, 3))
    x = layers.Rescaling(1 / 127.5, -1)(picture)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    inner = keras.Model(picture, layers.ReLU(6.0)(x))
    features = keras.Sequential([keras.Input((*SIZE, 3)), inner, layers.GlobalAveragePooling2D()])
    head = keras.Sequential(
        [keras.Input((6,)), layers.Dense(5, activation="relu"), layers.Dense(3, activation="softmax")]
    )
    model = sharpened(keras.Sequential([keras.Input((*SIZE, 3)), features, head]))
    inner.layers[3].set_weights([np.ones(6), np.zeros(6), np.zeros(6), np.full(6, 0.1)])
    path = tmp_path / "keras_model.h5"
    model.save(path)

    def kind(name: str, of: str, **config: Any) -> dict[str, Any]:
        return {"class_name": of, "config": {"name": name, **config}}

    def entry(name: str, *shape: int) -> dict[str, Any]:
        return of_keras_2(kind(name, "InputLayer", batch_input_shape=[None, *shape], sparse=False, ragged=False))

    zeros = {"class_name": "Zeros", "config": {}}
    depthwise = {"kernel_size": [3, 3], "strides": [1, 1], "padding": "valid", "data_format": "channels_last"}
    depthwise |= {
        "dilation_rate": [1, 1],
        "groups": 1,
        "activation": "linear",
        "use_bias": False,
        "depth_multiplier": 2,
    }
    norm = {"axis": [3], "momentum": 0.99, "epsilon": 0.001, "center": True, "scale": True, "gamma_initializer": zeros}
    functional = {
        "name": "model1",
        "layers": [
            {**entry("input_1", *SIZE, 3), "name": "input_1", "inbound_nodes": []},
            of_keras_2(
                kind("tf.math.truediv", "TFOpLambda", function="math.truediv"),
                links=[["input_1", 0, 0, {"y": 127.5, "name": None}]],
            ),
            of_keras_2(
                kind("tf.math.subtract", "TFOpLambda", function="math.subtract"),
                links=[["tf.math.truediv", 0, 0, {"y": 1.0}]],
            ),
            of_keras_2(
                kind("conv/depthwise", "DepthwiseConv2D", **depthwise), links=[[["tf.math.subtract", 0, 0, {}]]]
            ),
            of_keras_2(kind("conv/norm", "BatchNormalization", **norm), links=[[["conv/depthwise", 0, 0, {}]]]),
            of_keras_2(
                kind("relu", "ReLU", max_value=6.0, negative_slope=0.0, threshold=0.0),
                links=[[["conv/norm", 0, 0, {}]]],
            ),
        ],
        "input_layers": [["input_1", 0, 0]],
        "output_layers": [["relu", 0, 0]],
    }
    pooling = of_keras_2(kind("pool", "GlobalAveragePooling2D", data_format="channels_last", keepdims=False))
    dense = [
        of_keras_2(kind("dense_1", "Dense", batch_input_shape=[None, 6], units=5, activation="relu", use_bias=True)),
        of_keras_2(kind("dense_2", "Dense", units=3, activation="softmax", use_bias=True, kernel_initializer=zeros)),
    ]
    first = {
        "name": "sequential_1",
        "layers": [entry("i1", *SIZE, 3), {"class_name": "Functional", "config": functional}, pooling],
    }
    second = {"name": "sequential_3", "layers": [entry("i2", 6), *dense]}
    whole = [
        entry("i3", *SIZE, 3),
        {"class_name": "Sequential", "config": first},
        {"class_name": "Sequential", "config": second},
    ]
    with_config(path, lambda _: {"class_name": "Sequential", "config": {"name": "sequential_4", "layers": whole}})
    with pytest.raises(Exception, match=r"groups|TFOpLambda|Unknown layer"):
        keras.models.load_model(path, compile=False)

    (tmp_path / "labels.txt").write_text("0 Class 1\n1 Class 2\n2 Class 3\n")
    record = open_model(path)
    assert record.output == "logits"
    assert record.read_labels().names == ("Class 1", "Class 2", "Class 3")
    np.testing.assert_allclose(answers(record, pixels), plain(model, pixels), atol=1e-4)


# Hostile files


def lambda_layer(marker: Path) -> Any:
    """A layer that creates a file when it is called."""
    return layers.Lambda(eval(f"lambda x: x if open({str(marker)!r}, 'w').close() else x"))  # noqa: S307


@pytest.mark.parametrize("name", ["x.keras", "x.h5"])
def test_a_lambda_layer_is_not_run(tmp_path: Path, name: str) -> None:
    marker, path = tmp_path / "it_ran", tmp_path / name
    model = keras.Sequential([keras.Input((*SIZE, 3)), lambda_layer(marker), layers.Flatten(), layers.Dense(3)])
    model.save(path)
    marker.unlink()
    with pytest.raises(ModelFileError, match=r"its layer lambda\w* is Python code \(Lambda\), which is never run"):
        open_model(path)
    assert not marker.exists()
    keras.models.load_model(path, safe_mode=False, compile=False)
    assert marker.exists()  # or this test would show nothing


@pytest.mark.parametrize("name", ["x.keras", "x.h5"])
def test_a_custom_layer_is_refused_even_if_it_is_registered(tmp_path: Path, name: str) -> None:
    ran = []

    @keras.saving.register_keras_serializable("Custom")
    class Mine(layers.Layer):  # type: ignore[misc,name-defined]
        def call(self, inputs: Any) -> Any:
            ran.append(True)
            return inputs

    model = keras.Sequential([keras.Input((*SIZE, 3)), Mine(), layers.Flatten(), layers.Dense(3)])
    model.save(tmp_path / name)
    ran.clear()
    with pytest.raises(
        ModelFileError, match=r"its layer mine\w* is of class .*Mine, which isn't one of Keras's layers"
    ):
        open_model(tmp_path / name)
    assert not ran


class Program(tf.Module):  # type: ignore[misc,name-defined]
    """A SavedModel of one signature."""

    def __init__(self, run: Callable[[Any], Any]) -> None:
        super().__init__()
        self.serve = tf.function(run, input_signature=[tf.TensorSpec((None, *SIZE, 3), tf.float32)])

    def save(self, path: Path) -> Path:
        tf.saved_model.save(self, str(path), signatures={"serving_default": self.serve})
        return path


def scores(pictures: Any) -> Any:
    return tf.reduce_mean(pictures, axis=(1, 2))


def with_file_written(marker: Path) -> Callable[[Any], Any]:
    def run(pictures: Any) -> Any:
        tf.io.write_file(str(marker), "it ran")
        return scores(pictures)

    return run


def with_checkpoint_written(marker: Path) -> Callable[[Any], Any]:
    def run(pictures: Any) -> Any:
        tensors = [tf.constant(1.0)]
        write = tf.raw_ops.SaveV2(prefix=str(marker), tensor_names=["a"], shape_and_slices=[""], tensors=tensors)
        with tf.control_dependencies([write]):
            return tf.identity(scores(pictures))

    return run


def with_file_read(_: Path) -> Callable[[Any], Any]:
    return lambda pictures: scores(pictures) + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)


def with_python(marker: Path) -> Callable[[Any], Any]:
    def run(pictures: Any) -> Any:
        return tf.ensure_shape(
            tf.py_function(lambda x: (marker.touch(), x)[1], [scores(pictures)], tf.float32), (None, 3)
        )

    return run


def with_a_branch(marker: Path) -> Callable[[Any], Any]:
    def run(pictures: Any) -> Any:
        written = tf.cond(
            tf.reduce_sum(pictures) > -1,
            lambda: (tf.io.write_file(str(marker), "it ran"), tf.constant(1.0))[1],
            lambda: tf.constant(0.0),
        )
        return scores(pictures) + written

    return run


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (with_file_written, "its graph has the operation WriteFile, which a classifier of pictures has no use for"),
        (with_a_branch, "its graph has the operation WriteFile"),
        (with_file_read, "its graph has the operation (ReadFile|StringLength)"),
        (with_python, "its graph has the operation EagerPyFunc"),
        (with_checkpoint_written, "a function of its graph reads or writes files"),
    ],
)
def test_a_graph_that_reads_or_writes_files_is_not_run(
    tmp_path: Path, make: Callable[[Path], Callable[[Any], Any]], says: str
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    path = Program(make(folder / "it_ran")).save(tmp_path / "x")
    with pytest.raises(ModelFileError, match=says) as refusal:
        open_model(path)
    assert len(str(refusal.value).splitlines()) == 1
    assert not list(folder.iterdir())
    if make not in (with_file_read, with_python):
        tf.saved_model.load(str(path)).serve(np.zeros((1, *SIZE, 3), np.float32))
        assert list(folder.iterdir())  # or this test would show nothing


def test_a_graph_that_initialises_a_table_from_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("a\n")
    module = Program(scores)
    initialiser = tf.lookup.TextFileInitializer(
        str(tmp_path / "words.txt"),
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    module.table = tf.lookup.StaticHashTable(initialiser, -1)
    with pytest.raises(ModelFileError, match="its graph has the operation|it has parts of the kind"):
        open_model(module.save(tmp_path / "x"))


def test_a_plain_graph_is_used(tmp_path: Path, pixels: Pixels) -> None:
    record = open_model(Program(scores).save(tmp_path / "x"))
    expected = softmax(pixels.astype(np.float32).mean(axis=(1, 2)))
    np.testing.assert_allclose(answers(record, pixels), expected, atol=1e-4)


def test_a_constant_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    path = Program(lambda pictures: scores(pictures) + tf.zeros((3,)) * 2).save(tmp_path / "x")
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    for function in model.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            if node.op == "Const":
                del node.attr["value"].tensor.tensor_shape.dim[:]
                node.attr["value"].tensor.tensor_shape.dim.add(size=2**40)
    (path / "saved_model.pb").write_bytes(model.SerializeToString())
    with pytest.raises(ModelFileError, match="it is made to fill the memory"):
        open_model(path)


@pytest.mark.parametrize("name", ["x.keras", "x.h5"])
@pytest.mark.parametrize(
    ("units", "says"),
    [
        (10**9, "its network has more weights than the file holds"),
        (4, "can't be used: .*|more weights"),
        (2, "can't be used: "),
    ],
)
def test_a_network_of_another_size_than_its_weights_is_refused(
    tmp_path: Path, name: str, units: int, says: str
) -> None:
    path = saved(network(layers.Dense(3)), tmp_path / name)

    def change(config: Any) -> Any:
        config["config"]["layers"][-1]["config"]["units"] = units
        return config

    if name == "x.h5":
        with_config(path, change)
    else:
        rewritten(path, change)
    with pytest.raises(ModelFileError, match=says) as refusal:
        open_model(path)
    assert len(str(refusal.value).splitlines()) == 1


def rewritten(path: Path, change: Callable[[Any], Any]) -> None:
    """Rewrite the config within a ``.keras`` file."""
    import zipfile

    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = json.dumps(change(json.loads(members["config.json"]))).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, contents in members.items():
            archive.writestr(name, contents)


def test_a_layer_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    picture = keras.Input((*SIZE, 3))
    swollen = layers.GlobalAveragePooling2D()(layers.UpSampling2D(5000)(picture))
    keras.Model(picture, layers.Dense(3)(swollen)).save(tmp_path / "x.keras")
    with pytest.raises(ModelFileError, match=r"its layer up_sampling2d\w* gives \(None, 40000, 50000, 3\) numbers"):
        open_model(tmp_path / "x.keras")


@pytest.mark.parametrize("kind", ["x.keras", "x.h5", "x.tflite", "x/saved_model.pb", "x/variables/variables.index"])
def test_damaged_files_give_one_line(tmp_path: Path, kind: str) -> None:
    """Whatever bytes are wrong, nothing but a refusal comes out; some damage does no harm."""
    model = network(layers.Dense(3, activation="softmax"))
    path = tmp_path / Path(kind).parts[0]
    _ = converted(model, path) if kind == "x.tflite" else saved(model, path)
    file, random = tmp_path / kind, np.random.default_rng(0)
    whole = file.read_bytes()
    spoilt = [b"", whole[: len(whole) // 2], random.bytes(len(whole)), whole[:100] + random.bytes(500) + whole[600:]]
    refusals = 0
    for contents in spoilt:
        file.write_bytes(contents)
        try:
            open_model(path).build if kind != "x.tflite" else open_model(path)
        except ModelFileError as refusal:
            assert len(str(refusal).splitlines()) == 1
            refusals += 1
    assert refusals >= 3


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError, match=r"there is no model .*x.keras"):
        open_model(tmp_path / "x.keras")


def test_every_layer_that_is_let_through_is_one_of_keras_s() -> None:
    import importlib

    for name, arguments in harmless.LAYERS.items():
        module = harmless.MODULES[name]
        layer = getattr(keras.layers if module == "keras.layers" else importlib.import_module(module), name)
        assert issubclass(layer, keras.Layer)
        for argument in arguments:
            assert argument in layer.__init__.__code__.co_varnames


def test_every_operation_that_is_let_through_is_one_of_tensorflow_s() -> None:
    from tensorflow.python.framework import op_def_registry

    for name in harmless.OPERATIONS | harmless.OPERATIONS_OF_SAVERS:
        assert op_def_registry.get(name) is not None, name
