"""Segments: the stretches of a recording that have one stable label, found by looking ahead as well as back."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from live_classify.answers.smoothing import Settled
from live_classify.core.finite import require_finite
from live_classify.core.values import Label

_LOOKAHEAD = 3.0
"""Time constants of the smoothing to look ahead: what lies beyond has less than 5% of a frame's own weight."""
_LONGEST_LOOKAHEAD_S = 3.0  # each frame ahead takes 4 kB of memory for 1000 classes, and a moment of every average
_USUAL_PERIOD_S = 1 / 30


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a recording in which the stable label stayed the same."""

    label: Label
    """Its probability is the mean over the frames as the network saw them: unsmoothed."""
    start_s: float
    """Media time of its first frame."""
    end_s: float
    """Media time of the first frame that is no longer part of it, or the end of the last one."""
    frames: int


class Segmenter:
    """Finds the segments of one recording.

    An average that looks only back notices a change when it is over. Here answers count by their distance in time,
    ahead as well as back (``exp(-distance / smooth_s)``); the rule that settles on a class is the one of the label that
    is shown live. It says which class follows which; where each begins, say the answers around it, taken as they are:
    the frames are divided where that makes them most probable (``_divide``).

    Args:
        smooth_s: time constant in seconds; 0 means every frame for itself.
        min_confidence: probability below which no class is named: there is no segment then.
        label: makes a label of a class and a probability.
    """

    def __init__(self, smooth_s: float, min_confidence: float, label: Callable[[int, float], Label]) -> None:
        self._label = label
        self._smooth_s, self._min_confidence = smooth_s, min_confidence
        self._around_s = min(smooth_s * _LOOKAHEAD, _LONGEST_LOOKAHEAD_S)
        self._settled = Settled(min_confidence)
        self._shown: int | None = None
        self._answers: deque[_Answer] = deque()  # first those decided on that a change may still be moved to, then
        self._undecided = 0  # this many that wait for what follows them
        self._past: npt.NDArray[np.float32] | None = None  # weighted sum of all answers that were decided on
        self._past_weight = 0.0
        self._changes: deque[tuple[int, int | None]] = deque()  # number of the frame, class that begins there
        self._numbered = 0
        self._last_s = -math.inf
        self._period_s = _USUAL_PERIOD_S
        self._open = _OpenSegment(None, 0.0)

    def add(self, time_s: float, probabilities: npt.NDArray[np.float32]) -> Iterator[Segment]:
        """Take the next frame's answer.

        Args:
            time_s: the frame's media time in seconds; one earlier than the last counts as that.
            probabilities: ``(classes,)`` float32.

        Yields:
            The segments that have become certain.

        Raises:
            EngineError: the probabilities aren't finite.
        """
        require_finite(probabilities)
        time_s = max(time_s, self._last_s)
        if self._numbered:
            self._period_s = max(time_s - self._last_s, 0.0) or self._period_s
        self._last_s = time_s
        self._answers.append(_Answer(self._numbered, time_s, self._period_s, probabilities))
        self._numbered += 1
        self._undecided += 1
        while self._undecided and self._answers[-self._undecided].time_s + self._around_s <= time_s:
            self._decide()
        while self._answers[0].time_s + 2 * self._around_s < time_s and len(self._answers) > self._undecided:
            yield from self._assign(self._answers.popleft())

    def finish(self) -> Iterator[Segment]:
        """Yield what remains when the recording has ended."""
        while self._undecided:
            self._decide()
        while self._answers:
            yield from self._assign(self._answers.popleft())
        yield from self._closed(self._last_s + self._period_s)

    def _decide(self) -> None:
        """Settle on a class for the oldest frame that waits."""
        waiting = list(itertools.islice(self._answers, len(self._answers) - self._undecided, None))
        result = self._settled.update(self._average(waiting))
        shown = None if result is None else result[0]
        if self._smooth_s == 0:
            self._settled.forget()
        if shown != self._shown:
            self._changes.append((waiting[0].number, shown))
            self._shown = shown
            if self._smooth_s > 0:
                self._divide()
        self._undecided -= 1

    def _average(self, waiting: list[_Answer]) -> npt.NDArray[np.float32]:
        """The average around the oldest waiting frame, which becomes part of the past."""
        now = waiting[0]
        if self._smooth_s == 0:
            return now.probabilities
        weights = np.array([a.period_s * math.exp((now.time_s - a.time_s) / self._smooth_s) for a in waiting])
        future = weights.astype(np.float32) @ np.stack([answer.probabilities for answer in waiting])
        past = np.zeros_like(now.probabilities) if self._past is None else self._past
        mean: npt.NDArray[np.float32] = (past + future) / np.float32(self._past_weight + weights.sum())
        # What counts at the next frame: everything so far, further away by the time until then.
        following_s = waiting[1].time_s if len(waiting) > 1 else now.time_s
        faded = math.exp((now.time_s - following_s) / self._smooth_s)
        self._past = np.float32(faded) * (past + np.float32(now.period_s) * now.probabilities)
        self._past_weight = faded * (self._past_weight + now.period_s)
        return mean

    def _divide(self) -> None:
        """Place the changes among the frames that aren't assigned yet, all together.

        The classes are given, and their order; each has a frame at least. Of all such divisions, the one under which
        the frames' answers for their own classes add up to most. For a single change that is the smallest partial sum
        of how much more probable the second class is (as in Page's CUSUM test, Biometrika 41, 1954). A change that was
        placed alone would take frames for its own that belong to the class after the next change.
        Being not sure counts as the least probability that is shown.
        """
        # Where frames are few, the earliest of the classes that follow each other so closely gets none.
        following = [index for _, index in self._changes][-len(self._answers) :]
        classes = [self._open.index, *following]
        gains = np.array([[a.period_s * self._probability(a, index) for index in classes] for a in self._answers])
        best = np.full(len(classes), -np.inf)  # of the frames so far, the last one in each class
        best[:2] = gains[0, :2]  # the open class may have ended before
        begins = np.zeros(gains.shape, bool)  # whether a frame in a class is best its first
        for number, gain in enumerate(gains[1:], start=1):
            begins[number, 1:] = best[:-1] > best[1:]
            best[1:] = np.maximum(best[1:], best[:-1])
            best += gain
        begins[0, 1] = True
        places: list[int] = []
        column = len(following)
        for number in range(len(gains) - 1, -1, -1):
            if column and begins[number, column]:
                places.insert(0, self._answers[number].number)
                column -= 1
        self._changes = deque(zip(places, following, strict=True))

    def _probability(self, answer: _Answer, index: int | None) -> float:
        return self._min_confidence if index is None else float(answer.probabilities[index])

    def _assign(self, answer: _Answer) -> Iterator[Segment]:
        """Count a frame, on whose class everything has been said, to its segment."""
        while self._changes and self._changes[0][0] <= answer.number:
            _, index = self._changes.popleft()
            if index != self._open.index:
                yield from self._closed(answer.time_s)
                self._open = _OpenSegment(index, answer.time_s)
        self._open.count(answer)

    def _closed(self, end_s: float) -> Iterator[Segment]:
        done = self._open
        if done.index is not None and done.frames:
            label = self._label(done.index, done.probability_sum / done.frames)
            yield Segment(label, done.start_s, end_s, done.frames)


@dataclass(frozen=True, slots=True)
class _Answer:
    number: int
    time_s: float
    period_s: float
    """How long the frame stands for: the time since the one before."""
    probabilities: npt.NDArray[np.float32]


@dataclass(slots=True)
class _OpenSegment:
    index: int | None
    start_s: float
    frames: int = 0
    probability_sum: float = 0.0

    def count(self, answer: _Answer) -> None:
        if self.index is not None:
            self.frames += 1
            self.probability_sum += float(answer.probabilities[self.index])
