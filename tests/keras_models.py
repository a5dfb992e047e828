"""Small Keras models, made on the fly, whose answers show every mistake of colour and scale."""

from __future__ import annotations

import importlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from live_classify.models.formats.keras_import import import_keras
from live_classify.models.records.preprocessing import NONE, Preprocessing

keras: Any = import_keras()
tf: Any = importlib.import_module("tensorflow")  # quietly, which import_keras() has seen to
layers = keras.layers

SIZE = (8, 10)
"""Height and width of the pictures that they take."""

Pixels = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.float32]


def some_pixels() -> Pixels:
    """Pictures that differ in colour, not only in noise."""
    random = np.random.default_rng(1)
    flat = random.integers(0, 256, (6, 1, 1, 3))
    return np.asarray(np.clip(flat + random.integers(-40, 40, (6, *SIZE, 3)), 0, 255), np.uint8)


def network(*end: Any, size: tuple[int | None, int | None] = SIZE, dtype: str = "float32", spread: float = 1.0) -> Any:
    """A classifier.

    Args:
        end: its last layer or layers.
        size: height and width that it takes.
        dtype: of what it takes.
        spread: how far apart the values lie that it takes, pixels being 1.
    """
    body = [
        keras.Input((*size, 3), dtype=dtype),
        *([layers.Rescaling(1.0)] if dtype != "float32" else []),
        layers.Conv2D(6, 3, 2, activation="relu"),
        layers.BatchNormalization(),
        layers.GlobalAveragePooling2D(),
    ]
    return sharpened(keras.Sequential([*body, *end]), spread)


def sharpened(model: Any, spread: float = 1.0) -> Any:
    """Give a model random weights, such that a swapped channel or a wrong scale changes its answers."""
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


def saved(model: Any, path: Path) -> Path:
    """Save a model; as a SavedModel where the path has no suffix."""
    if path.suffix:
        model.save(path)
    else:
        model.export(path, verbose=False)
    return path


def converted(model: Any, path: Path, samples: Rows | None = None, io: Any = None) -> Path:
    """A model as TensorFlow Lite; with 8 bits, outside too, if there are preprocessed pictures to calibrate it with."""
    folder = path.with_suffix("")
    batch = keras.Input((*model.input_shape[1:],), batch_size=1)
    keras.Model(batch, model(batch)).export(folder, verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    if samples is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([sample[np.newaxis]] for sample in samples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = io
    path.write_bytes(converter.convert())
    shutil.rmtree(folder)
    return path


def preprocessed(pixels: Pixels, preprocessing: Preprocessing = NONE) -> Rows:
    return np.asarray(preprocessing.apply(pixels.astype(np.float32)))


def plain(model: Any, pixels: Pixels, preprocessing: Preprocessing = NONE) -> Rows:
    """What plain Keras answers."""
    rows = model.predict(preprocessed(pixels, preprocessing), verbose=0)
    assert rows.std(axis=0).max() > 0.02, "the network answers the same to everything"
    return np.asarray(rows)


def two_columns(rows: Rows, first: Rows) -> Rows:
    return np.concatenate([first, rows], axis=1) if rows.shape[1] == 1 else rows


def with_config(path: Path, change: Callable[[Any], Any]) -> Path:
    """Rewrite the config of the network within a ``.keras`` or HDF5 file."""
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        members["config.json"] = json.dumps(change(json.loads(members["config.json"]))).encode()
        with zipfile.ZipFile(path, "w") as archive:
            for name, contents in members.items():
                archive.writestr(name, contents)
    else:
        with h5py.File(path, "r+") as file:
            file.attrs["model_config"] = json.dumps(change(json.loads(file.attrs["model_config"])))
    return path
