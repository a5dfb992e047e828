"""How a network can be run on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from live_classify.classifier import Classifier
from live_classify.core.errors import EngineError
from live_classify.core.protocols import Engine
from live_classify.engines.select import Wishes, gpu_usable, installed, litert_file, offers, open_workers
from live_classify.engines.stored import Choice
from live_classify.heads.softmax import SoftmaxHead
from live_classify.models.convert.cache import find_converted
from live_classify.models.convert.calibration import Calibration
from live_classify.models.records.labels import Labels
from live_classify.models.records.network import Network, Precision
from live_classify.models.weights.origin import Progress, no_progress
from live_classify.selfcheck.diagnosis import not_this_network

_ENGINES: tuple[str, ...] = ("keras", "litert", "openvino")


@dataclass(frozen=True, slots=True)
class Runs:
    """The engines and precisions that a network has here, and that are wanted."""

    network: Network
    labels: Labels
    calibration: Calibration
    wishes: Wishes
    """``auto`` means all."""
    progress: Progress = no_progress

    def choices(self) -> Iterator[Choice]:
        """Each of them; a call takes one picture."""
        for engine in _ENGINES:
            if not (self.wishes.engine == engine or (self.wishes.engine == "auto" and installed(engine))):
                continue
            for precision in offers(self.network, engine):
                if self.wishes.precision in {precision, "auto"}:
                    yield Choice(engine, precision, "cpu", batch=1, workers=1)
                    if engine == "keras" and gpu_usable():
                        yield Choice(engine, precision, "gpu", batch=1, workers=1)

    def is_unconverted(self, choice: Choice) -> bool:
        """Whether a conversion to int8 would come first, which takes minutes and isn't done unasked elsewhere either.

        Raises:
            ModelFileError: the weights can't be read.
        """
        if choice.precision != "int8" or "int8" in self.network.litert:
            return False
        return find_converted(self.network, "int8", self.calibration) is None

    def open(self, choice: Choice) -> Classifier:
        """Make one ready, for frames and for files alike.

        Raises:
            EngineError: the runtime isn't there, refuses the network, or its file is that of another.
            ModelFileError: a file of the network is missing or damaged.
        """
        engines = open_workers(self.network, choice, "latency", self.calibration, self.progress)
        try:
            self._require_fit(engines[0], choice)
        except EngineError:
            for engine in set(engines):
                engine.close()
            raise
        return Classifier(self.network, self.labels, lambda _: engines, resize=self.calibration.resize)

    def file(self, choice: Choice) -> Path | None:
        """The LiteRT file that an engine runs; None for Keras."""
        if choice.engine == "keras":
            return None
        precision: Precision = "int8" if choice.precision == "int8" else "float32"
        return litert_file(self.network, precision, self.calibration, self.progress)

    def _require_fit(self, engine: Engine, choice: Choice) -> None:
        file, (height, width) = self.file(choice), engine.input_size
        answer = engine.run(np.zeros((1, height, width, 3), np.uint8))
        classes = SoftmaxHead(self.network.output).probabilities(answer).shape[1]
        if file is not None and (engine.input_size, classes) != (self.network.input_size, self.network.classes):
            raise EngineError(f"{not_this_network(file)} (it has {width}x{height} pixels and {classes} classes)")
