"""The values that travel through the program: frames, regions, activations, predictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import UsageError

BgrImage: TypeAlias = npt.NDArray[np.uint8]
"""``(H, W, 3)`` uint8, blue first: what OpenCV reads, draws on and writes."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source. Shared between threads: never write to its pixels."""

    bgr: BgrImage = field(repr=False)
    index: int
    """Position in the source's own numbering, from 0; frames that were dropped keep their numbers."""
    captured_s: float
    """When the frame had been read, in seconds on ``time.monotonic``."""
    time_s: float
    """Media time of a recording; seconds since the start of a live source."""
    source: str = ""
    """Name of the source, without a password. The pipeline stamps it: a source leaves it empty."""
    at: datetime | None = None
    """Wall-clock time of capture in UTC; None of a recording. The pipeline stamps it, too."""

    def __post_init__(self) -> None:
        if self.bgr.ndim != 3 or self.bgr.shape[2] != 3 or self.bgr.dtype != np.uint8:
            raise UsageError(f"a frame is (H, W, 3) uint8 BGR, not {self.bgr.shape} {self.bgr.dtype}")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.bgr.shape[1], self.bgr.shape[0]


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture that is looked at for itself, in parts of the picture's width and height.

    Raises:
        UsageError: it doesn't lie within the picture, or is empty.
    """

    name: str
    x: float = 0.0
    y: float = 0.0
    width: float = 1.0
    height: float = 1.0

    def __post_init__(self) -> None:
        inside = 0 <= self.x < self.x + self.width <= 1 and 0 <= self.y < self.y + self.height <= 1
        if not inside:  # NaN isn't either
            raise UsageError(f"region {self.name} is {self.x:g},{self.y:g},{self.width:g},{self.height:g}: not in 0..1")


WHOLE_PICTURE = Region("")
"""The region of whoever named none."""


@dataclass(frozen=True, slots=True, eq=False)
class Activations:
    """What a network gives for a batch of pictures."""

    scores: npt.NDArray[np.float32] = field(repr=False)
    """``(N, C)`` float32: logits or probabilities, as the network has them."""
    features: npt.NDArray[np.float32] | None = field(default=None, repr=False)
    """``(N, D)`` float32: what the last layer works on; None where the network doesn't give it."""


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
    """The network's answer for one picture: a frame, or a region of one."""

    labels: tuple[Label, ...]
    """The network's own ranking, best first: unsmoothed, never empty."""
    stable: Label | None
    """The label to show people: smoothed over time, ``None`` when not sure."""
    probabilities: npt.NDArray[np.float32] = field(repr=False)
    """``(classes,)`` float32, sums to 1."""
    finished_s: float
    """When the network was done, in seconds on ``time.monotonic``."""
    region: Region = WHOLE_PICTURE
    """What the network looked at."""
    features: npt.NDArray[np.float32] | None = field(default=None, repr=False)
    """``(D,)`` float32: what the network's last layer works on; None where it doesn't give it."""

    @property
    def top(self) -> Label:
        """The best of the network's own ranking."""
        return self.labels[0]


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """A frame with the network's answers: one for each region that was looked at."""

    frame: Frame
    predictions: tuple[Prediction, ...]
    """In the order of the regions; never empty."""

    @property
    def prediction(self) -> Prediction:
        """The first answer: the only one where no regions were named."""
        return self.predictions[0]
