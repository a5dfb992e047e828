"""What an engine's answers are compared with."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from live_classify.models.formats.keras_import import import_keras
from live_classify.models.records.network import Network
from live_classify.models.weights.origin import Progress, no_progress
from live_classify.selfcheck.reference import Photograph

Rows = npt.NDArray[np.float32]
"""``(N, classes)`` probabilities, a row for each photograph."""

_STORED_TOLERANCE = 1e-3
_PLAIN_TOLERANCE = 1e-4
_CLEARLY = 100


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """Probabilities of some classes, or of all, for each photograph."""

    classes: npt.NDArray[np.intp]
    """``(N, k)``: which ones."""
    probabilities: npt.NDArray[np.float32]
    """``(N, k)``."""
    tolerance: float
    """What an engine that computes in float32 may differ by."""

    def distance(self, rows: Rows) -> float:
        """The largest difference of any of the probabilities."""
        found = np.take_along_axis(rows, self.classes, axis=1)
        return float(np.abs(found - self.probabilities).max())

    def tells_apart(self) -> bool:
        """Whether the answers differ from photograph to photograph by much more than is allowed.

        If not, other pixels make no difference, and that the answers are the same says nothing.
        """
        return float(np.ptp(self.probabilities, axis=0).max()) > _CLEARLY * self.tolerance


def stored_answers(network: str, photographs: Sequence[Photograph]) -> Expected:
    """What is known of a network whose weights never change: its five best classes on each photograph."""
    best = [photograph.answers[network] for photograph in photographs]
    return Expected(
        np.array([[label.index for label in labels] for labels in best]),
        np.array([[label.probability for label in labels] for labels in best], np.float32),
        _STORED_TOLERANCE,
    )


def whole_rows(rows: Rows) -> Expected:
    """Answers of which every class counts."""
    return Expected(np.tile(np.arange(rows.shape[1]), (len(rows), 1)), rows, _PLAIN_TOLERANCE)


class PlainNetwork:
    """A network as Keras itself runs it: called, with nothing compiled, frozen or converted.

    Args:
        network: one with a Keras form.
        progress: told of weights that are fetched.

    Raises:
        EngineError: Keras can't be imported.
        ModelFileError: the weights can't be had, or are damaged.
    """

    def __init__(self, network: Network, progress: Progress = no_progress) -> None:
        import_keras()
        self._network = network
        self._model = network.build(progress)

    def rows(self, rgb: npt.NDArray[np.uint8], prepare: Callable[[Any], Any]) -> Rows:
        """Run it.

        Args:
            rgb: ``(N, H, W, 3)`` at the network's size.
            prepare: from float32 pixels to what the model takes.
        """
        from keras import ops

        rows = []
        for picture in rgb:
            prepared = ops.convert_to_tensor(prepare(picture[np.newaxis].astype(np.float32)))
            scores = self._model(prepared, training=False)
            probabilities = scores if self._network.output == "probabilities" else ops.softmax(scores, axis=-1)
            rows.append(np.asarray(ops.convert_to_numpy(probabilities), np.float32))
        return np.concatenate(rows)


def published_preprocessing(network: Network) -> Callable[[Any], Any]:
    """The ``preprocess_input`` that ``keras.applications`` has for a network; for others, what their record says."""
    for name, function in inspect.getmembers(import_keras().applications, inspect.isfunction):
        if name.lower() == network.name:
            prepare: Callable[[Any], Any] = sys.modules[function.__module__].preprocess_input
            return prepare
    return network.preprocessing.apply
