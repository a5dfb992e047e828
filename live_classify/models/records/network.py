"""A network: all that is needed to run it and to name what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from live_classify.imaging.resize import ResizeMode
from live_classify.models.records.labels import Labels
from live_classify.models.records.preprocessing import NONE, Preprocessing
from live_classify.models.weights.origin import Progress, WeightsSource, no_progress

if TYPE_CHECKING:
    import keras

Precision: TypeAlias = Literal["float32", "float16", "int8"]
Output: TypeAlias = Literal["logits", "probabilities"]


@dataclass(frozen=True)
class Network:
    """One record for each network of the catalogue, and for each model of the user's own."""

    name: str
    """Name in the catalogue, or path of the user's file."""
    input_size: tuple[int, int]
    """Height and width in pixels."""
    classes: int
    read_labels: Callable[[], Labels]
    """The names of its classes. It may raise ModelFileError."""
    parameters: int
    """Weights, batch-normalisation statistics included."""
    licence: str
    weights: WeightsSource
    construct: Callable[[Path], keras.Model] | None
    """Make the Keras network with the weights in a file: from preprocessed float32 ``(N, H, W, 3)`` to
    ``(N, classes)`` of :attr:`output`. It imports Keras. None where there is nothing but a LiteRT file."""
    preprocessing: Preprocessing = NONE
    """Of the Keras network; LiteRT files hold it."""
    output: Output = "logits"
    resize: ResizeMode = "crop"
    """How frames are resized to its input, unless the user says otherwise."""
    litert: Mapping[Precision, Callable[[], Path]] = field(default_factory=dict)
    """LiteRT files that need no conversion: from ``(1, H, W, 3)`` RGB in 0..255 to ``(1, classes)``."""

    def build(self, progress: Progress = no_progress) -> keras.Model:
        """Make the Keras network with its weights, fetched first where they aren't here.

        Raises:
            ModelFileError: the weights can't be had, are damaged, or belong to another network.
        """
        assert self.construct is not None  # noqa: S101 (choose() offers Keras only where this is so)
        return self.construct(self.weights.obtain(progress))
