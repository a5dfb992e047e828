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


def sharpen(model: Any, inputs: npt.NDArray[np.float32]) -> None:
    """Scale the last layer's kernel so that the scores differ as a trained network's do.

    In untrained networks signals vanish or explode on their way: the probabilities are first brought to where the
    scores can be read off them.
    """
    last = [layer for layer in model.layers if getattr(layer, "kernel", None) is not None][-1]
    for _ in range(8):
        probabilities = model.predict(inputs, verbose=0).astype(np.float64)
        spread = np.log(probabilities + 1e-30).std()
        if 0.5 * LOGITS_SPREAD < spread < 2 * LOGITS_SPREAD:
            return
        # Below 1e-5 the digits of the probabilities no longer tell how much.
        last.kernel.assign(last.kernel * (LOGITS_SPREAD / max(spread, 1e-5) if spread < 3 else 1e-3))
    pytest.fail(f"the scores could not be brought to differ by {LOGITS_SPREAD}: {spread}")


def save_weights(model: Any, path: Path) -> None:
    if path.name.endswith(".weights.h5"):
        model.save_weights(path)
        return
    import h5py
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, model)


@pytest.mark.parametrize("name", NETWORKS)
def test_answers_are_those_of_plain_keras(name: str, tmp_path: Path) -> None:
    model, preprocess_input = plain_network(name)
    rgb = pictures(name)
    right = preprocess_input(rgb.astype(np.float32))
    swapped = preprocess_input(rgb[..., ::-1].astype(np.float32))
    inputs = np.concatenate([right, swapped, right * 0.5])
    model.compile(jit_compile=False)  # XLA takes a minute to compile the larger ones, and changes nothing else
    sharpen(model, inputs)
    expected, with_swapped_colours, with_wrong_scale = model.predict(inputs, verbose=0)
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
