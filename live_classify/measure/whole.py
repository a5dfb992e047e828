"""The whole program: recorded, with and without a video to write, and live."""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.core.errors import SourceOpenError, SourceReadError
from live_classify.flow.percentiles import Percentiles
from live_classify.flow.pipeline import Pipeline
from live_classify.measure.rounds import Rate, rate_of
from live_classify.outputs.factory import Answering, Outputs, open_outlets
from live_classify.outputs.stats import Latency, RunStats, run_stats
from live_classify.streaming import LIVE_SMOOTH_S

if TYPE_CHECKING:
    from live_classify.classifier import Classifier
    from live_classify.core.protocols import Source, SourceStatus
    from live_classify.core.values import Frame
    from live_classify.sources.recorded import RecordedSource

_LOOK_EVERY_S = 0.02
_FIRST_ANSWER_S = 30.0  # a stream may take that long to be reached


class Whole(Rate):
    """The whole program in one way of running it; ``fps`` are frames classified (live), or frames covered (recorded).

    Recorded, opening the source and ending the outputs are in the time. Live, the rates are those of the last second.
    """

    latency_ms: Latency
    """From capture to label: of each percentile the median round."""
    cpu_s_per_frame: float | None
    """Processor seconds of all threads, by frame classified."""
    workers: int
    busy: dict[str, float]
    """Part of the time in which a stage's threads worked instead of waiting, 0 to 1: capture, inference, output."""


class LiveWhole(Whole):
    """The whole program, live."""

    captured_fps: float
    """Frames a second that the camera delivered."""
    dropped: float
    """Part of the frames captured that weren't classified since newer ones replaced them, 0 to 1."""
    latency_rounds: list[float]
    """Milliseconds of ``latency_ms`` that half of each round's frames didn't exceed."""


@dataclass(slots=True)
class Recorded:
    """Rounds of a recording of a fixed number of frames.

    Args:
        open_source: makes the recording; where it is shorter than that, it is read again.
        classifier: what classifies.
        frames: how many frames are classified in a round.
        folder: where outputs go.
        video: whether an annotated video is written beside the log.
        every: what part of the frames is classified: one of so many.
        clock: what time is taken from, in seconds.
    """

    open_source: Callable[[], RecordedSource]
    classifier: Classifier
    frames: int
    folder: Path
    video: bool = False
    every: int = 1
    clock: Callable[[], float] = time.monotonic
    rounds: list[RunStats] = field(default_factory=list)

    def run_round(self) -> None:
        """Classify the frames once."""
        source = Repeated(self.open_source(), self.frames)
        outputs = Outputs(video=self.folder / "whole.mp4" if self.video else None, log=self.folder / "whole.jsonl")
        outlets = open_outlets(outputs, Answering(), self.classifier.labels, self.classifier.top, source, None)
        with Pipeline([source], self.classifier, live=False, sinks=outlets, clock=self.clock) as pipeline:
            while not pipeline.wait(_LOOK_EVERY_S):  # in steps, or a signal might go unnoticed
                pass
        self.rounds.append(run_stats("measure", self.classifier, pipeline.monitor.snapshot()))

    def figures(self) -> Whole:
        """What the rounds so far amount to; at least one must have been run."""
        rates = [self.every * stats["frames_classified"] / stats["elapsed_s"] for stats in self.rounds]
        return _whole(rates, self.rounds)


