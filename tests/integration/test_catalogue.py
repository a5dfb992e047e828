"""Every network of keras.applications answers as plain Keras does, on the same pixels, with the same weights."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from live_classify import load_classifier
from live_classify.models.keras_applications import keras_applications
from live_classify.models.keras_import import import_keras

NETWORKS = keras_applications()
LOGITS_SPREAD = 2.0
"""Standard deviation of the scores that the random networks are given: their own answers are all but uniform."""


LARGEST_FEATURE = 1e5
"""Beyond it, rounding has exploded with the signal: plain Keras no longer agrees with itself on batches of 1 and 3."""

LARGEST = frozenset(
    {
        *("efficientnetb5", "efficientnetb6", "efficientnetb7", "efficientnetv2m", "efficientnetv2l", "nasnetlarge"),
        *("convnextsmall", "convnextbase", "convnextlarge", "convnextxlarge", "inceptionresnetv2", "densenet201"),
    }
)
"""Each takes half a minute to a minute on two cores, more than the others together; they run with --whole-catalogue."""


@pytest.fixture(autouse=True)
def no_network_left() -> Iterator[None]:
    yield
    import_keras().backend.clear_session()


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


# Each a group of its own: they share nothing, and together they would keep one process busy for minutes.
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in NETWORKS])
def test_answers_are_those_of_plain_keras(name: str, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    if name in LARGEST and not pytestconfig.getoption("--whole-catalogue"):
        pytest.skip("one of the largest; --whole-catalogue runs it")
    model, preprocess_input = plain_network(name)
    rgb = pictures(name)
    right = preprocess_input(rgb.astype(np.float32))
    swapped = preprocess_input(rgb[..., ::-1].astype(np.float32))
    inputs = np.concatenate([right, swapped, right * 0.5])
    expected, with_swapped_colours, with_wrong_scale = sharpened(model, inputs)
    # Such mistakes are far above the tolerance, so that the comparison below can fail.
    assert np.abs(expected - with_swapped_colours).max() > 1e-3
    assert np.abs(expected - with_wrong_scale).max() > 1e-3

    # Both formats that Keras writes, in turn: each family has both.
    weights = tmp_path / ("network.h5" if list(NETWORKS).index(name) % 2 else "network.weights.h5")
    save_weights(model, weights)
    parameters = model.count_params()
    del model
    import_keras().backend.clear_session()
    with load_classifier(name, weights=weights, engine="keras", precision="float32", device="cpu") as classifier:
        prediction = classifier.classify(np.ascontiguousarray(rgb[0, :, :, ::-1]))
    np.testing.assert_allclose(prediction.probabilities, expected, atol=1e-4)
    assert classifier.network.parameters == parameters
    weights.unlink()
