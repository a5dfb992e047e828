"""Counting frames and time: what a stage does in a second, and how long it takes."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

_WINDOW_S = 1.0


class _Rates(NamedTuple):
    """What is known at a tick: one object, so that readers see all of it or none."""

    tick_s: float
    recent: float
    mean: float


class Meter:
    """Counts the frames of one stage. Written by one thread at a time; others may read.

    Args:
        clock: seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ticks: deque[tuple[float, int]] = deque()  # when, and how many frames had come then
        self._first: tuple[float, int] | None = None  # the same of the first tick
        self._rates = _Rates(-math.inf, 0.0, 0.0)
        self.frames = 0
        self.busy_s = 0.0
        """Seconds spent working."""

    def tick(self, frames: int = 1) -> None:
        """Count frames that are done now."""
        now_s = self._clock()
        self.frames += frames
        ticks = self._ticks
        ticks.append((now_s, self.frames))
        if self._first is None:
            self._first = ticks[0]
        # Two ticks stay however old: a stage slower than one frame a second has a rate too.
        while len(ticks) > 2 and ticks[0][0] < now_s - _WINDOW_S:
            ticks.popleft()
        self._rates = _Rates(now_s, _rate(ticks[0], ticks[-1]), _rate(self._first, ticks[-1]))

    @property
    def fps(self) -> float:
        """Frames a second over the last second (the last two frames where they are further apart).

        It falls towards 0 when frames stop coming.
        """
        return self.fps_at(self._clock())

    def fps_at(self, now_s: float) -> float:
        """What :attr:`fps` is, or was, at a time that is not before the last tick.

        Args:
            now_s: the time on the meter's clock.
        """
        tick_s, rate, _ = self._rates
        silent_s = now_s - tick_s
        return rate if rate == 0 or silent_s < max(_WINDOW_S, 1.5 / rate) else 1 / silent_s

    @property
    def mean_fps(self) -> float:
        """Frames a second from the first frame to the last; 0 before the second.

        So neither the wait for the first frame counts, while a camera opens or a network is made ready, nor the time
        since the last. A pause between two frames counts once it is over.
        """
        return self._rates.mean

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Count the time spent inside as work."""
        start_s = self._clock()
        try:
            yield
        finally:
            self.busy_s += self._clock() - start_s


def _rate(since: tuple[float, int], until: tuple[float, int]) -> float:
    """Frames a second between two ticks."""
    span_s = until[0] - since[0]
    return (until[1] - since[1]) / span_s if span_s > 0 else 0.0
