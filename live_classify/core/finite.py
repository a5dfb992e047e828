"""Numbers that can be counted with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import EngineError


def require_finite(probabilities: npt.NDArray[np.float32]) -> None:
    """Raise EngineError unless all probabilities are finite: a single NaN would stay in every average after it."""
    if not np.isfinite(probabilities).all():
        raise EngineError("the network's answer can't be used: its probabilities aren't finite")
