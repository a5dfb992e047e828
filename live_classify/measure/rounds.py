"""Rounds: a fixed amount of work, again and again, in turns with other work, so that a busy moment hits all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypedDict

NOISY = 0.15
"""Rounds of the same work that differ by more than this part say more of the machine than of the work."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """What time is taken from; neither ever goes back."""

    wall: Callable[[], float] = time.perf_counter
    """Seconds."""
    processor: Callable[[], float] = time.process_time
    """Seconds in which processors worked for this process, all threads together."""


class Rate(TypedDict):
    """Frames a second, measured in several rounds."""

    fps: float
    """The median round."""
    spread: float
    """Range of the rounds, as a part of the median."""
    rounds: list[float]
    """Each round, in the order in which they were run."""


class Ms(TypedDict):
    """Milliseconds that 50, 95 and 99 percent of frames didn't exceed; None where there was no frame."""

    p50: float | None
    p95: float | None
    p99: float | None


def rate_of(rounds: Sequence[float]) -> Rate:
    """Sum up what each round gave.

    Args:
        rounds: frames a second of each; at least one.
    """
    median = statistics.median(rounds)
    spread = (max(rounds) - min(rounds)) / median if median > 0 else 0.0
    return Rate(fps=round(median, 2), spread=round(spread, 4), rounds=[round(one, 2) for one in rounds])


def in_turns(works: Sequence[Callable[[], None]], rounds: int, after_round: Callable[[], None]) -> None:
    """Run every work once, then every work once more, and so on; ``after_round`` is called after each round."""
    for _ in range(rounds):
        for work in works:
            work()
        after_round()
