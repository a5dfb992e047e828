"""The whole: starts, stops and joins the threads, and carries the first failure of any of them to the caller."""

from __future__ import annotations

import atexit
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType

import numpy as np
import numpy.typing as npt

from live_classify.classifier import Classifier
from live_classify.core.errors import LiveClassifyError, OutputError, SourceError
from live_classify.core.protocols import Goal, Sink
from live_classify.core.values import Answered, Frame, Prediction
from live_classify.flow.buffer import Buffer
from live_classify.flow.feed import Feed, Result
from live_classify.flow.inference import Answer, Inference
from live_classify.flow.meter import Meter, Percentiles
from live_classify.flow.newest import Newest
from live_classify.flow.threads import ThreadGroup
from live_classify.imaging.still_frames import StillFrames
from live_classify.sources.base import Source

_RESULTS_WAITING = 4
_DECODED_AHEAD = 2
_STOP_S = 0.9
"""How long a source or an output may take to let go; together less than the 2 s in which a stop is over."""


def goal_of(sources: Sequence[Source], live: bool) -> Goal:
    """What a pipeline's engines are to be fast at.

    One live source wants each answer as soon as possible. Several always have frames waiting, whose answers come
    sooner, and for less work, from an engine a core than from one on all cores, frame after frame.
    """
    return "latency" if live and len(sources) == 1 else "throughput"


