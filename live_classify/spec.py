"""Which network, and how it runs, as one value: from Python, the command line, to a cluster and in a manifest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from live_classify.core.errors import UsageError

if TYPE_CHECKING:
    from live_classify.classifier import Classifier
    from live_classify.core.protocols import Goal
    from live_classify.engines.select import EngineChoice, PrecisionChoice, Wishes
    from live_classify.imaging.resize import ResizeMode
    from live_classify.models.convert.calibration import Calibration
    from live_classify.models.records.labels import Labels
    from live_classify.models.records.network import Network, Precision
    from live_classify.models.records.preprocessing import Preprocessing
    from live_classify.models.weights.origin import Progress

DEFAULT_MODEL = "efficientnet-lite0"  # as in the catalogue, which takes longer to import


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """Which network, and how it runs. Equal specs load equal classifiers; a spec can be hashed, and sent elsewhere.

    :func:`load_classifier` says what each field means.

    Raises:
        UsageError: a field has a value that it can't have. Whether the engine, the device and the precision go
            together, and with the network, is checked by :meth:`load`.
    """

    model: str = DEFAULT_MODEL
    weights: Path | None = None
    labels: Path | None = None
    preprocessing: str | Preprocessing | None = None
    engine: EngineChoice = "auto"
    device: str = "auto"
    precision: PrecisionChoice = "auto"
    calibration: tuple[Path, ...] = ()
    batch: int | None = None
    top: int = 5
    resize: ResizeMode | None = None

    def __post_init__(self) -> None:
        for what, number in (("top", self.top), ("batch", 1 if self.batch is None else self.batch)):
            if type(number) is not int or number < 1:
                raise UsageError(f"top and batch count from 1: {what} can't be {number!r}")
        if self.preprocessing is not None and not isinstance(self.preprocessing, str):
            from live_classify.models.records.preprocessing import Preprocessing

            if not isinstance(self.preprocessing, Preprocessing):
                raise UsageError(
                    f"preprocessing is a name, a sidecar file or a Preprocessing, not {self.preprocessing!r}"
                )
        if self.resize is not None:
            from live_classify.imaging.resize import RESIZE_MODES

            if self.resize not in RESIZE_MODES:
                raise UsageError(f"unknown resize {self.resize}: {', '.join(RESIZE_MODES)} are known")

    @property
    def wishes(self) -> Wishes:
        """What it says of how the network runs."""
        from live_classify.engines.select import Wishes

        return Wishes(self.engine, self.precision, self.device, self.batch)

    @property
    def files(self) -> list[Path]:
        """The files that it reads, those in folders too; no output may be one of them.

        The sidecar of a model, and the names beside it, are among them.
        """
        named = [*self._model_files(), self.weights, self.labels, *self.calibration]
        if isinstance(self.preprocessing, str):
            named.append(Path(self.preprocessing))
        return [file for path in named if path is not None for file in _files_in(path)]

    def load(self, progress: Progress | None = None) -> Classifier:
        """Make the classifier; its engine is made ready at the first use.

        Args:
            progress: told of what takes long, such as weights that are fetched.

        Raises:
            UnknownModelError: there is neither a network nor a file of that name.
            UsageError: the fields contradict each other or this machine.
            ModelFileError: a file of the network, or the labels file, can't be used.
            EngineError: the runtime isn't there or refuses the network.
        """
        from live_classify.classifier import Classifier
        from live_classify.engines.select import choose, open_workers
        from live_classify.models.weights.origin import no_progress

        network = self.network()
        wishes = self.wishes
        wishes.check(network)
        samples, told = self.calibration_for(network), progress or no_progress
        return Classifier(
            network,
            self.labels_of(network),
            lambda goal: open_workers(network, choose(network, wishes, goal), goal, samples, told),
            self.top,
            self.resize or network.resize,
        )

    def network(self) -> Network:
        """The record of the network. Nothing is fetched.

        Raises:
            UnknownModelError: there is neither a network nor a file of that name.
            UsageError: weights were given for a model that has its own, or there is no such preprocessing.
            ModelFileError: a file of the network can't be used.
        """
        from live_classify.models.load import load_network

        return load_network(self.model, weights=self.weights, preprocessing=self.preprocessing)

    def labels_of(self, network: Network) -> Labels:
        """The names of the network's classes.

        Raises:
            ModelFileError: they can't be read, or don't fit the network.
        """
        from live_classify.models.records.labels import read_labels

        return network.read_labels() if self.labels is None else read_labels(self.labels, network.classes)

    def calibration_for(self, network: Network) -> Calibration:
        """The pictures that a conversion of the network to int8 learns from."""
        from live_classify.models.convert.calibration import Calibration

        return Calibration(self.calibration, self.resize or network.resize)

    def settled(self, network: Network, goal: Goal) -> NetworkSpec:
        """The same with the engine and the precision that ``auto`` stands for on this machine.

        Raises:
            UsageError: the fields contradict each other or this machine.
        """
        from live_classify.engines.select import choose

        choice = choose(network, self.wishes, goal)
        return replace(self, engine=choice.engine, precision=choice.precision)

    def identity(self, classifier: Classifier, progress: Progress | None = None) -> Mapping[str, Any]:
        """What the answers for recordings depend on, by content: a file that was moved has the same, a new one hasn't.

        Args:
            classifier: what the spec has loaded.
            progress: told of weights that are fetched.

        Returns:
            JSON values by what each of them is of; digests are SHA-256 in hexadecimal.

        Raises:
            ModelFileError: a file can't be had or read.
            SourceError: a file to calibrate with can't be read.
            UsageError: the fields contradict each other or this machine.
        """
        from live_classify.models.catalogue.networks import NETWORKS
        from live_classify.models.weights.origin import content_digest, no_progress

        network, settled = classifier.network, self.settled(classifier.network, "throughput")
        stored: Precision = "int8" if settled.precision == "int8" else "float32"  # which float16 is made of
        ready = network.litert.get(stored)
        adapted = stored == "int8" and ready is None
        labels = classifier.labels
        return {
            "model": network.name if network.name in NETWORKS else "",  # a user's file is known by its contents
            "weights": network.weights.content(progress or no_progress),
            "litert": "" if ready is None else content_digest(ready()),
            "labels": _digest("\n".join(f"{one}\t{name}" for one, name in zip(labels.ids, labels.names, strict=True))),
            "preprocessing": repr(network.preprocessing),
            "input_size": list(network.input_size),
            "fit": classifier.resize,
            "top": classifier.top,
            "engine": settled.engine,
            "precision": settled.precision,
            "calibration": self.calibration_for(network).digest() if adapted else "",
        }

    def _model_files(self) -> Iterator[Path]:
        """A model file of the user's own, and what is beside it and read with it."""
        from live_classify.models.catalogue.networks import NETWORKS
        from live_classify.models.records.sidecar import find_sidecar

        path = Path(self.model)
        if self.model.lower() in NETWORKS or not path.exists():
            return
        yield path
        located = path.resolve() if path.is_dir() else path
        yield located.with_name("labels.txt")
        sidecar = find_sidecar(located)
        if sidecar is not None:
            yield sidecar


def load_classifier(
    model: str | Path = DEFAULT_MODEL,
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
    progress: Progress | None = None,
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
    return NetworkSpec(
        model=str(model),
        weights=None if weights is None else _path("weights", weights),
        labels=None if labels is None else _path("labels", labels),
        preprocessing=preprocessing,
        engine=engine,
        device=device,
        precision=precision,
        calibration=tuple(_path("calibration", one) for one in _several("calibration", calibration)),
        batch=batch,
        top=top,
        resize=resize,
    ).load(progress)


def _path(what: str, value: object) -> Path:
    if not isinstance(value, (str, os.PathLike)):
        raise UsageError(f"{what} names a file, which {value!r} doesn't")
    return Path(value)


def _several(what: str, values: object) -> Sequence[object]:
    if not isinstance(values, (list, tuple)):
        raise UsageError(f"{what} is a list of files, not {values!r}")
    return values


def _files_in(path: Path) -> list[Path]:
    """The file, or those below the folder; none where there is neither."""
    if path.is_dir():
        return [file for file in path.rglob("*") if file.is_file()]
    return [path] if path.is_file() else []


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
