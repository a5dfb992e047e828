"""Whole Keras models in ``.keras`` and ``.h5`` files."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from live_classify.core.errors import ModelFileError
from live_classify.core.one_line import one_line
from live_classify.models.formats.keras_config import STORED, checked_config
from live_classify.models.formats.keras_import import import_keras
from live_classify.models.guard.child import in_child
from live_classify.models.guard.file_checks import read_hdf5_model, read_keras_archive

if TYPE_CHECKING:
    import keras

_MAX_NUMBERS = 2**28
"""Between two layers, for one picture: 1 GB in float32. VGG16 has 3.2 million."""


def load_keras_file(path: Path) -> keras.Model:
    """Load a model. Nothing that is in the file is run.

    The network is built from the file's config with weights of zero, which is quicker than the random ones that Keras
    makes; no more of them than the file has.

    Returns:
        The model as it was saved, not compiled for training.

    Raises:
        ModelFileError: it is damaged, made to fill the memory, or asks for something else than Keras's own layers.
        EngineError: Keras can't be imported.
    """
    config, stored = in_child(read_keras_archive if path.suffix == ".keras" else read_hdf5_model, path)
    config = checked_config(config, str(path))
    keras = import_keras()
    zeros = _zeros(stored)
    try:
        with warnings.catch_warnings(), keras.saving.custom_object_scope({STORED: zeros}):
            warnings.simplefilter("ignore")  # advice to whoever wrote the model
            model = keras.saving.deserialize_keras_object(config, safe_mode=True)
        if zeros.left >= 0:
            _refuse_large(model, path)
            model.load_weights(path)
    except ModelFileError:
        raise
    except Exception as error:  # Keras raises whatever comes up in what a damaged config makes it do
        if zeros.left >= 0:
            raise ModelFileError(f"{path} can't be used, Keras fails: {_reason(error)}") from error
    if zeros.left < 0:
        raise ModelFileError(f"{path} can't be used: its network has more weights than the file holds")
    return model


def _zeros(most: int) -> Any:
    """The class of an initialiser that makes zeros, ``most`` of them all together."""
    keras = import_keras()

    class StoredWeights(keras.initializers.Initializer):  # type: ignore[misc,name-defined]
        left = most

        def __call__(self, shape: Any, dtype: Any = None) -> Any:
            StoredWeights.left -= math.prod(shape)
            if StoredWeights.left < 0:
                raise ValueError("more weights than the file holds")
            return keras.ops.zeros(shape, dtype)

    return StoredWeights


def _refuse_large(model: keras.Model, path: Path) -> None:
    for layer in _layers(model):
        shape = getattr(layer.output, "shape", ())
        if math.prod(length or 1 for length in shape) > _MAX_NUMBERS:
            raise ModelFileError(f"{path} can't be used: its layer {one_line(layer.name)} gives {shape} numbers")


def _layers(model: keras.Model) -> Iterator[Any]:
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers(layer)


def _reason(error: Exception) -> str:
    """What Keras found wrong: of an error that wraps another one, with pages of config between, the innermost."""
    innermost = str(error).rpartition("Exception encountered: ")[2]
    return one_line(innermost)
