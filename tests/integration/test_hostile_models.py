"""Model files that are made to do harm, and damaged ones: nothing of them runs, and each gives one line."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keras_models import SIZE, converted, keras, layers, network, preprocessed, saved, some_pixels, tf, with_config
from live_classify.core.errors import ModelFileError
from live_classify.models.guard import harmless
from live_classify.models.own import open_model


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def refused(path: Path, says: str) -> None:
    with pytest.raises(ModelFileError, match=says) as refusal:
        open_model(path)
    assert len(str(refusal.value).splitlines()) == 1


def lambda_layer(marker: Path) -> Any:
    """A layer that creates a file when it is called."""
    return layers.Lambda(eval(f"lambda x: x if open({str(marker)!r}, 'w').close() else x"))  # noqa: S307


@pytest.mark.parametrize("name", ["x.keras", "x.h5"])
def test_a_lambda_layer_is_not_run(tmp_path: Path, name: str) -> None:
    marker, path = tmp_path / "it_ran", tmp_path / name
    model = keras.Sequential([keras.Input((*SIZE, 3)), lambda_layer(marker), layers.Flatten(), layers.Dense(3)])
    model.save(path)
    marker.unlink()
    refused(path, r"its layer lambda\w* is Python code \(Lambda\), which is never run")
    assert not marker.exists()
    keras.models.load_model(path, safe_mode=False, compile=False)
    assert marker.exists()  # or this test would show nothing


@pytest.mark.parametrize("name", ["x.keras", "x.h5"])
def test_a_custom_layer_is_refused_even_if_it_is_registered(tmp_path: Path, name: str) -> None:
    ran = []

    @keras.saving.register_keras_serializable("Custom")
    class Mine(layers.Layer):  # type: ignore[misc]
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


class Program(tf.Module):  # type: ignore[misc]
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
    def run_python(rows: Any) -> Any:
        marker.touch()
        return rows

    return lambda pictures: tf.ensure_shape(tf.py_function(run_python, [scores(pictures)], tf.float32), (None, 3))


def with_a_branch(marker: Path) -> Callable[[Any], Any]:
    def write() -> Any:
        tf.io.write_file(str(marker), "it ran")
        return tf.constant(1.0)

    return lambda pictures: scores(pictures) + tf.cond(tf.reduce_sum(pictures) > -1, write, lambda: tf.constant(0.0))


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
    refused(path, says)
    assert not list(folder.iterdir())
    if make not in (with_file_read, with_python):
        tf.saved_model.load(str(path)).serve(np.zeros((1, *SIZE, 3), np.float32))
        assert list(folder.iterdir())  # or this test would show nothing


def test_a_graph_that_fills_a_table_from_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("a\n")
    module = Program(scores)
    line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    words = tf.lookup.TextFileInitializer(str(tmp_path / "words.txt"), tf.string, line, tf.int64, number)
    module.table = tf.lookup.StaticHashTable(words, -1)
    refused(module.save(tmp_path / "x"), "its graph has the operation HashTableV2")


def test_a_graph_without_any_of_that_is_used(tmp_path: Path) -> None:
    pixels = some_pixels()
    record = open_model(Program(scores).save(tmp_path / "x"))
    np.testing.assert_allclose(record.build()(preprocessed(pixels)), pixels.mean(axis=(1, 2)), rtol=1e-4)


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
    refused(path, "it is made to fill the memory")


@pytest.mark.parametrize("name", ["x.keras", "x.h5"])
@pytest.mark.parametrize(
    ("units", "says"),
    [
        (10**9, "its network has more weights than the file holds"),
        (4, "can't be used"),
        (2, "can't be used, Keras fails"),
    ],
)
def test_a_network_of_another_size_than_its_weights_is_refused(
    tmp_path: Path, name: str, units: int, says: str
) -> None:
    def change(config: Any) -> Any:
        config["config"]["layers"][-1]["config"]["units"] = units
        return config

    refused(with_config(saved(network(layers.Dense(3)), tmp_path / name), change), says)


def test_a_layer_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    picture = keras.Input((*SIZE, 3))
    swollen = layers.GlobalAveragePooling2D()(layers.UpSampling2D(5000)(picture))
    keras.Model(picture, layers.Dense(3)(swollen)).save(tmp_path / "x.keras")
    refused(tmp_path / "x.keras", r"its layer up_sampling2d\w* gives \(None, 40000, 50000, 3\) numbers")


@pytest.mark.parametrize("kind", ["x.keras", "x.h5", "x.tflite", "x/saved_model.pb", "x/variables/variables.index"])
def test_damaged_files_give_one_line(tmp_path: Path, kind: str) -> None:
    """Whatever bytes are wrong, nothing but a refusal comes out; some damage does no harm."""
    model = network(layers.Dense(3, activation="softmax"))
    path = tmp_path / Path(kind).parts[0]
    (converted if kind == "x.tflite" else saved)(model, path)
    file, random = tmp_path / kind, np.random.default_rng(0)
    whole = file.read_bytes()
    said = []
    for contents in (
        b"",
        whole[: len(whole) // 2],
        random.bytes(len(whole)),
        whole[:100] + random.bytes(500) + whole[600:],
        whole[:-300] + random.bytes(300),
    ):
        file.write_bytes(contents)
        try:
            open_model(path)
        except ModelFileError as refusal:
            said.append(str(refusal))
    assert len(said) >= 3
    assert all(len(line.splitlines()) == 1 for line in said)


def test_every_layer_that_is_let_through_is_one_of_keras_s() -> None:
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
