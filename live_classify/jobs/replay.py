"""Answers found in one place and used in another: how the parts of a long recording become one again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from live_classify.classifier import Classifier
from live_classify.core.errors import EngineError
from live_classify.core.values import Activations


def replaying(classifier: Classifier, answers: Sequence[Path]) -> Classifier:
    """A classifier that gives the stored answers, in order, in the place of its network's."""
    engine = classifier.engines("throughput")[0]
    replay = _Replay(answers, engine.name, engine.precision, engine.device, engine.input_size)
    return Classifier(
        classifier.network, classifier.labels, lambda _: [replay], classifier.top, classifier.resize, _Finished()
    )


class _Finished:
    """A head of scores that are probabilities already."""

    def probabilities(self, activations: Activations) -> npt.NDArray[np.float32]:
        """Return the scores; see :class:`~live_classify.core.protocols.Head`."""
        return activations.scores


class _Replay:
    """An engine that looks its answers up. It stands alone, so frames come to it in order."""

    batch = 1

    def __init__(
        self, answers: Sequence[Path], name: str, precision: str, device: str, input_size: tuple[int, int]
    ) -> None:
        self.name, self.precision, self.device, self.input_size = name, precision, device, input_size
        self._rows = self._read(answers)

    def run(self, rgb: npt.NDArray[np.uint8]) -> Activations:
        """Give the next answer; see :class:`~live_classify.core.protocols.Engine`."""
        row = next(self._rows, None)
        if row is None:
            raise EngineError(f"there are fewer answers than frames (at a batch of {len(rgb)})")
        return Activations(row[np.newaxis])

    def close(self) -> None:
        """Forget the answers; see :class:`~live_classify.core.protocols.Engine`."""
        self._rows = iter(())

    @staticmethod
    def _read(answers: Sequence[Path]) -> Iterator[npt.NDArray[np.float32]]:
        path = None
        try:
            for path in answers:  # one after the other: of an hour's answers each takes hundreds of megabytes
                yield from np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise EngineError(f"cannot read the answers in {path}: {error}") from error
