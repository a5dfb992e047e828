"""The classifier: a network made ready, with the names of its classes."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import EngineError, UsageError
from live_classify.core.protocols import Engine, Goal, Head
from live_classify.core.values import Activations, BgrImage, Prediction
from live_classify.engines.select import EngineChoice, PrecisionChoice, Wishes, choose, open_workers
from live_classify.engines.shared import SharedEngines
from live_classify.heads.softmax import SoftmaxHead
from live_classify.imaging.resize import RESIZE_MODES, ResizeMode, resize_into
from live_classify.models.catalogue.networks import DEFAULT
from live_classify.models.convert.calibration import Calibration
from live_classify.models.load import load_network
from live_classify.models.records.labels import Labels, read_labels
from live_classify.models.records.network import Network
from live_classify.models.records.preprocessing import Preprocessing
from live_classify.models.weights.origin import Progress, no_progress
from live_classify.sources.images import Colour, PilImage, pictures


class Classifier:
    """A network on an engine. :func:`load_classifier` makes one. Threads and streams may share it.

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
            ``(D,)`` float32 of one picture, ``(N, D)`` of several.

        Raises:
            UsageError: what is no picture, or none at all.
            SourceOpenError: a file that can't be read.
            EngineError: the network gives no features on this engine; the runtime failed, or the classifier is closed.
        """
        given, several = pictures(images, colour)
        rows: list[npt.NDArray[np.float32]] = []
        for activations in self._run(given):
            if activations.features is None:
                raise EngineError(f"{self.describe('latency')} gives no features")
            rows.append(activations.features)
        if not rows:
            raise UsageError("expected at least one picture, received none")
        return np.concatenate(rows) if several else rows[0][0]

    def _run(self, given: Iterator[BgrImage]) -> Iterator[Activations]:
        """What the network gives for pictures, in batches that the engine takes."""
        engine = self.engines("latency")[0]
        while chunk := list(itertools.islice(given, engine.batch)):
            rgb = np.empty((len(chunk), *engine.input_size, 3), np.uint8)
            for image, row in zip(chunk, rgb, strict=True):
                resize_into(image, row, self.resize)
            yield engine.run(rgb)

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


def load_classifier(
    model: str | Path = DEFAULT,
    *,
    weights: str | Path | None = None,
    labels: str | Path | None = None,
    preprocessing: str | Preprocessing | None = None,
    engine: EngineChoice = "auto",
    device: str = "auto",
    precision: PrecisionChoice = "auto",
    calibration: Sequence[str | Path] = (),
    batch: int | None = None,
    top: int = 5,
    resize: ResizeMode | None = None,
    progress: Progress = no_progress,
) -> Classifier:
    """Make a network ready.

    Args:
        model: name of a network (``live-classify models`` lists them), or a model file: ``.keras``, ``.h5``,
            ``.tflite``, or the folder of a SavedModel.
        weights: a file of weights for a network of the catalogue, as Keras saves them (``.h5``, ``.weights.h5``), in
            place of the published ones.
        labels: a file of class names in place of the network's own: one a line, or index, id and name parted by tabs.
        preprocessing: of the pixels, where neither the catalogue nor a sidecar file says it: ``none`` (RGB 0..255),
            ``unit`` (0..1), ``tf`` (-1..1), ``torch``, ``caffe``, or a sidecar file.
        engine: ``litert`` (CPU), ``keras`` (CPU or GPU), ``openvino`` (x86, an extra), ``auto``, or one that
            was registered (:func:`~live_classify.engines.registry.register`).
        device: ``cpu``, ``gpu`` (all of them), ``gpu:N`` or ``auto``.
        precision: ``float32``, ``float16`` (keras, openvino), ``int8`` (litert, openvino) or ``auto``.
        calibration: pictures, recordings and folders of such that resemble what will be classified; a network that is
            converted to int8 is adapted to them. Without any, to the shipped clip.
        batch: frames a call at the most; None is what suits the engine.
        top: how many labels a prediction ranks.
        resize: how pictures are resized to the network's input: ``crop``, ``squash`` or ``pad``; None is what the
            model's sidecar says, or ``crop``.
        progress: told of what takes long, such as weights that are fetched; see
            :data:`~live_classify.models.weights.origin.Progress`.

    Returns:
        A classifier; its engine is made ready at the first use, which is when weights are fetched and converted.

    Raises:
        UnknownModelError: neither a network nor a file of that name.
        UsageError: the other options contradict each other or this machine.
        ModelFileError: a file of the network, or the labels file, can't be used.
        EngineError: the runtime isn't there or refuses the network.
    """
    if top < 1 or (batch is not None and batch < 1):
        raise UsageError(f"top and batch count from 1, not {top if top < 1 else batch}")
    if resize is not None and resize not in RESIZE_MODES:
        raise UsageError(f"unknown resize {resize}: {', '.join(RESIZE_MODES)} are known")
    network = load_network(
        str(model),
        weights=None if weights is None else Path(weights),
        preprocessing=preprocessing,
    )
    wishes = Wishes(engine, precision, device, batch)
    wishes.check(network)
    names = network.read_labels() if labels is None else read_labels(Path(labels), network.classes)
    resize = resize or network.resize
    samples = Calibration(tuple(map(Path, calibration)), resize)

    def open_engines(goal: Goal) -> list[Engine]:
        return open_workers(network, choose(network, wishes, goal), goal, samples, progress)

    return Classifier(network, names, open_engines, top, resize)
