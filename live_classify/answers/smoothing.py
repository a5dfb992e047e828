"""What to tell people: one label that doesn't flicker, or "not sure"."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from live_classify.core.finite import require_finite

_MARGIN = 0.1
"""How much more probable another label must be before it takes over."""
_LOYALTY = 0.8
"""A label once shown stays until it falls below this part of the confidence that it needed to be shown."""


class StableLabel:
    """Follows the probabilities of one source and settles on a class.

    Probabilities are averaged exponentially in time, not in frames: of an answer, 1/e is left after ``smooth_s``
    seconds. So a change is taken up equally soon at 8 and at 200 frames a second. A class that is shown stays until
    another is clearly ahead.

    Args:
        smooth_s: time constant in seconds; 0 means every frame for itself, without memory.
        min_confidence: probability below which no class is named.
    """

    def __init__(self, smooth_s: float, min_confidence: float) -> None:
        self._smooth_s = smooth_s
        self._settled = Settled(min_confidence)
        self._mean: npt.NDArray[np.float32] | None = None
        self._time_s = -math.inf

    def update(self, probabilities: npt.NDArray[np.float32], time_s: float) -> tuple[int, float] | None:
        """Take one frame's answer into account.

        Args:
            probabilities: ``(classes,)`` float32.
            time_s: the frame's time in seconds; one earlier than the last starts anew.

        Returns:
            The class to show with its averaged probability, or None: not sure.

        Raises:
            EngineError: they aren't finite. They aren't taken into account.
        """
        require_finite(probabilities)
        if self._smooth_s == 0 or time_s < self._time_s:
            self._mean = None
            self._settled.forget()
        mean = self._mean = self._average(probabilities, time_s)
        self._time_s = time_s
        return self._settled.update(mean)

    def _average(self, probabilities: npt.NDArray[np.float32], time_s: float) -> npt.NDArray[np.float32]:
        if self._mean is None:
            return probabilities
        weight = np.float32(-math.expm1((self._time_s - time_s) / self._smooth_s))
        mean: npt.NDArray[np.float32] = self._mean + weight * (probabilities - self._mean)
        return mean


class Settled:
    """Settles on a class of averaged probabilities, and stays with it until another is clearly ahead.

    Args:
        min_confidence: probability below which no class is named.
    """

    def __init__(self, min_confidence: float) -> None:
        self._enter = min_confidence
        self._leave = min_confidence * _LOYALTY
        self._shown: int | None = None

    def update(self, mean: npt.NDArray[np.float32]) -> tuple[int, float] | None:
        """Take the next average, ``(classes,)`` float32.

        Returns:
            The class with its averaged probability, or None: not sure.
        """
        best = int(mean.argmax())
        shown = self._shown
        if shown is None or mean[shown] < self._leave or mean[best] - mean[shown] > _MARGIN:
            self._shown = shown = best if mean[best] >= self._enter else None
        return None if shown is None else (shown, float(mean[shown]))

    def forget(self) -> None:
        """Be loyal to nothing."""
        self._shown = None
