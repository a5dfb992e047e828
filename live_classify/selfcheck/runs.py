"""How a network can be run on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from live_classify.classifier import Classifier
from live_classify.core.errors import EngineError
from live_classify.core.protocols import Engine
from live_classify.engines.litert_files import litert_file
from live_classify.engines.registry import engines, find_engine
from live_classify.engines.select import Wishes, offers, open_workers
from live_classify.engines.stored import Choice
from live_classify.heads.softmax import SoftmaxHead
from live_classify.models.convert.cache import find_converted
from live_classify.models.convert.calibration import Calibration
from live_classify.models.records.labels import Labels
from live_classify.models.records.network import Network
from live_classify.models.weights.origin import Progress, no_progress
from live_classify.selfcheck.diagnosis import not_this_network


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
        # First those that run the network as it is, then those that run what was made of it.
        for spec in sorted(engines(), key=lambda spec: spec.runs_litert):
            if not (self.wishes.engine == spec.name or (self.wishes.engine == "auto" and spec.installed)):
                continue
            for precision in offers(self.network, spec):
                if self.wishes.precision in {precision, "auto"}:
                    yield Choice(spec.name, precision, "cpu", batch=1, workers=1)
                    if spec.gpu_usable:
                        yield Choice(spec.name, precision, "gpu", batch=1, workers=1)

    def refusal(self, choice: Choice) -> str | None:
        """Why this machine can't run a choice, healthy as it may be; None if it can."""
        spec = find_engine(choice.engine)
        return spec.refuses(choice.precision) if spec.installed else None

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
        """The LiteRT file that an engine runs; None where it runs the network as it is."""
        if self.network.construct is not None and not find_engine(choice.engine).runs_litert:
            return None
        return litert_file(self.network, choice.precision, self.calibration, self.progress)

    def _require_fit(self, engine: Engine, choice: Choice) -> None:
        file, (height, width) = self.file(choice), engine.input_size
        answer = engine.run(np.zeros((1, height, width, 3), np.uint8))
        classes = SoftmaxHead(self.network.output).probabilities(answer).shape[1]
        if file is not None and (engine.input_size, classes) != (self.network.input_size, self.network.classes):
            raise EngineError(f"{not_this_network(file)} (it has {width}x{height} pixels and {classes} classes)")
