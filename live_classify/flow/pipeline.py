"""The whole: starts, stops and joins the threads, and carries the first failure of any of them to the caller."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType

from live_classify.core.errors import OutputError
from live_classify.core.names import numbered
from live_classify.core.protocols import EventSink, Goal, Recognizer, Sink, Source
from live_classify.core.values import WHOLE_PICTURE, Answered, Frame, Region
from live_classify.flow.buffer import Buffer
from live_classify.flow.capture import Capture
from live_classify.flow.deliveries import Deliveries
from live_classify.flow.feed import Feed
from live_classify.flow.inference import AnsweredBatch, FreshFilter, Inference
from live_classify.flow.meter import Meter
from live_classify.flow.monitor import Monitor
from live_classify.flow.outlet import EventOutlet, Outlet
from live_classify.flow.threads import ThreadGroup

_DECODED_AHEAD = 2
_ENGINES_UNTIL_S, _OUTLETS_UNTIL_S, _ALL_UNTIL_S = 1.2, 1.8, 2.2
"""When a run is ended early: how long engines may finish what they are answering, outlets may take what waits for them,
and everything may let go. Sources, engines and outlets can hang where nobody can wake them; a stop is over soon all the
same."""


def goal_of(sources: int, live: bool) -> Goal:
    """What a pipeline's engines are to be fast at.

    One live source wants each answer as soon as possible. Several always have frames waiting, whose answers come
    sooner, and for less work, from an engine a core than from one on all cores, frame after frame.

    Args:
        sources: how many there are.
        live: whether only the newest frames count.
    """
    return "latency" if live and sources == 1 else "throughput"


class Pipeline:
    """Frames of some sources, through a network, to some outlets.

    Live, each source has a thread of its own and only the newest frames are classified. Recorded, the sources are read
    one after the other and every frame is classified exactly once, in order. Each outlet has a thread of its own.

    Whoever makes it must :meth:`start` it and :meth:`close` it, or use it in a ``with`` statement. What it does
    meanwhile is seen through :attr:`monitor`.

    Args:
        sources: where frames come from. Of several with one name, the second and later get a number.
        recognizer: the network: a classifier.
        live: newest frames only, or every frame.
        sinks: what is written, or outlets that say how; closed with the pipeline.
        event_sinks: the same for events.
        regions: what is looked at in each frame; the whole picture if nothing is said.
        smooth_s: time constant of the stable labels in seconds; 0 is none.
        min_confidence: below it a stable label is None.
        fresh_filter: which pictures need an answer of their own; None: all do.
        clock: seconds, never going back, by which rates and the run's length are measured. When a frame was captured
            and when it was answered is on ``time.monotonic`` nevertheless, by which sources stamp their frames.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        recognizer: Recognizer,
        *,
        live: bool,
        sinks: Sequence[Sink | Outlet] = (),
        event_sinks: Sequence[EventSink | EventOutlet] = (),
        regions: Sequence[Region] = (WHOLE_PICTURE,),
        smooth_s: float = 0.0,
        min_confidence: float = 0.0,
        fresh_filter: FreshFilter | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live = live
        names = numbered(source.name for source in sources)
        feeds = [
            Feed(source, name, recognizer, regions, smooth_s, min_confidence, clock)
            for source, name in zip(sources, names, strict=True)
        ]
        self._feeds = {feed.name: feed for feed in feeds}
        self._stop = threading.Event()
        self._done = threading.Event()
        self._failing = threading.Lock()
        self._failure: BaseException | None = None
        self._interrupted = self._closed = False
        self._cpu_before_s = 0.0
        self._previous: Feed | None = None  # recorded: the source whose answers came last

        engines = recognizer.engines(goal_of(len(sources), live))
        if live:
            # No more than the next batch can take; of several sources one frame each.
            waiting, each = (len(sources), 1) if len(sources) > 1 else (engines[0].batch, None)
            self._frames: Buffer[Frame] = Buffer(waiting, "latest", lambda frame: frame.source, each)
        else:
            # A frame for each thread, and some for the moments when decoding is slow: at key frames.
            waiting = max(engines[0].batch, len(engines) + _DECODED_AHEAD)
            self._frames = Buffer(waiting, "lossless")
        meters = [Meter(clock) for _ in engines]
        self._deliveries = Deliveries(sinks, event_sinks, live, names, self._fail, clock)
        skips_still = fresh_filter is not None
        dropped = self._frames.dropped
        self.monitor = Monitor(live, feeds, self._deliveries.all, meters, dropped, skips_still, clock)
        """Snapshots of the run."""
        self._inference = Inference(self._frames, self._deliver, recognizer, regions, len(engines), fresh_filter)
        capture = Capture(self._frames, self.monitor, self._deliveries.tell, live, self._stop)
        reading = [[feed] for feed in feeds] if live else [feeds]
        self._capture_group = ThreadGroup(
            {f"capture-{number}": partial(capture.read, own) for number, own in enumerate(reading)},
            self._frames.close,
            self._fail,
        )
        self._inference_group = ThreadGroup(
            {
                f"inference-{number}": partial(self._inference.work, engine, meter)
                for number, (engine, meter) in enumerate(zip(engines, meters, strict=True))
            },
            self._after_answers,
            self._fail_inference,
        )
        self._outlet_group = ThreadGroup(self._deliveries.bodies(), self._finish, self._fail)

    def answers(self) -> Buffer[Answered]:
        """Ask for the answers as an outlet that the caller serves: to be taken from the buffer until it is finished.

        Live, the newest of each source; recorded, every one, and the pipeline waits for whoever takes them. Only before
        it is started.
        """
        return self._deliveries.pulled()

    def start(self) -> None:
        """Start all threads."""
        self.monitor.began()
        self._cpu_before_s = time.process_time()
        atexit.register(self.close)  # for whoever leaves the process without closing
        try:
            for group in (self._outlet_group, self._inference_group, self._capture_group):
                group.start()
        except BaseException:  # no more threads, say: those that run are ended
            self.stop()
            self._after_answers()
            self.close()
            raise

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until everything is read, classified and written, or has failed; at most ``timeout`` seconds."""
        return self._done.wait(timeout)

    def stop(self) -> None:
        """End early: frames that aren't classified yet are let go, what is classified is still written."""
        self._stop.set()
        self._frames.discard()
        self._deliveries.release()  # a thread that waits to deliver gets through: its answers are counted, and written

    def close(self) -> None:
        """Stop, and wait for all threads; whatever hangs is left behind. Safe to call twice.

        A sink may call it, too: the run then ends, but the threads are waited for by whoever else closes it.

        Raises:
            LiveClassifyError: what a thread died of, the first one if it was several.
        """
        self.stop()
        if self._owns_current_thread():
            return
        atexit.unregister(self.close)
        hanging = self._join()
        self._finish()
        if self._closed:
            return
        self._closed = True
        if self._failure is not None:
            raise self._failure
        if hanging and not self._interrupted:
            raise OutputError(f"{', '.join(hanging)} takes no more data; what it had not taken by now is lost")

    def __enter__(self) -> Pipeline:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._interrupted = error is not None
        self.close()

    def _join(self) -> list[str]:
        """Wait for all threads as long as they may take; returns the names of the outlets that hang and may not."""
        began_s = time.monotonic()

        def left(until_s: float) -> float:
            return max(0.0, began_s + until_s - time.monotonic())

        if self._inference_group.join(left(_ENGINES_UNTIL_S)):
            # Slow, or hanging: its frames aren't classified, and the answers behind it can't be in order any more.
            self._inference.abort()
            self._after_answers()
        if self._outlet_group.join(left(_OUTLETS_UNTIL_S)):
            self._deliveries.cut()
        hanging = self._outlet_group.join(left(_ALL_UNTIL_S))
        self._capture_group.join(left(_ALL_UNTIL_S))
        if not hanging:
            self._deliveries.close()  # those whose threads were never started
        return self._deliveries.required(hanging)

    def _owns_current_thread(self) -> bool:
        groups = (self._capture_group, self._inference_group, self._outlet_group)
        return any(group.owns_current_thread() for group in groups)

    def _deliver(self, batch: AnsweredBatch) -> None:
        """Count the answers to a batch and hand them on. In order, one thread at a time."""
        self.monitor.classified(batch)
        for frame, answers in zip(batch.frames, batch.answers, strict=True):
            feed = self._feeds[frame.source]
            if not self._live and feed is not self._previous:
                self._end_labels(self._previous)
                self._previous = feed
            answered, events = feed.predict(frame, answers, batch.finished_s)
            self.monitor.answered(answered)
            self._deliveries.put(answered)
            for event in events:
                self._deliveries.tell(event)

    def _after_answers(self) -> None:
        """Let the outlets take what waits, and end, since there will be no more."""
        for feed in self._feeds.values() if self._live else [self._previous]:
            self._end_labels(feed)
        self._deliveries.finish()
        if not self._deliveries.all:  # else the last of their threads does it
            self._finish()

    def _end_labels(self, feed: Feed | None) -> None:
        for event in feed.finish() if feed is not None else ():
            self._deliveries.tell(event)

    def _fail(self, error: BaseException) -> None:
        """Keep the first failure and end everything; whoever waits is to close."""
        with self._failing:
            if self._failure is None:
                self._failure = error
        self.stop()
        self._done.set()

    def _fail_inference(self, error: BaseException) -> None:
        self._fail(error)
        self._inference.abort()  # the answers of the other threads wait for those that will not come

    def _finish(self) -> None:
        self.monitor.ended(time.process_time() - self._cpu_before_s)
        self._done.set()
