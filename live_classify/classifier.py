"""The classifier: a network made ready, with the names of its classes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import overload

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import UsageError
from live_classify.core.protocols import Engine, Goal, Head
from live_classify.core.values import BgrImage, Label, Prediction, Region
from live_classify.engines.select import EngineChoice, PrecisionChoice, Wishes, choose, open_workers
from live_classify.heads.softmax import SoftmaxHead
from live_classify.imaging.regions import cut
from live_classify.imaging.resize import RESIZE_MODES, ResizeMode, resize_into
from live_classify.models.catalogue.networks import DEFAULT
from live_classify.models.convert.calibration import Calibration
from live_classify.models.load import load_network
from live_classify.models.records.labels import Labels, read_labels
from live_classify.models.records.network import Network
from live_classify.models.records.preprocessing import Preprocessing
from live_classify.models.weights.origin import Progress, no_progress


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
        engine: ``litert`` (CPU), ``keras`` (CPU or GPU), ``openvino`` (x86, an extra) or ``auto``.
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
