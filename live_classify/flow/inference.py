"""From frames to probabilities: threads that each run an engine, and hand their answers on in the frames' order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from live_classify.core.protocols import Engine, Recognizer
from live_classify.core.values import Frame, Label, Region
from live_classify.flow.buffer import Buffer
from live_classify.flow.in_order import InOrder
from live_classify.flow.meter import Meter


class Answer(NamedTuple):
    """What the network says of one picture: ranked on the thread that ran it, while others run theirs."""

    labels: tuple[Label, ...]
    """Best first."""
    probabilities: npt.NDArray[np.float32]
    """``(labels,)`` float32."""
    features: npt.NDArray[np.float32] | None
    """``(D,)`` float32."""


@dataclass(frozen=True, slots=True)
class AnsweredBatch:
    """Frames with their answers, in order."""

    frames: Sequence[Frame]
    answers: Sequence[Sequence[Answer]]
    """Of each frame, one for each region."""
    finished_s: float
    """When the network was done, in seconds on ``time.monotonic``."""
    still: int = 0
    """Of the frames, those of which nothing was fresh."""


class FreshFilter(Protocol):
    """Tells which pictures need an answer of their own. Used by one thread at a time."""

    def is_fresh(self, rgb: npt.NDArray[np.uint8], source: str, region: str) -> bool:
        """Whether a picture must be classified; if not, it takes the answer of the last one that was.

        Args:
            rgb: ``(H, W, 3)`` uint8, resized to the network's input.
            source: name of the source it comes from; the first picture of a source is always fresh.
            region: name of the region it shows.
        """


@dataclass(frozen=True, slots=True)
class _Work:
    frames: Sequence[Frame]
    answers: Sequence[Answer | None]
    """One for each region of each frame; None: that of the picture before."""
    finished_s: float


class Inference:
    """The work of the inference threads; each runs :meth:`work` with an engine of its own.

    Args:
        frames: where frames wait.
        deliver: takes the answers to each batch, in the order in which its frames were taken. It is called by one
            thread at a time and may wait: then no more frames are taken.
        recognizer: samples pictures and makes probabilities of activations.
        regions: what is looked at in each frame.
        workers: how many threads there will be.
        fresh_filter: which pictures need an answer of their own; None: all do.
    """

    def __init__(
        self,
        frames: Buffer[Frame],
        deliver: Callable[[AnsweredBatch], None],
        recognizer: Recognizer,
        regions: Sequence[Region],
        workers: int,
        fresh_filter: FreshFilter | None = None,
    ) -> None:
        self._frames = frames
        self._deliver = deliver
        self._recognizer = recognizer
        self._regions = regions
        self._fresh_filter = fresh_filter
        self._last: dict[str, Answer] = {}  # of each region, the answer that still pictures take
        self._taking = threading.Lock()
        self._taken = 0
        self._order: InOrder[_Work] = InOrder(self._hand_on, ahead=2 * workers)

    def work(self, engine: Engine, meter: Meter) -> None:
        """Classify frames until there are no more: the body of one thread."""
        at_a_time = max(1, engine.batch // len(self._regions))
        pictures = np.empty((at_a_time * len(self._regions), *engine.input_size, 3), np.uint8)
        while True:
            with self._taking:  # one thread waits for frames, the others for it: so numbers follow the frames' order
                frames = self._frames.take(at_a_time)
                number = self._taken
                self._taken += 1
                fresh = None if self._fresh_filter is None else self._sample_fresh(frames, pictures)
            if not frames:
                return
            with meter.busy():
                if fresh is None:
                    self._sample(frames, pictures)
                    fresh = [True] * (len(frames) * len(self._regions))
                answers = self._run(engine, pictures[: sum(fresh)])
                answered = [next(answers) if is_new else None for is_new in fresh]
            meter.tick(sum(fresh))
            self._order.put(number, _Work(frames, answered, time.monotonic()))

    def abort(self) -> None:
        """Wake threads that wait for the answer to an earlier frame, which will not come."""
        self._order.abort()

    def _sample(self, frames: Sequence[Frame], pictures: npt.NDArray[np.uint8]) -> None:
        rows = iter(pictures)
        for frame in frames:
            for region in self._regions:
                self._recognizer.sample(frame.bgr, region, next(rows))

    def _sample_fresh(self, frames: Sequence[Frame], pictures: npt.NDArray[np.uint8]) -> list[bool]:
        """Sample the pictures that must be classified, and say which they are. One thread at a time."""
        assert self._fresh_filter is not None  # noqa: S101 (for the type checker)
        fresh: list[bool] = []
        for frame in frames:
            for region in self._regions:
                row = pictures[sum(fresh)]
                self._recognizer.sample(frame.bgr, region, row)
                fresh.append(self._fresh_filter.is_fresh(row, frame.source, region.name))
        return fresh

    def _run(self, engine: Engine, pictures: npt.NDArray[np.uint8]) -> Iterator[Answer]:
        for start in range(0, len(pictures), engine.batch):
            activations = engine.run(pictures[start : start + engine.batch])
            probabilities, features = self._recognizer.head.probabilities(activations), activations.features
            for number, row in enumerate(probabilities):
                labels = self._recognizer.rank(row)
                yield Answer(labels, row, None if features is None else features[number])

    def _hand_on(self, work: _Work) -> None:
        answers = iter(work.answers)
        batch: list[list[Answer]] = []
        still = 0
        for _ in work.frames:
            of_frame = zip(self._regions, answers, strict=False)  # takes as many answers as there are regions
            fresh = {region.name: answer for region, answer in of_frame if answer is not None}
            self._last |= fresh
            still += not fresh
            # The first picture of a source is always fresh: so there is a last answer for one that is still.
            batch.append([self._last[region.name] for region in self._regions])
        self._deliver(AnsweredBatch(work.frames, batch, work.finished_s, still))
