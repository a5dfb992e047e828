"""The classifier: a network made ready, with the names of its classes."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import EngineError, UsageError
from live_classify.core.protocols import Engine, Goal, Head
from live_classify.core.values import Activations, BgrImage, Label, Prediction, Region
from live_classify.engines.shared import SharedEngines
from live_classify.heads.softmax import SoftmaxHead
from live_classify.imaging.regions import cut
from live_classify.imaging.resize import ResizeMode, resize_into
from live_classify.models.records.labels import Labels
from live_classify.models.records.network import Network
from live_classify.sources.images import Colour, PilImage, pictures


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
        self._engines = SharedEngines(open_engines)

    def engines(self, goal: Goal) -> list[Engine]:
        """The engines for live or for recorded work, one for each inference thread.

        They are the classifier's: closing one does nothing, and once the classifier is closed their calls raise
        EngineError. Calls of two threads may meet on one engine, as of two pipelines: they overlap or take turns.

        Raises:
            EngineError: the classifier is closed; the runtime isn't there or refuses the network.
            ModelFileError: a file of the network is missing or damaged.
            UsageError: there is no such device.
        """
        return self._engines.of(goal)

    @overload
    def classify(
        self, images: npt.NDArray[np.uint8] | str | os.PathLike[str] | PilImage, colour: Colour = "bgr"
    ) -> Prediction: ...
    @overload
    def classify(self, images: list[Any] | tuple[Any, ...], colour: Colour = "bgr") -> list[Prediction]: ...
    def classify(self, images: object, colour: Colour = "bgr") -> Prediction | list[Prediction]:
        """Classify one picture or several, of any size.

        Args:
            images: an array, uint8: ``(H, W, 3)``; ``(H, W)`` grey; ``(H, W, 4)``, whose alpha channel is left out;
                or ``(N, H, W, 3)``, several. The path of a picture, or a picture of PIL; both are turned as their EXIF
                orientation says. Or a list or tuple of any of these.
            colour: the order of an array's channels: ``bgr``, as OpenCV reads it, or ``rgb``. Files and pictures of
                PIL know theirs.

        Returns:
            A prediction; of a list, a tuple or an array of several a list with one for each picture. (For a type
            checker an array is one picture: give it ``[*batch]``.) The stable label is the top label.

        Raises:
            UsageError: what is no picture, such as an array of another shape or type.
            SourceOpenError: a file that can't be read.
            EngineError: the runtime failed, or the classifier is closed.
        """
        given, several = pictures(images, colour)
        predictions: list[Prediction] = []
        for activations in self._run(given):
            rows = self.head.probabilities(activations)
            finished_s = time.monotonic()
            for number, row in enumerate(rows):
                labels = self.labels.rank(row, self.top)
                features = None if activations.features is None else activations.features[number]
                predictions.append(Prediction(labels, labels[0], row, finished_s, features=features))
        return predictions if several else predictions[0]

    def features(self, images: object, colour: Colour = "bgr") -> npt.NDArray[np.float32]:
        """What the network's last layer works on: pictures that look alike have features that lie close together.

        Args:
            images: one picture or several, as for :meth:`classify`.
            colour: the order of an array's channels.

        Returns:
            ``(N, D)`` float32, a row for each picture.

        Raises:
            UsageError: what is no picture, or none at all.
            SourceOpenError: a file that can't be read.
            EngineError: the network gives no features on this engine; the runtime failed, or the classifier is closed.
        """
        given, _ = pictures(images, colour)
        rows: list[npt.NDArray[np.float32]] = []
        for activations in self._run(given):
            if activations.features is None:
                raise EngineError(f"{self.describe('latency')} gives no features")
            rows.append(activations.features)
        if not rows:
            raise UsageError("expected at least one picture, received none")
        return np.concatenate(rows)

    def _run(self, given: Iterator[BgrImage]) -> Iterator[Activations]:
        """What the network gives for pictures, in batches that the engine takes."""
        engine = self.engines("latency")[0]
        while chunk := list(itertools.islice(given, engine.batch)):
            rgb = np.empty((len(chunk), *engine.input_size, 3), np.uint8)
            for image, row in zip(chunk, rgb, strict=True):
                resize_into(image, row, self.resize)
            yield engine.run(rgb)

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
        """Release the engines, after the calls under way; later ones raise EngineError. Safe to call twice.

        An engine that hangs is left behind after two seconds.
        """
        self._engines.close()

    def __enter__(self) -> Classifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
