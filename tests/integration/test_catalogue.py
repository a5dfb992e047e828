"""Every network of keras.applications answers as plain Keras does, on the same pixels, with the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from live_classify import load_classifier
from live_classify.models.formats.keras_import import import_keras
from plain_keras import NETWORKS, pictures, plain_network, save_weights, sharpened

LARGEST = frozenset(
    {
        *("efficientnetb4", "efficientnetb5", "efficientnetb6", "efficientnetb7"),
        *("efficientnetv2s", "efficientnetv2m", "efficientnetv2l", "nasnetlarge", "inceptionresnetv2", "densenet201"),
        *("convnextsmall", "convnextbase", "convnextlarge", "convnextxlarge", "resnet152", "resnet152v2"),
    }
)
"""Each takes a quarter of a minute to a minute on two cores; they run with --whole-catalogue."""


@pytest.fixture(params=NETWORKS)
def name(request: pytest.FixtureRequest) -> Iterator[str]:
    """Of each network in turn; what Keras keeps of it is let go at the end."""
    if request.param in LARGEST and not request.config.getoption("--whole-catalogue"):
        pytest.skip("one of the largest; --whole-catalogue runs it")
    yield request.param
    import_keras().backend.clear_session()


def test_answers_are_those_of_plain_keras(name: str, tmp_path: Path) -> None:
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
