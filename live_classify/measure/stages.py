"""Each stage of the program on its own, with everything that it needs made beforehand: it waits for no other stage."""

from __future__ import annotations

import itertools
import statistics
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from live_classify.core.errors import SourceReadError
from live_classify.core.values import Answered, Frame, Label, Prediction
from live_classify.imaging.resize import ResizeMode, resize_into
from live_classify.measure.rounds import Clocks, Ms, Rate, rate_of

if TYPE_CHECKING:
    from live_classify.core.protocols import Engine, Head
    from live_classify.sources.recorded import RecordedSource

Steps: TypeAlias = Generator[bool, None, None]
"""A stage at work. Each step does the work of one frame, and says whether it counts: the first ones may have more to do
than the others (a file to open, an encoder to fill)."""

_FEWEST, _MOST = 8, 1000  # frames a round
_TRIAL_STEPS = 4
_ENCODER_HOLDS = 8  # frames that libx264 takes before it gives one back, and some
_SHOWN = Label(0, "n07920052", "espresso", 0.95)
_CAMERA_FPS = 30.0


class StageFigures(Rate):
    """One stage alone."""

    ms: Ms
    """Milliseconds a frame, of all rounds together."""
    cpu_ms: float
    """Processor milliseconds a frame, of all threads: more than ``ms`` where a stage keeps several busy."""
    frames: int
    """Frames that were counted, in all rounds."""


class Stage:
    """Measures one stage in rounds of the same number of frames.

    Args:
        begin: begins the stage's work; its steps must not end. It is closed after each round.
        round_s: about how long a round is to take.
        clocks: what time is taken from.
    """

    def __init__(self, begin: Callable[[], Steps], round_s: float, clocks: Clocks) -> None:
        self._begin = begin
        self._clocks = clocks
        self._seconds: list[float] = []
        self._rates: list[float] = []
        self._cpu_s = 0.0
        trial, _ = self._run(_TRIAL_STEPS)  # also warms up, so the first step may be much slower than the others
        self._frames = min(max(round(round_s / max(statistics.median(trial), 1e-9)), _FEWEST), _MOST)

    def run_round(self) -> None:
        """Measure one round."""
        seconds, cpu_s = self._run(self._frames)
        self._seconds += seconds
        self._rates.append(len(seconds) / max(sum(seconds), 1e-9))
        self._cpu_s += cpu_s

    def figures(self) -> StageFigures:
        """What the rounds so far amount to; at least one must have been run."""
        p50, p95, p99 = (round(1000 * float(value), 4) for value in np.percentile(self._seconds, [50, 95, 99]))
        cpu_ms = round(1000 * self._cpu_s / len(self._seconds), 4)
        rate = rate_of(self._rates)
        return StageFigures(**rate, ms=Ms(p50=p50, p95=p95, p99=p99), cpu_ms=cpu_ms, frames=len(self._seconds))

    def _run(self, frames: int) -> tuple[list[float], float]:
        """Seconds of each frame that counts, and processor seconds of all of them."""
        wall, processor = self._clocks.wall, self._clocks.processor
        seconds: list[float] = []
        cpu_s = 0.0
        steps = self._begin()
        try:
            while len(seconds) < frames:
                start_cpu_s, start_s = processor(), wall()
                counts = next(steps)
                elapsed_s = wall() - start_s
                if counts:
                    seconds.append(elapsed_s)
                    cpu_s += processor() - start_cpu_s
        finally:
            steps.close()
        return seconds, cpu_s


def decoding(open_source: Callable[[], RecordedSource], single: bool) -> Steps:
    """Read a recording, over and over; opening it doesn't count.

    Args:
        open_source: makes the source.
        single: whether it has one frame only; then opening is all there is.
    """
    while True:
        with suppress(SourceReadError):  # what there is of it is measured
            for frame in open_source().frames(threading.Event()):
                yield single or frame.index > 0


def fitting(frames: Sequence[Frame], input_size: tuple[int, int], resize: ResizeMode) -> Steps:
    """Crop and scale frames to a network's size."""
    row = np.empty((*input_size, 3), np.uint8)
    for frame in itertools.cycle(frames):
        resize_into(frame.bgr, row, resize)
        yield True


def inferring(engine: Engine, head: Head, frames: Sequence[Frame], resize: ResizeMode) -> Steps:
    """Classify frames one at a time, as of a live source."""
    rows = np.empty((len(frames), 1, *engine.input_size, 3), np.uint8)
    for frame, row in zip(frames, rows, strict=True):
        resize_into(frame.bgr, row[0], resize)
    for row in itertools.cycle(rows):
        head.probabilities(engine.run(row))
        yield True


def drawing(frames: Sequence[Frame]) -> Steps:
    """Draw the label and the frame rates on copies of frames, as the window shows them."""
    from live_classify.imaging.overlay import Caption, draw

    for frame in itertools.cycle(frames):
        picture = frame.bgr.copy()
        draw(picture, Caption(_SHOWN, camera_fps=_CAMERA_FPS, classifier_fps=_CAMERA_FPS, age_s=0.01))
        yield True


def encoding(frames: Sequence[Frame], path: Path) -> Steps:
    """Write frames as a video, with the encoder that ``--output`` takes on this machine.

    Args:
        frames: what to write, over and over.
        path: a file, replaced.
    """
    from live_classify.outputs.video import VideoSink

    prediction = Prediction((_SHOWN,), _SHOWN, np.ones(1, np.float32), 0.0)
    sink = VideoSink(path, lambda answered: answered.frame.bgr, _CAMERA_FPS)
    try:
        for number, frame in enumerate(itertools.cycle(frames)):
            sink.write(Answered(Frame(frame.bgr, number, 0.0, number / _CAMERA_FPS, frame.source), (prediction,)))
            yield number >= _ENCODER_HOLDS
    finally:
        sink.close()
