"""Stand-ins that implement the real protocols."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from live_classify.classifier import Classifier
from live_classify.core.events import Event
from live_classify.core.protocols import Signal, SourceStatus
from live_classify.core.values import Activations, Answered, Frame, Prediction
from live_classify.heads.softmax import SoftmaxHead
from live_classify.measure.rounds import Clocks
from live_classify.models.catalogue.lite_weights import LITE0
from live_classify.models.records.labels import Labels

Item = TypeVar("Item", bound="Frame | Signal")

CLASSES = 256
GREY_HEAD = SoftmaxHead("probabilities")
"""For the scores of :class:`GreyEngine`."""


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.worked_s = 5.0
        """What processors have worked."""

    def __call__(self) -> float:
        return self.now_s

    def work(self, seconds: float, processors: float = 1.0) -> None:
        """Let time pass in which so many processors work."""
        self.now_s += seconds
        self.worked_s += processors * seconds

    def cost(self, seconds: float) -> Callable[[object], None]:
        """What something that takes that long does."""
        return lambda _: self.work(seconds)

    @property
    def clocks(self) -> Clocks:
        """The clocks of a measurement that go by this one."""
        return Clocks(self, lambda: self.worked_s)


def grey_frame(level: int, index: int = 0, source: str = "test", time_s: float | None = None) -> Frame:
    """A small frame of one grey level, which :class:`GreyEngine` recognises."""
    bgr = np.full((6, 8, 3), level, np.uint8)
    return Frame(bgr, index, time.monotonic(), index / 25 if time_s is None else time_s, source)


class GreyEngine:
    """Says which grey a picture is: class 7 for level 7.

    Args:
        before: called with each batch before it is answered, to wait or to fail.
    """

    name = "litert"
    precision = "float32"
    device = "cpu"
    input_size = (4, 4)

    def __init__(self, batch: int = 1, before: Callable[[npt.NDArray[np.uint8]], None] = lambda _: None) -> None:
        self.batch = batch
        self.sizes: list[int] = []
        self._before = before
        self._calling = threading.Lock()

    def run(self, rgb: npt.NDArray[np.uint8]) -> Activations:
        assert self._calling.acquire(blocking=False), "two calls at a time"
        try:
            assert rgb.shape[1:] == (*self.input_size, 3)
            assert 1 <= len(rgb) <= self.batch
            self.sizes.append(len(rgb))
            levels = rgb[:, 0, 0, 0].copy()
            self._before(rgb)
            return Activations(np.eye(CLASSES, dtype=np.float32)[levels])
        finally:
            self._calling.release()

    def close(self) -> None:
        pass


def grey_classifier(*engines: GreyEngine) -> Classifier:
    names = tuple(f"grey_{level}" for level in range(CLASSES))
    chosen = list(engines) or [GreyEngine()]
    return Classifier(LITE0, Labels(("",) * CLASSES, names), lambda _: [*chosen], top=3, head=GREY_HEAD)


class ItemSource(Generic[Item]):
    """Gives what a list or generator holds, frames and signals, then ends or fails."""

    def __init__(self, frames: Iterable[Item], name: str = "test", then: Exception | None = None) -> None:
        self.name = name
        self.released = False
        self.known = SourceStatus()
        self._frames = frames
        self._then = then

    def frames(self, stop: threading.Event) -> Generator[Item, None, None]:
        try:
            for frame in self._frames:
                if stop.is_set():
                    return
                yield frame
            if self._then is not None:
                raise self._then
        finally:
            self.released = True

    def status(self) -> SourceStatus:
        return self.known


class ListSource(ItemSource[Frame]):
    """Gives frames and nothing else."""


def at_once() -> Iterator[float]:
    """Pauses between the attempts of a source that reconnects: none."""
    return itertools.repeat(0.0)


class Collector:
    """A sink that keeps what it gets.

    Args:
        before: called before each write, to wait or to fail.
    """

    def __init__(self, before: Callable[[Frame], None] = lambda _: None) -> None:
        self.answered: list[Answered] = []
        self.closed = 0
        self._before = before

    def write(self, answered: Answered) -> None:
        self._before(answered.frame)
        self.answered.append(answered)

    def close(self) -> None:
        self.closed += 1

    @property
    def written(self) -> Sequence[tuple[Frame, Prediction]]:
        return [(answered.frame, answered.prediction) for answered in self.answered]

    @property
    def indices(self) -> Sequence[int]:
        return [answered.frame.index for answered in self.answered]


class Listener:
    """A sink of events that keeps what it is told.

    Args:
        before: called before each event, to wait or to fail.
    """

    def __init__(self, before: Callable[[Event], None] = lambda _: None) -> None:
        self.events: list[Event] = []
        self.closed = 0
        self._before = before

    def handle(self, event: Event) -> None:
        self._before(event)
        self.events.append(event)

    def close(self) -> None:
        self.closed += 1
