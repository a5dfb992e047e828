"""From what a user names to a network: a name of the catalogue, or a file of their own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from live_classify.core.errors import UsageError
from live_classify.models.catalogue.networks import NETWORKS, find_network
from live_classify.models.records.network import Network
from live_classify.models.records.preprocessing import Preprocessing
from live_classify.models.records.sidecar import parse_preprocessing
from live_classify.models.weights.origin import LocalFile

_SUFFIXES = (".keras", ".h5", ".hdf5", ".tflite")


def load_network(
    model: str, *, weights: Path | None = None, preprocessing: str | Preprocessing | None = None
) -> Network:
    """The record of a network. Nothing is fetched, and Keras isn't imported unless a file of the user's demands it.

    Args:
        model: a name of the catalogue, in whatever case, or a model file: ``.keras``, ``.h5``, ``.tflite``, or the
            folder of a SavedModel.
        weights: a file of weights for a network of the catalogue, in place of those that are published.
        preprocessing: of pixels, in place of what the catalogue or the model's sidecar says; by its name, or that of
            a sidecar file, as :func:`~live_classify.models.records.sidecar.parse_preprocessing` takes them, too.

    Raises:
        UnknownModelError: there is neither a network nor a file of that name.
        ModelFileError: the file can't be used.
        UsageError: weights were given for a model file, which has its own; or no such preprocessing is known.
    """
    if isinstance(preprocessing, str):
        preprocessing = parse_preprocessing(preprocessing)
    path = Path(model)
    if model.lower() not in NETWORKS and (path.suffix.lower() in _SUFFIXES or path.exists()):
        from live_classify.models.own import open_model

        if weights is not None and not _same(weights, path):
            raise UsageError(f"{model} holds its own weights; --weights goes with a network of the catalogue")
        return open_model(path, preprocessing=preprocessing)
    network = find_network(model)
    if weights is not None:
        # What was converted ahead holds the published weights.
        network = dataclasses.replace(network, weights=LocalFile(weights), litert={})
    if preprocessing is not None and preprocessing != network.preprocessing:
        network = dataclasses.replace(network, preprocessing=preprocessing, litert={})
    return network


def _same(one: Path, other: Path) -> bool:
    return one.absolute() == other.absolute()