@dataclass(slots=True)
class Live:
    """Rounds of live sources, each of a number of seconds after the first answer.

    Args:
        open_sources: makes the sources.
        classifier: what classifies.
        seconds: how long a round is; more than one.
        clock: what time is taken from, in seconds.
    """

    open_sources: Callable[[], Sequence[Source]]
    classifier: Classifier
    seconds: float
    clock: Callable[[], float] = time.monotonic
    rounds: list[RunStats] = field(default_factory=list)
    captured_rates: list[float] = field(default_factory=list)
    latency: Percentiles = field(default_factory=Percentiles)
    """From capture to label, of all rounds."""

    @property
    def rates(self) -> list[float]:
        """Of each round, frames a second classified over its last second."""
        return [sum(source["fps_last_s"] for source in stats["by_source"]) for stats in self.rounds]

    @property
    def slowest(self) -> list[float]:
        """The same, of the source of which the fewest were classified."""
        return [min(source["fps_last_s"] for source in stats["by_source"]) for stats in self.rounds]

    def run_round(self) -> None:
        """Classify what the sources show, once.

        Raises:
            SourceError: one can't be opened, or gives no frame.
        """
        sources = self.open_sources()
        pipeline = Pipeline(sources, self.classifier, live=True, smooth_s=LIVE_SMOOTH_S, clock=self.clock)
        with pipeline:
            until_s, answered = self.clock() + _FIRST_ANSWER_S, False
            while not (ended := pipeline.wait(_LOOK_EVERY_S)) and self.clock() < until_s:
                if not answered and pipeline.monitor.snapshot().classified:
                    until_s, answered = self.clock() + self.seconds, True
        run = pipeline.monitor.snapshot()
        if run.errors:
            raise run.errors[0]
        if run.classified < 2:
            why = "ended" if ended else f"gave none within {_FIRST_ANSWER_S:.0f} s"
            raise SourceOpenError(f"{sources[0].name} has too few frames to measure anything: it {why}")
        self.rounds.append(run_stats("measure", self.classifier, run))
        # Over the last second: at the beginning a camera makes up for the time in which it was opened.
        self.captured_rates.append(sum(source.capture_fps for source in run.sources))
        self.latency.merge(run.latency)

    def figures(self) -> LiveWhole:
        """What the rounds so far amount to; at least one must have been run."""
        captured_fps = statistics.median(self.captured_rates)
        # Not of the whole run: many streams begin with a burst of frames, which nobody needs to classify.
        kept = statistics.median(self.rates) / captured_fps if captured_fps > 0 else 1.0
        return LiveWhole(
            **_whole(self.rates, self.rounds),
            captured_fps=round(captured_fps, 2),
            dropped=round(max(0.0, 1 - kept), 4),
            latency_rounds=[stats["latency_ms"]["p50"] or 0.0 for stats in self.rounds],
        )


class Repeated:
    """A recording read again and again, up to a number of frames, as one with rising numbers and times.

    Args:
        source: the recording.
        frames: how many frames it gives in all.
    """

    def __init__(self, source: RecordedSource, frames: int) -> None:
        self._source = source
        self._frames = frames
        self.name = source.name

    def status(self) -> SourceStatus:
        """The recording's, but for the number of frames."""
        return replace(self._source.status(), frame_count=self._frames)

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Read it; see :class:`~live_classify.core.protocols.Source`."""
        frames = itertools.chain.from_iterable(self._reading(stop) for _ in itertools.count())
        before_s = last_s = 0.0
        for number, frame in enumerate(itertools.islice(frames, self._frames)):
            if number and frame.index == 0:
                before_s = last_s + 1 / (self.status().frame_rate or 30.0)
            last_s = before_s + frame.time_s
            yield replace(frame, index=number, time_s=last_s)

    def _reading(self, stop: threading.Event) -> Generator[Frame, None, None]:
        empty = True
        try:
            for frame in self._source.frames(stop):
                empty = False
                yield frame
        except SourceReadError:  # what there is of it is measured
            if empty:
                raise


def _whole(rates: Sequence[float], rounds: Sequence[RunStats]) -> Whole:
    latencies = [stats["latency_ms"] for stats in rounds]
    costs = [stats["cpu_s_per_frame"] for stats in rounds]
    return Whole(
        **rate_of(rates),
        latency_ms=Latency(
            p50=_median(latency["p50"] for latency in latencies),
            p95=_median(latency["p95"] for latency in latencies),
            p99=_median(latency["p99"] for latency in latencies),
        ),
        cpu_s_per_frame=_median(costs),
        workers=rounds[0]["workers"],
        busy={
            stage: round(statistics.median(stats["stages"][stage]["busy"] for stats in rounds), 3)
            for stage in rounds[0]["stages"]
        },
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 6) if known else None
