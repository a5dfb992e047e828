"""From frames to probabilities: threads that each run an engine, and hand their answers on in the frames' order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from live_classify.core.protocols import Engine, Head
from live_classify.core.values import Frame
from live_classify.flow.buffer import Buffer
from live_classify.flow.meter import Meter
from live_classify.imaging.resize import ResizeMode, resize_into
from live_classify.imaging.still_frames import StillFrames

T = TypeVar("T")

Answer: TypeAlias = tuple[Frame, npt.NDArray[np.float32]]
"""A frame and its probabilities."""
_Work: TypeAlias = tuple[list[Frame], list[npt.NDArray[np.float32] | None], float]
"""Frames, the probabilities of each (None: those of the frame before), and when they were there."""


class Inference:
    """The work of the inference threads; each runs :meth:`work` with an engine of its own.

    Args:
        frames: where frames wait.
        deliver: takes ``(answers, finished_s)`` for each batch, in the order in which they were taken; the answers are
            pairs of a frame and its probabilities. It is called by one thread at a time and may wait: then no more
            frames are taken.
        head: turns activations into probabilities.
        resize: how frames are resized to the network's input.
        workers: how many threads there will be.
        still: which frames needn't be classified, since they take the answer of the last one that was; None: all need.
    """

    def __init__(
        self,
        frames: Buffer[Frame],
        deliver: Callable[[list[Answer], float], None],
        head: Head,
        resize: ResizeMode,
        workers: int,
        still: StillFrames | None = None,
    ) -> None:
        self._frames = frames
        self._deliver = deliver
        self._head = head
        self._resize = resize
        self._still = still
        self._last: npt.NDArray[np.float32] | None = None  # the answer that still frames take
        self._taking = threading.Lock()
        self._taken = 0
        self._order: InOrder[_Work] = InOrder(self._hand_on, ahead=2 * workers)

    def work(self, engine: Engine, meter: Meter) -> None:
        """Classify frames until there are no more: the body of one thread."""
        batch = np.empty((engine.batch, *engine.input_size, 3), np.uint8)
        while True:
            with self._taking:  # one thread waits for frames, the others for it: so numbers follow the frames' order
                frames = self._frames.take(engine.batch)
                number = self._taken
                self._taken += 1
                fresh = self._resize_fresh(frames, batch) if self._still is not None else [True] * len(frames)
            if not frames:
                return
            with meter.busy():
                if self._still is None:
                    for frame, row in zip(frames, batch, strict=False):
                        resize_into(frame.bgr, row, self._resize)
                count = sum(fresh)
                answers = iter(self._head.probabilities(engine.run(batch[:count])) if count else ())
            meter.tick(count)
            rows: list[npt.NDArray[np.float32] | None] = [next(answers) if is_new else None for is_new in fresh]
            self._order.put(number, (frames, rows, time.monotonic()))

    def _resize_fresh(self, frames: list[Frame], batch: npt.NDArray[np.uint8]) -> list[bool]:
        """Resize the frames that must be classified into the batch, and say which they are. One thread at a time."""
        assert self._still is not None  # noqa: S101 (for the type checker)
        fresh: list[bool] = []
        for frame in frames:
            row = batch[sum(fresh)]
            resize_into(frame.bgr, row, self._resize)
            fresh.append(self._still.is_fresh(row, frame.source))
        return fresh

    def abort(self) -> None:
        """Wake threads that wait for the answer to an earlier frame, which will not come."""
        self._order.abort()

    def _hand_on(self, work: _Work) -> None:
        frames, rows, finished_s = work
        answers: list[Answer] = []
        for frame, row in zip(frames, rows, strict=True):
            self._last = self._last if row is None else row
            if self._last is not None:  # the first frame of all is always classified
                answers.append((frame, self._last))
        self._deliver(answers, finished_s)


class InOrder(Generic[T]):
    """Puts numbered work that is finished out of order back into order.

    Args:
        hand_on: takes the work, number 0 first; called by one thread at a time.
        ahead: how far ahead of a missing one finished work may be; so a slow thread bounds the memory of the others.
    """

    def __init__(self, hand_on: Callable[[T], None], ahead: int) -> None:
        self._hand_on = hand_on
        self._ahead = ahead
        self._changed = threading.Condition()
        self._finished: dict[int, T] = {}
        self._next = 0
        self._aborted = False

    def put(self, number: int, work: T) -> None:
        """Give finished work; returns once it was handed on, or is kept for whoever brings what is missing."""
        with self._changed:
            self._changed.wait_for(lambda: self._aborted or number < self._next + self._ahead)
            self._finished[number] = work
            while not self._aborted and self._next in self._finished:
                self._hand_on(self._finished.pop(self._next))
                self._next += 1
                self._changed.notify_all()

    def abort(self) -> None:
        """Hand nothing more on, and wake all that wait."""
        self._aborted = True  # before the lock: whoever holds it may be waiting inside hand_on
        with self._changed:
            self._changed.notify_all()
