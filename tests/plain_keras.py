"""Networks of keras.applications as Keras itself makes and runs them, with random weights that tell pictures apart."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from live_classify.models.catalogue.keras_applications import keras_applications
from live_classify.models.formats.keras_import import import_keras

NETWORKS = keras_applications()
LOGITS_SPREAD = 2.0
"""Standard deviation of the scores that the random networks are given: their own answers are all but uniform."""

LARGEST_FEATURE = 1e5
"""Beyond it, rounding has exploded with the signal: plain Keras no longer agrees with itself on batches of 1 and 3."""


def plain_network(name: str) -> tuple[Any, Any]:
    """The network as Keras makes it, with random weights, and the preprocessing that belongs to it."""
    keras = import_keras()
    keras.utils.set_random_seed(1)
    functions = dict(inspect.getmembers(keras.applications, inspect.isfunction))
    (function,) = [function for key, function in functions.items() if key.lower() == name]
    model = function(weights=None, input_shape=(*NETWORKS[name].input_size, 3))
    return model, sys.modules[function.__module__].preprocess_input


def pictures(name: str) -> npt.NDArray[np.uint8]:
    """``(1, H, W, 3)`` RGB: soft blots in many colours, as photographs have them."""
    import cv2

    coarse = np.random.default_rng(7).integers(0, 256, (9, 9, 3), np.uint8)
    coarse[..., 2] //= 3  # less blue than red, so that swapping them shows
    height, width = NETWORKS[name].input_size
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)[np.newaxis]


def sharpened(model: Any, inputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Change the last layer so that scores differ between pictures as a trained network's do, and run the network.

    What lies before it, nearly everything, runs once. In untrained networks signals vanish or explode on their way, and
    much of what arrives is the same for all pictures: the last kernel scales it, its bias takes the common part off.
    """
    keras = import_keras()
    number = max(number for number, layer in enumerate(model.layers) if getattr(layer, "kernel", None) is not None)
    last, tail = model.layers[number], model.layers[number:]
    trunk = keras.Model(model.inputs, last.input)
    trunk.compile(jit_compile=False)  # XLA takes a minute to compile the larger ones, and changes nothing else
    features = trunk.predict(inputs, verbose=0)
    if np.abs(features).max() > LARGEST_FEATURE:
        normalise(trunk, inputs)
        features = trunk.predict(inputs, verbose=0)
    last.kernel.assign(last.kernel / np.abs(features).max())
    activation, last.activation = last.activation, keras.activations.linear
    scores = np.asarray(last(features))
    common = scores.mean(axis=0, keepdims=True)
    scale = LOGITS_SPREAD / (scores - common).std()
    last.kernel.assign(last.kernel * scale)
    last.bias.assign(-scale * common.reshape(-1))
    last.activation = activation
    for layer in tail:
        features = layer(features)
    return np.asarray(features, np.float32)


def normalise(trunk: Any, inputs: npt.NDArray[np.float32]) -> None:
    """Give batch normalisation the means and variances of what it meets, as training would."""
    import tensorflow as tf

    for layer in trunk.layers:
        if isinstance(layer, import_keras().layers.BatchNormalization):
            layer.momentum = 0.0
    tf.function(lambda pixels: trunk(pixels, training=True))(tf.constant(inputs))


def save_weights(model: Any, path: Path) -> None:
    if path.name.endswith(".weights.h5"):
        model.save_weights(path)
        return
    import h5py
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, model)
