"""The head of a network as it came: probabilities over the labels that it was trained on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import EngineError
from live_classify.core.values import Activations
from live_classify.models.records.network import Output


class SoftmaxHead:
    """Reads scores as a network means them.

    Args:
        output: what the scores are. A single score says how sure the network is of the second of two classes.
    """

    def __init__(self, output: Output) -> None:
        self._output = output

    def probabilities(self, activations: Activations) -> npt.NDArray[np.float32]:
        """Return ``(N, classes)`` probabilities; see :class:`~live_classify.core.protocols.Head`.

        Raises:
            EngineError: a score is NaN or infinite.
        """
        scores = activations.scores
        if not np.isfinite(scores).all():
            # One such answer would stay in every mean over time.
            raise EngineError("the network gives scores that aren't finite: its weights or its file are damaged")
        if scores.shape[1] == 1:
            other = 1 - scores if self._output == "probabilities" else np.zeros_like(scores)
            scores = np.concatenate([other, scores], axis=1)
        return _normalised(scores) if self._output == "probabilities" else softmax(scores)


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Probabilities of ``(N, classes)`` logits, row by row, safe from overflow."""
    with np.errstate(over="ignore"):  # the largest and the smallest number may lie further apart than a number can say
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), dtype=np.float32)


def _normalised(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Probabilities that add up: rounded to 8 bits they may sum to something else than 1, or to nothing."""
    total = scores.sum(axis=1, keepdims=True)
    even = np.float32(1 / scores.shape[1])
    return np.asarray(np.where(total > 0, scores / np.where(total > 0, total, 1), even), dtype=np.float32)
