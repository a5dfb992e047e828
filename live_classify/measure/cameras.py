"""How many cameras this machine keeps up with, found by running them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

FPS = 30.0
_KEPT_UP = 0.95
"""Of a camera's frames that must be classified: of a few seconds, some fall to the first and the last moment."""
_MOST_RUNS = 5


class CameraRun(TypedDict):
    """One number of cameras, tried."""

    cameras: int
    share: float
    """Part of the frames due that were classified, of the camera that fared worst; 0 to 1."""


class Cameras(TypedDict):
    """How many cameras this machine sustains."""

    fps: float
    """Of each camera."""
    sustained: int
    """The most of which every one kept 95% of its frames."""
    at_least: bool
    """Whether more weren't tried."""
    runs: list[CameraRun]
    """What was tried, by the number of cameras."""


def find_sustained(run: Callable[[int], float], guess: int) -> Cameras:
    """Look for the most cameras of which every frame is classified.

    Args:
        run: runs a number of cameras; gives the part of its frames that were classified of the one that fared worst.
        guess: where to begin.
    """
    runs: list[CameraRun] = []
    kept, lost = 0, None  # the most cameras that were kept up with, the fewest that weren't
    count = max(guess, 1)
    while len(runs) < _MOST_RUNS:
        share = run(count)
        runs.append(CameraRun(cameras=count, share=round(min(share, 1.0), 3)))
        if share >= _KEPT_UP:
            kept = count
        else:
            lost = count
        if lost is None:
            count = kept + max(1, kept // 4)
        elif lost - kept == 1:
            break
        elif kept == 0:
            count = min(lost - 1, max(1, int(lost * share)))  # about as many were too many as frames were lost
        else:
            count = (kept + lost) // 2
    ordered = sorted(runs, key=lambda one: one["cameras"])
    return Cameras(fps=FPS, sustained=kept, at_least=lost is None or lost - kept > 1, runs=ordered)
