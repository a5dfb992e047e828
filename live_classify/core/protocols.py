"""What users may implement, and what the rooms know of each other: sources, engines, heads, sinks."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from live_classify.core.events import Event, SignalLost, SignalRestored
from live_classify.core.values import Activations, Answered, BgrImage, Frame, Label, Region

Goal: TypeAlias = Literal["latency", "throughput"]
"""``latency``: one answer as soon as possible, for live sources. ``throughput``: the most answers, for recordings."""

Signal: TypeAlias = SignalLost | SignalRestored


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """What a source knows of itself at a moment."""

    frame_rate: float | None = None
    """Frames a second as the header claims them, once open; a hint, often wrong."""
    frame_count: int | None = None
    """Frames as the header claims them, once open; a hint, often wrong."""
    decode_errors: int = 0
    """Damaged frames that could not be decoded so far."""
    reconnects: int = 0
    """How often a signal that was lost came back."""
    silent_since_s: float | None = None
    """Since when there has been no signal, on ``time.monotonic``; None while there is one."""


@runtime_checkable
class Source(Protocol):
    """A camera, a recording or a still picture. One thread reads it; others may ask for its status."""

    name: str
    """As the user gave it, without a password."""

    def frames(self, stop: threading.Event) -> Iterator[Frame | Signal]:
        """Open the source and read it to its end. An iterator that has ``close()`` is closed when reading ends early.

        Args:
            stop: set from another thread to end any wait for the next frame's time.

        Yields:
            Frames, numbered from 0; of a source that is connected again, also when its signal was lost and came back.

        Raises:
            SourceOpenError: there is no such device or file, or it can't be read as video.
            SourceReadError: it ended before its time; every frame that could be decoded has been given.
        """

    def status(self) -> SourceStatus:
        """How it is now; any thread may ask."""


class Engine(Protocol):
    """A network made ready on a device."""

    name: str
    """Of its runtime: ``litert``."""
    precision: str
    device: str
    """Where it runs, in words: ``cpu``, ``gpu:0``."""
    input_size: tuple[int, int]
    """Height and width of the pictures it takes."""
    batch: int
    """The largest number of pictures it takes in one call."""

    def run(self, rgb: npt.NDArray[np.uint8]) -> Activations:
        """Run the network; waits for the result. Several threads may call it; where the runtime can't, they take turns.

        Args:
            rgb: ``(N, H, W, 3)`` uint8 RGB at :attr:`input_size`, N from 1 to :attr:`batch`.

        Returns:
            Scores ``(N, C)`` float32, and features ``(N, D)`` float32 where the network gives them.

        Raises:
            EngineError: the runtime failed.
        """

    def close(self) -> None:
        """Release what it holds. Not while a call is under way."""


class Head(Protocol):
    """Turns activations into probabilities over labels."""

    def probabilities(self, activations: Activations) -> npt.NDArray[np.float32]:
        """Return ``(N, labels)`` float32 probabilities; rows sum to 1.

        Raises:
            EngineError: the activations aren't finite.
        """


@runtime_checkable
class Recognizer(Protocol):
    """What a pipeline runs: a network ready to answer. :class:`~live_classify.classifier.Classifier` is one."""

    @property
    def head(self) -> Head:
        """Turns the engines' activations into probabilities."""

    def engines(self, goal: Goal) -> Sequence[Engine]:
        """The engines for live or for recorded work, one for each inference thread."""

    def sample(self, bgr: BgrImage, region: Region, rgb: npt.NDArray[np.uint8]) -> None:
        """Cut a region out of a picture and resize it to the network's input.

        Args:
            bgr: ``(H, W, 3)`` uint8 BGR, any size; unchanged.
            region: what is looked at.
            rgb: ``(h, w, 3)`` uint8, contiguous; filled with the result, RGB.
        """

    def rank(self, probabilities: npt.NDArray[np.float32]) -> tuple[Label, ...]:
        """The most probable labels of ``(labels,)`` probabilities, best first; at least one."""

    def label(self, index: int, probability: float) -> Label:
        """The label of a class, with a probability."""


class Sink(Protocol):
    """Something that is written or told: a video file, a log. Used by one thread."""

    def write(self, answered: Answered) -> None:
        """Take one classified frame. Called once for each, in order.

        Raises:
            OutputError: it could not be written; the message names the file.
        """

    def close(self) -> None:
        """Flush, and leave a file that can be read. Safe to call twice, and called after a failure too.

        Raises:
            OutputError: the file could not be finished.
        """


class EventSink(Protocol):
    """Something that is told of events. Used by one thread."""

    def handle(self, event: Event) -> None:
        """Take one event. Called once for each, in order.

        Raises:
            OutputError: it could not be told.
        """

    def close(self) -> None:
        """Flush and release. Safe to call twice, and called after a failure too."""
