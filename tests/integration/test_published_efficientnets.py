"""The published weights of EfficientNetB0 to B7 want their input divided by the deviation twice; others don't."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from live_classify.heads.softmax import softmax
from live_classify.models.formats.keras_import import import_keras
from live_classify.models.load import load_network
from live_classify.models.records.network import Network
from plain_keras import pictures, plain_network, save_weights, sharpened

NAME = "efficientnetb0"
Rows = npt.NDArray[np.float32]
Save = Callable[[Any, Path], None]


@pytest.fixture(scope="module")
def inputs() -> npt.NDArray[np.float32]:
    rgb = pictures(NAME).astype(np.float32)
    return np.concatenate([rgb, rgb[..., ::-1], rgb / 2])


@pytest.fixture(scope="module")
def weights(inputs: npt.NDArray[np.float32], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in the form of those that are published."""
    model, _ = plain_network(NAME)
    sharpened(model, inputs)
    path = tmp_path_factory.mktemp("published") / "efficientnetb0.h5"
    save_weights(model, path)
    return path


@pytest.fixture(scope="module")
def as_published(weights: Path) -> Any:
    """What Keras makes of them where they are the published ones."""
    from keras.src.utils import file_utils

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_utils, "get_file", lambda *_, **__: str(weights))
        return import_keras().applications.EfficientNetB0(weights="imagenet")


@pytest.fixture(scope="module")
def right(as_published: Any, inputs: npt.NDArray[np.float32]) -> Rows:
    return np.asarray(as_published(inputs, training=False))


def answers(network: Network, inputs: npt.NDArray[np.float32]) -> Rows:
    return softmax(np.asarray(network.build()(inputs, training=False)))


def save_model(model: Any, path: Path) -> None:
    from keras.src.legacy.saving.legacy_h5_format import save_model_to_hdf5

    save_model_to_hdf5(model, path)


def test_the_published_file_is_known_by_its_checksum(
    weights: Path, right: Rows, inputs: npt.NDArray[np.float32]
) -> None:
    network = load_network(NAME, weights=weights)
    of_ones_own = answers(network, inputs)
    assert isinstance(network.construct, functools.partial)
    function, size, published = network.construct.args
    digest = hashlib.md5(weights.read_bytes(), usedforsecurity=False).hexdigest()
    construct = functools.partial(network.construct.func, function, size, replace(published, digest=digest))
    np.testing.assert_allclose(answers(replace(network, construct=construct), inputs), right, atol=1e-5)
    assert np.abs(of_ones_own - right).max() > 1e-2


@pytest.mark.parametrize(
    ("file", "save"),
    [("trained.h5", save_weights), ("trained.weights.h5", save_weights), ("model.h5", save_model)],
)
def test_weights_that_were_trained_on_from_them_are_known_by_the_layers(
    file: str, save: Save, as_published: Any, right: Rows, inputs: npt.NDArray[np.float32], tmp_path: Path
) -> None:
    save(as_published, tmp_path / file)
    np.testing.assert_allclose(answers(load_network(NAME, weights=tmp_path / file), inputs), right, atol=1e-5)
