"""Models of the user's own: ``.keras``, ``.h5`` and ``.tflite`` files, and SavedModel folders."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.core.errors import ModelFileError
from live_classify.models.formats.inspection import Facts, remembered
from live_classify.models.guard.file_checks import kind_of
from live_classify.models.records.labels import Labels, named_labels, read_labels
from live_classify.models.records.network import Network, Output
from live_classify.models.records.preprocessing import NONE, Preprocessing
from live_classify.models.records.sidecar import Sidecar, find_sidecar, read_sidecar
from live_classify.models.weights.origin import LocalFile

if TYPE_CHECKING:
    import keras


def open_model(path: Path, *, preprocessing: Preprocessing | None = None) -> Network:
    """The record of a user's model.

    The first time, the model is loaded to see what it is; that is remembered, so that later Keras isn't imported here.
    Its sidecar, if it has one (see :mod:`~live_classify.models.records.sidecar`), is read each time.

    Args:
        path: the file, or the folder of a SavedModel.
        preprocessing: of pixels, in place of what the sidecar says; without either, RGB in 0..255 as it is.

    Raises:
        UnknownModelError: there is no such file.
        ModelFileError: it can't be used: damaged, hostile, no classifier of RGB pictures, or its sidecar doesn't fit.
        EngineError: Keras can't be imported.
    """
    litert = kind_of(path) == "tflite"
    located = path.resolve() if path.is_dir() else path  # a folder may be called "."
    found = find_sidecar(located)
    sidecar = read_sidecar(found) if found else Sidecar(path)
    inspect = partial(_inspect_tflite, path) if litert else partial(_inspect_keras, path, sidecar.size)
    facts = remembered(path, sidecar.size, inspect)
    if sidecar.size not in {None, facts.input_size}:
        height, width = facts.input_size
        raise ModelFileError(f"{path} takes pictures of {height} x {width}, but {sidecar.path} says another size")
    return Network(
        name=str(path),
        input_size=facts.input_size,
        classes=facts.classes,
        read_labels=partial(_labels, located, sidecar, facts.classes),
        parameters=facts.parameters,
        licence="unknown",
        weights=LocalFile(path),
        construct=None if litert else partial(_construct, facts.input_size, facts.output),
        preprocessing=preprocessing or sidecar.preprocessing or NONE,
        output=facts.output,
        resize=sidecar.resize or "crop",
        litert={facts.precision: lambda: path} if litert else {},
    )


def _inspect_tflite(path: Path) -> Facts:
    from live_classify.models.formats.tflite import inspect_tflite

    return inspect_tflite(path)


def _inspect_keras(path: Path, size: tuple[int, int] | None) -> Facts:
    from live_classify.models.formats.keras_classifier import inspect_keras

    return inspect_keras(path, size)


def _construct(size: tuple[int, int], output: Output, path: Path) -> keras.Model:
    from live_classify.models.formats.keras_classifier import load_classifier_model

    return load_classifier_model(path, size, output)


def _labels(path: Path, sidecar: Sidecar, classes: int) -> Labels:
    """The sidecar's names; else those of a ``labels.txt`` in or beside the model; else numbers."""
    labels = sidecar.read_labels(classes)
    if labels is not None:
        return labels
    for beside in (path / "labels.txt", path.with_name("labels.txt")):
        if beside.is_file():
            return read_labels(beside, classes)
    return named_labels([f"class {number}" for number in range(classes)], str(path), classes)