class Pipeline:
    """Frames of some sources, through a classifier, to some outputs.

    Live, each source has a thread of its own and only the newest frames are classified. Recorded, the sources are read
    one after the other and every frame is classified exactly once, in order.

    Whoever makes it must :meth:`start` it and :meth:`close` it, or use it in a ``with`` statement.

    Args:
        sources: where frames come from; live, no two have one name.
        classifier: what says what they show.
        live: newest frames only, or every frame.
        sinks: what is written; closed with the pipeline.
        smooth_s: time constant of the stable label in seconds; 0 is none.
        min_confidence: below it the stable label is None.
        skip_still: frames that look like the last classified one take its answer.
        on_source_error: told, on the source's thread, when a source breaks off. The others go on.
        clock: seconds, never going back, by which rates and the run's length are measured. When a frame was captured
            and when it was answered is on ``time.monotonic`` nevertheless, by which sources stamp their frames.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        classifier: Classifier,
        *,
        live: bool,
        sinks: Sequence[Sink] = (),
        smooth_s: float = 0.0,
        min_confidence: float = 0.0,
        skip_still: bool = False,
        on_source_error: Callable[[SourceError], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sources = sources
        self.classifier = classifier
        self.live = live
        self.clock = clock
        self.feeds = {source.name: Feed(source, smooth_s, min_confidence, clock) for source in sources}
        """What is known of each source, by its name."""
        self.newest_frame: Newest[Frame] = Newest()
        self.newest_result: Newest[Result] = Newest()
        self.source_errors: list[SourceError] = []
        self.answer_meter = Meter(clock)
        self.output_meter = Meter(clock)
        self.display_meter: Meter | None = None
        """Set by whoever shows the frames in a window."""
        self.latency = Percentiles()
        self.first_answer_s: float | None = None
        """When the first label was there, in seconds on ``time.monotonic``."""
        self.started_s = self.ended_s = clock()
        self.cpu_s = 0.0
        """Processor seconds of all threads of this process, from the start to the end; 0 before the end."""
        self._cpu_before_s = 0.0
        self._sinks = sinks
        self._on_source_error = on_source_error
        self._stop = threading.Event()
        self._done = threading.Event()
        self._failure: BaseException | None = None
        self._interrupted = False

        self.engines = classifier.engines(goal_of(sources, live))
        self.engine_meters = [Meter(clock) for _ in self.engines]
        if live:
            # No more than the next batch can take; of several sources one frame each.
            waiting, each = (len(sources), 1) if len(sources) > 1 else (self.engines[0].batch, None)
            self.frames: Buffer[Frame] = Buffer(waiting, "latest", lambda frame: frame.source, each)
        else:
            # A frame for each thread, and some for the moments when decoding is slow: at key frames.
            waiting = max(self.engines[0].batch, len(self.engines) + _DECODED_AHEAD)
            self.frames = Buffer(waiting, "lossless")
        # Without outputs a caller reads the results, and live only the newest matter to it.
        newest_only = live and not sinks
        self.results: Buffer[Result] = Buffer(
            1 if newest_only else _RESULTS_WAITING, "latest" if newest_only else "lossless"
        )
        self.still = StillFrames() if skip_still else None
        self._inference = Inference(
            self.frames, self._deliver, classifier.head, classifier.resize, len(self.engines), self.still
        )
        self._groups = self._make_groups()

    def _make_groups(self) -> list[ThreadGroup]:
        reading = [(source,) for source in self.sources] if self.live else [tuple(self.sources)]
        captures = {f"capture-{number}": partial(self._capture, sources) for number, sources in enumerate(reading)}
        workers = {
            f"inference-{number}": partial(self._inference.work, engine, meter)
            for number, (engine, meter) in enumerate(zip(self.engines, self.engine_meters, strict=True))
        }
        outputs = {"output": self._write} if self._sinks else {}
        after_answers = self.results.close if outputs else self._finish
        groups = [
            ThreadGroup(captures, self.frames.close, self._fail),
            ThreadGroup(workers, after_answers, self._fail),
        ]
        return groups + ([ThreadGroup(outputs, self._finish, self._fail)] if outputs else [])

    def start(self) -> None:
        """Start all threads."""
        self.started_s, self._cpu_before_s = self.clock(), time.process_time()
        atexit.register(self.close)  # for whoever leaves the process without closing
        for group in reversed(self._groups):
            group.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until everything is read, classified and written, or has failed; at most ``timeout`` seconds."""
        return self._done.wait(timeout)

    def stop(self) -> None:
        """End early: frames that aren't classified yet are let go, what is classified is still written."""
        self._stop.set()
        self.frames.discard()
        self.results.close()  # first: it frees a thread that waits to deliver, on which abort would wait
        self._inference.abort()

    def close(self) -> None:
        """Stop, and wait for all threads; a source or an output that hangs is left behind.

        Raises:
            LiveClassifyError: what a thread died of, the first one if it was several.
        """
        atexit.unregister(self.close)
        self.stop()
        # Capture and output may wait where nobody can wake them: in a camera's driver, for a pipe's reader.
        capture, inference, *output = self._groups
        capture.join(_STOP_S)
        inference.join()
        hanging = [name for group in output for name in group.join(_STOP_S)]
        if hanging:  # else the last thread did it
            self._finish()
        if self._failure is not None:
            raise self._failure
        if hanging and not self._interrupted:
            raise OutputError("an output takes no more data; what it had not taken by now is lost")

    def __enter__(self) -> Pipeline:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._interrupted = error is not None
        self.close()

    def _capture(self, sources: Sequence[Source]) -> None:
        """Body of a capture thread: read sources, one after the other."""
        for source in sources:
            feed, frames = self.feeds[source.name], source.frames(self._stop)
            try:
                while not self._stop.is_set():
                    with feed.capture_meter.busy():
                        frame = next(frames, None)
                    if frame is None:
                        break
                    frame = replace(frame, source=source.name)
                    feed.capture_meter.tick()
                    if self.live:  # not the pictures of a thousand recordings
                        feed.frame = frame
                    self.newest_frame.set(frame)
                    if not self.frames.put(frame):
                        return
            except SourceError as error:
                self.source_errors.append(error)
                self._on_source_error(error)
            finally:
                frames.close()

    def _deliver(self, answers: list[Answer], finished_s: float) -> None:
        """Count the answers to a batch and hand them on. In order, one thread at a time."""
        if self.first_answer_s is None:
            self.first_answer_s = finished_s
        # As one: frames that come together, counted one by one, would seem to have come in no time.
        self.answer_meter.tick(len(answers))
        for name, count in Counter(frame.source for frame, _ in answers).items():
            self.feeds[name].answer_meter.tick(count)
        for frame, probabilities in answers:
            self._answer(frame, probabilities, finished_s)

    def _answer(self, frame: Frame, probabilities: npt.NDArray[np.float32], finished_s: float) -> None:
        """Make a prediction of one row of probabilities and hand it on."""
        self.latency.add(finished_s - frame.captured_s)
        labels = self.classifier.labels
        feed = self.feeds[frame.source]
        shown = feed.stable_label.update(probabilities, frame.time_s)
        prediction = Prediction(
            labels=labels.rank(probabilities, self.classifier.top),
            stable=None if shown is None else labels.label(*shown),
            probabilities=probabilities,
            finished_s=finished_s,
        )
        if self.live:
            feed.result = (frame, prediction)
        self.newest_result.set((frame, prediction))
        self.results.put((frame, prediction))

    def _write(self) -> None:
        """Body of the output thread: the only one that touches the sinks."""
        try:
            while taken := self.results.take(1):
                ((frame, prediction),) = taken
                with self.output_meter.busy():
                    for sink in self._sinks:
                        sink.write(Answered(frame, (prediction,)))
                self.output_meter.tick()
        except LiveClassifyError as error:
            self._fail(error)  # before closing, which may fail for the same reason
        finally:
            for sink in self._sinks:
                self._close(sink)

    def _close(self, sink: Sink) -> None:
        try:
            sink.close()
        except LiveClassifyError as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Keep the first failure and end everything."""
        if self._failure is None:
            self._failure = error
        self.stop()

    def _finish(self) -> None:
        self.ended_s, self.cpu_s = self.clock(), time.process_time() - self._cpu_before_s
        self.results.close()
        self._done.set()
