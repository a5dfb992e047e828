"""The values that travel through the program: a frame, and what was said about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

BgrImage: TypeAlias = npt.NDArray[np.uint8]
"""``(H, W, 3)`` uint8, blue first: what OpenCV reads, draws on and writes."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source. Shared between threads: never write to its pixels."""

    bgr: BgrImage = field(repr=False)
    index: int
    """Position in the source's own numbering, from 0; frames that were dropped keep their numbers."""
    source: str
    """Name of the source as the user gave it, without a password."""
    captured_s: float
    """When the frame had been read, in seconds on ``time.monotonic``."""
    time_s: float
    """Media time of a recording; seconds since the start of a live source."""

    def __post_init__(self) -> None:
        if self.bgr.ndim != 3 or self.bgr.shape[2] != 3 or self.bgr.dtype != np.uint8:
            raise ValueError(f"a frame is (H, W, 3) uint8 BGR, not {self.bgr.shape} {self.bgr.dtype}")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.bgr.shape[1], self.bgr.shape[0]


@dataclass(frozen=True, slots=True)
class Label:
    """One class with its probability, 0 to 1."""

    index: int
    """Position in the network's output."""
    id: str
    """WordNet id for ImageNet (``n07920052``); empty where the labels file has none."""
    name: str
    """As in the labels file: ``water_bottle``."""
    probability: float

    @property
    def text(self) -> str:
        """The name for people: ``water bottle``."""
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the network says about one frame. It travels beside its frame."""

    labels: tuple[Label, ...]
    """The network's own ranking, best first: unsmoothed, never empty."""
    stable: Label | None
    """What to tell people: smoothed over time, ``None`` when not sure."""
    probabilities: npt.NDArray[np.float32] = field(repr=False)
    """``(classes,)`` float32, sums to 1."""
    finished_s: float
    """When the network was done, in seconds on ``time.monotonic``."""

    @property
    def top(self) -> Label:
        """The best of the network's own ranking."""
        return self.labels[0]
