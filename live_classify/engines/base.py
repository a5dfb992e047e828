"""What runs a network: one interface for every runtime."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

EngineName: TypeAlias = Literal["litert", "keras", "openvino"]

Goal: TypeAlias = Literal["latency", "throughput"]
"""``latency``: one answer as soon as possible, for live sources. ``throughput``: the most answers, for recordings."""


class Engine(Protocol):
    """A network made ready on a device."""

    name: EngineName
    precision: str
    device: str
    """Where it runs, in words: ``cpu``, ``gpu:0``."""
    input_size: tuple[int, int]
    """Height and width of the pictures it takes."""
    batch: int
    """The largest number of pictures it takes in one call."""

    def classify(self, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Run the network; waits for the result. Several threads may call it; where the runtime can't, they take turns.

        Args:
            rgb: ``(N, H, W, 3)`` uint8 RGB at :attr:`input_size`, N from 1 to :attr:`batch`.

        Returns:
            ``(N, classes)`` float32 probabilities; rows sum to 1.

        Raises:
            EngineError: the runtime failed.
        """

    def close(self) -> None:
        """Release what it holds. Not while a call is under way."""


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Probabilities of ``(N, classes)`` logits, row by row, safe from overflow."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), dtype=np.float32)
