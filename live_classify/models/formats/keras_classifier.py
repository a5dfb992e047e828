"""A user's Keras model or SavedModel, made into a network of the kind that the catalogue has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import ModelFileError
from live_classify.core.one_line import one_line
from live_classify.models.formats.inspection import Facts, class_count, image_size
from live_classify.models.formats.keras_files import load_keras_file
from live_classify.models.formats.keras_import import import_keras
from live_classify.models.formats.probing import output_of, probes
from live_classify.models.formats.saved_model import ends_in_sigmoid, load_saved_model
from live_classify.models.records.network import Output

if TYPE_CHECKING:
    import keras

_SAME = 1e-2
"""Between probabilities; 16 bits round them to 1e-3."""


def inspect_keras(path: Path, wanted: tuple[int, int] | None) -> Facts:
    """Load a model and run it on a few made-up pictures.

    Args:
        path: ``.keras``, ``.h5``, or the folder of a SavedModel.
        wanted: height and width, for a model that leaves them open.

    Raises:
        ModelFileError: it is damaged or hostile, or no classifier of RGB pictures.
        EngineError: Keras can't be imported.
    """
    model = _load(path)
    size = image_size(_only(model.inputs, path, "input").shape, str(path), wanted)
    classes = class_count(_only(model.outputs, path, "output").shape, str(path))
    pictures = np.stack(list(probes((*size, 3)))).astype(np.float32)
    rows = _run(model, pictures, path)
    output = output_of(rows)
    if _take_off_activation(model):
        if output == "probabilities":
            _require_same(rows, _run(model, pictures, path), path)
        output = "logits"
    elif rows.shape[1] == 1 and _gives_logit(model, path):
        output = "logits"  # even if they all happened to lie in 0..1
    return Facts(size, classes, output, model.count_params(), "float32")


def load_classifier_model(path: Path, size: tuple[int, int], output: Output) -> keras.Model:
    """Load a model as the record of it says.

    Args:
        path: as for :func:`inspect_keras`.
        size: height and width in pixels.
        output: as :func:`inspect_keras` found it; for ``logits``, a softmax or sigmoid at the end is taken off.

    Returns:
        A Keras model from float32 ``(N, H, W, 3)`` to ``(N, classes)`` of ``output``, at least two classes.

    Raises:
        ModelFileError: it is damaged or hostile.
        EngineError: Keras can't be imported.
    """
    keras = import_keras()
    model = _load(path)
    if output == "logits":
        _take_off_activation(model)
    (source,), (target,) = model.inputs, model.outputs
    if (*source.shape, source.dtype) == (None, *size, 3, "float32") and target.shape[1] > 1:
        return model
    picture = keras.Input((*size, 3))
    scores = model(keras.ops.cast(picture, source.dtype))
    return keras.Model(picture, scores if target.shape[1] > 1 else _two_columns(scores, output))


def _load(path: Path) -> keras.Model:
    return load_saved_model(path) if path.is_dir() else load_keras_file(path)


def _only(tensors: list[Any], path: Path, what: str) -> Any:
    if len(tensors) != 1:
        raise ModelFileError(f"{path} has {len(tensors)} {what}s; only models with one {what} can be used")
    return tensors[0]


def _run(model: keras.Model, pictures: npt.NDArray[np.float32], path: Path) -> npt.NDArray[np.float32]:
    from keras import ops

    dtype = model.inputs[0].dtype
    try:
        rows = [model(ops.cast(picture[np.newaxis], dtype), training=False) for picture in pictures]
        return np.concatenate([np.asarray(ops.convert_to_numpy(ops.cast(row, "float32"))) for row in rows])
    except Exception as error:  # every backend has errors of its own
        raise ModelFileError(f"{path} can't be run: {one_line(error)}") from error


def _take_off_activation(model: keras.Model) -> bool:
    """Make the last layer give logits, if it has a softmax or sigmoid: 8 bits are too coarse for probabilities."""
    from keras import activations

    last = _last(model)
    if getattr(last, "activation", None) not in (activations.softmax, activations.sigmoid):
        return False
    last.activation = activations.linear
    return True


def _last(model: keras.Model) -> Any:
    """The layer or operation that a model's output comes from."""
    steps = getattr(model, "operations", None) or model.layers
    return _last(steps[-1]) if hasattr(steps[-1], "layers") else steps[-1]


def _gives_logit(model: keras.Model, path: Path) -> bool:
    """Whether the single score of a model surely didn't go through a sigmoid."""
    from keras import activations

    return (
        not ends_in_sigmoid(path) if path.is_dir() else getattr(_last(model), "activation", None) is activations.linear
    )


def _require_same(given: npt.NDArray[np.float32], logits: npt.NDArray[np.float32], path: Path) -> None:
    """Make sure that a softmax gives back what the model gave before its activation was taken off."""
    from keras import ops

    again = ops.softmax(_two_columns(ops.convert_to_tensor(logits), "logits"), axis=-1)
    before = _two_columns(ops.convert_to_tensor(given), "probabilities")
    if np.abs(ops.convert_to_numpy(again - before)).max() > _SAME:
        raise ModelFileError(f"{path} can't be used: its last layer is used in more than one place")


def _two_columns(scores: Any, output: Output) -> Any:
    """Make two of a single score that the second of two classes is right; leave others alone.

    Args:
        scores: ``(N, classes)``, a tensor of Keras.
        output: what the scores are. The logit z, by sigmoid, is what (0, z) is by softmax.
    """
    if scores.shape[1] > 1:
        return scores
    from keras import ops

    first = 1 - scores if output == "probabilities" else 0 * scores
    return ops.concatenate([first, scores], axis=1)
