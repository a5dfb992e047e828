"""Every frame's probabilities as a file, for another job to go on with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import OutputError
from live_classify.core.values import Answered


class AnswersSink:
    """A sink that keeps every frame's probabilities, and writes them as a ``.npy`` file when it is closed.

    The file holds ``(frames, classes)`` float32.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[npt.NDArray[np.float32]] = []

    def write(self, answered: Answered) -> None:
        """Take one classified frame; see :class:`~live_classify.core.protocols.Sink`."""
        self._rows.append(answered.prediction.probabilities)

    def close(self) -> None:
        """Write the file; see :class:`~live_classify.core.protocols.Sink`."""
        if not self._rows:
            return
        try:
            with self._path.open("wb") as file:
                np.save(file, np.stack(self._rows))
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror}") from error
        self._rows = []
