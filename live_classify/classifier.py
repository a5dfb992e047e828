"""The classifier: a network made ready, with the names of its classes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import overload

import numpy as np
import numpy.typing as npt

from live_classify.core.protocols import Engine, Goal, Head
from live_classify.core.values import BgrImage, Label, Prediction, Region
from live_classify.heads.softmax import SoftmaxHead
from live_classify.imaging.regions import cut
from live_classify.imaging.resize import ResizeMode, resize_into
from live_classify.models.records.labels import Labels
from live_classify.models.records.network import Network


class Classifier:
    """A network on an engine. :func:`~live_classify.spec.load_classifier` makes one. Threads and streams may share it.

    Args:
        network: what it is.
        labels: the names of its classes.
        open_engines: makes engines ready for live or for recorded work; called once for each, when first needed.
        top: how many labels a prediction ranks.
        resize: how pictures are resized to the network's input.
        head: turns what the network gives into probabilities of the labels; None is the network's own.
    """

    def __init__(
        self,
        network: Network,
        labels: Labels,
        open_engines: Callable[[Goal], list[Engine]],
        top: int = 5,
        resize: ResizeMode = "crop",
        head: Head | None = None,
    ) -> None:
        self.network = network
        self.labels = labels
        self.top = min(top, len(labels))
        self.resize: ResizeMode = resize
        self.head = head or SoftmaxHead(network.output)
        self._open_engines = open_engines
        self._engines: dict[Goal, list[Engine]] = {}
        self._opening = threading.Lock()

    def engines(self, goal: Goal) -> list[Engine]:
        """The engines for live or for recorded work, one for each inference thread.

        Raises:
            EngineError: the runtime isn't there or refuses the network.
            ModelFileError: a file of the network is missing or damaged.
            UsageError: there is no such device.
        """
        with self._opening:
            if goal not in self._engines:
                self._engines[goal] = self._open_engines(goal)
            return self._engines[goal]

    @overload
    def classify(self, images: BgrImage) -> Prediction: ...
    @overload
    def classify(self, images: Sequence[BgrImage]) -> list[Prediction]: ...
    def classify(self, images: BgrImage | Sequence[BgrImage]) -> Prediction | list[Prediction]:
        """Classify one picture or several.

        Args:
            images: ``(H, W, 3)`` uint8 BGR, as OpenCV reads it, of any size; or a list of such.

        Returns:
            A prediction, or one for each picture of the list. Its stable label is the top label.

        Raises:
            ValueError: an array of another shape or type.
            EngineError: the runtime failed.
        """
        if isinstance(images, (list, tuple)):
            return self._classify(images)
        return self._classify([images])[0]  # type: ignore[list-item]  # what isn't a picture is refused there

    def _classify(self, images: Sequence[BgrImage]) -> list[Prediction]:
        for image in images:
            if not isinstance(image, np.ndarray):
                raise ValueError(f"expected an array (H, W, 3) uint8 BGR, received {type(image).__name__}")
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
                raise ValueError(f"expected (H, W, 3) uint8 BGR, received {image.shape} {image.dtype}")
        predictions: list[Prediction] = []
        engine = self.engines("latency")[0]
        for start in range(0, len(images), engine.batch):
            chunk = images[start : start + engine.batch]
            rgb = np.empty((len(chunk), *engine.input_size, 3), np.uint8)
            for image, row in zip(chunk, rgb, strict=True):
                resize_into(image, row, self.resize)
            rows = self.head.probabilities(engine.run(rgb))
            finished_s = time.monotonic()
            for row in rows:
                labels = self.labels.rank(row, self.top)
                predictions.append(Prediction(labels, labels[0], row, finished_s))
        return predictions

    def sample(self, bgr: BgrImage, region: Region, rgb: npt.NDArray[np.uint8]) -> None:
        """Cut a region out of a picture and resize it to the network's input.

        Args:
            bgr: ``(H, W, 3)`` uint8 BGR, any size; unchanged.
            region: what is looked at.
            rgb: ``(h, w, 3)`` uint8, contiguous; filled with the result, RGB.
        """
        resize_into(cut(bgr, region), rgb, self.resize)

    def rank(self, probabilities: npt.NDArray[np.float32]) -> tuple[Label, ...]:
        """The :attr:`top` best labels of ``(classes,)`` probabilities, best first."""
        return self.labels.rank(probabilities, self.top)

    def label(self, index: int, probability: float) -> Label:
        """The label of a class, with a probability."""
        return self.labels.label(index, probability)

    def describe(self, goal: Goal) -> str:
        """What runs, in one line: ``efficientnet-lite0 on litert int8, cpu, batch 1, 2 workers``."""
        engines = self.engines(goal)
        first = engines[0]
        devices = ", ".join(dict.fromkeys(engine.device for engine in engines))
        workers = f"{len(engines)} worker{'s' if len(engines) > 1 else ''}"
        return f"{self.network.name} on {first.name} {first.precision}, {devices}, batch {first.batch}, {workers}"

    def close(self) -> None:
        """Release the engines."""
        for engine in {id(engine): engine for group in self._engines.values() for engine in group}.values():
            engine.close()
        self._engines.clear()

    def __enter__(self) -> Classifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
