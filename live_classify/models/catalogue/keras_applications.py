"""The classification networks of ``keras.applications``, with weights in the formats that Keras writes."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from live_classify.assets import asset
from live_classify.core.errors import ModelFileError
from live_classify.core.one_line import one_line
from live_classify.models.formats.keras_import import import_keras
from live_classify.models.guard.file_checks import check_hdf5
from live_classify.models.records.labels import Labels, read_labels
from live_classify.models.records.network import Network
from live_classify.models.records.preprocessing import MODES
from live_classify.models.weights.download import PublishedFile

if TYPE_CHECKING:
    import keras

_TABLE = Path(__file__).with_name("keras_applications.tsv")  # scripts/build_catalogue.py writes it
_CLASSES = 1000
_BYTES_A_PARAMETER = 4
_DEVIATION = (0.229, 0.224, 0.225)  # IMAGENET_STDDEV_RGB of Keras's efficientnet.py


def imagenet_labels() -> Labels:
    """The 1000 classes of ImageNet, in the order that all these networks share.

    Raises:
        ModelFileError: the shipped file is damaged.
    """
    return read_labels(asset("imagenet_labels.tsv"), _CLASSES)


def keras_applications() -> Mapping[str, Network]:
    """A record for each network, by its function's name in lower case: ``vgg16``, ``efficientnetv2b0``."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return {row["function"].lower(): _network(row) for row in csv.DictReader(file, delimiter="\t")}


def _network(row: dict[str, str]) -> Network:
    function, size, parameters = row["function"], int(row["size"]), int(row["parameters"])
    published = PublishedFile(row["file"], row["url"], row["digest"] or None, parameters * _BYTES_A_PARAMETER)
    return Network(
        name=function.lower(),
        input_size=(size, size),
        classes=_CLASSES,
        read_labels=imagenet_labels,
        parameters=parameters,
        licence=row["licence"],
        weights=published,
        construct=functools.partial(_construct, function, size, published),
        preprocessing=MODES[row["preprocessing"]],
    )


def _construct(function: str, size: int, published: PublishedFile, weights: Path) -> keras.Model:
    """Make a network and give it the weights in a file.

    Raises:
        ModelFileError: the file is no weights file, or of another network.
    """
    keras = import_keras()
    build = getattr(keras.applications, function)
    model = build(weights=None, input_shape=(size, size, 3), classifier_activation=None)
    _load_weights(model, weights, function)
    if function.startswith("EfficientNetB") and _is_published(weights, published):
        _normalise_as_published(model)
    return model


def _load_weights(model: keras.Model, path: Path, function: str) -> None:
    """Load weights in the format that the file is in, whatever its name says.

    Keras goes by the name: ``.weights.h5`` is its own format, any other ``.h5`` that of Keras 1 and 2.
    """
    import h5py
    from keras.src.legacy.saving import legacy_h5_format
    from keras.src.saving import saving_lib

    check_hdf5(path)
    try:
        with h5py.File(path, "r") as file:
            group = _legacy_group(file)
            if group is not None:
                legacy_h5_format.load_weights_from_hdf5_group(group, model)
                return
        saving_lib.load_weights_only(model, path)
    except (ValueError, KeyError, TypeError, OSError, AttributeError) as error:
        raise ModelFileError(f"{path} doesn't hold weights of {function.lower()}: {one_line(error)}") from error


def _legacy_group(file: Any) -> Any | None:
    """Where a file of Keras 1 or 2 has weights, alone or with the model; None if the file is of Keras 3."""
    groups = (file, file.get("model_weights"))
    return next((group for group in groups if group is not None and "layer_names" in group.attrs), None)


def _is_published(path: Path, published: PublishedFile) -> bool:
    """Whether a file holds the weights that ``weights="imagenet"`` means, or such as were trained on from these.

    The latter show by a second layer ``rescaling`` among the layers' names, which only that network has.
    """
    import h5py

    if published.is_in(path):
        return True
    with h5py.File(path, "r") as file:
        group = _legacy_group(file)
        names = file.get("layers", {}) if group is None else group.attrs["layer_names"]
        names = [name.decode() if isinstance(name, bytes) else name for name in names]
    return len([name for name in names if name.startswith("rescaling")]) > 1


def _normalise_as_published(model: keras.Model) -> None:
    """Divide by the deviation once more after normalising, as Keras does for the published weights only.

    They were trained with (x - mean) / variance (https://github.com/tensorflow/tensorflow/issues/49930). Keras adds a
    layer for it; here the same factor goes into the variance that the layer before it divides by the root of.
    """
    from keras import layers, ops

    (layer,) = [layer for layer in model.layers if isinstance(layer, layers.Normalization)]
    variance = layer.adapt_variance * ops.convert_to_tensor(_DEVIATION, "float32")
    layer.adapt_variance.assign(variance)
    layer.finalize_state()
