"""The one way to look at a running pipeline: immutable snapshots of it.

The window, statistics, progress bars and measuring read these; nobody reads the pipeline itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from live_classify.core.errors import SourceError
from live_classify.core.protocols import SourceStatus
from live_classify.core.values import Answered, Frame
from live_classify.flow.feed import Feed
from live_classify.flow.inference import AnsweredBatch
from live_classify.flow.meter import Meter
from live_classify.flow.newest import Newest
from live_classify.flow.outlet import Delivery
from live_classify.flow.percentiles import Percentiles


@dataclass(frozen=True, slots=True)
class StageSnapshot:
    """What a stage, or one thread of it, has done so far."""

    frames: int = 0
    busy_s: float = 0.0
    """Seconds spent working, of all its threads together. A camera's wait counts as work."""
    threads: int = 1


@dataclass(frozen=True, slots=True)
class OutletSnapshot:
    """What an outlet has taken so far."""

    name: str
    taken: int
    lost: int
    """What it will never take: newer items replaced them, it failed, or the run was ended early."""
    busy_s: float
    failure: str | None
    """Why it can't take anything at the moment."""


@dataclass(frozen=True, slots=True, eq=False)
class SourceSnapshot:
    """One source at a moment."""

    name: str
    status: SourceStatus
    frame: Frame | None = field(repr=False)
    """Live: the newest frame."""
    answered: Answered | None = field(repr=False)
    """Live: the newest frame that has been classified."""
    captured: int
    classified: int
    dropped: int
    """Captured, and never to be classified: live, newer ones took their place; else, the run was ended early."""
    capture_busy_s: float
    capture_fps: float
    """Frames a second over the last second; see :attr:`~live_classify.flow.meter.Meter.fps`."""
    answer_fps: float
    """The same, of classified frames."""
    answer_mean_fps: float
    """Classified frames a second from the first to the last."""
    ended: bool
    error: SourceError | None
    """What it broke off with."""


@dataclass(frozen=True, slots=True, eq=False)
class RunSnapshot:
    """A run at a moment: while it goes on, or after it has ended."""

    live: bool
    ended: bool
    sources: Sequence[SourceSnapshot]
    outlets: Sequence[OutletSnapshot]
    workers: Sequence[StageSnapshot]
    """The inference threads, one by one."""
    display: StageSnapshot | None
    """The window's, if there is one."""
    newest: Answered | None = field(repr=False)
    """The newest frame of all that has been classified."""
    captured: int
    classified: int
    dropped: int
    """As of :class:`SourceSnapshot`."""
    still: int | None
    """Of the classified, those that took the answer of an earlier one, which they look like; None where none may."""
    elapsed_s: float
    """From the start to now, or to the end."""
    cpu_s: float
    """Processor seconds of all threads of this process, from the start to the end; 0 before the end."""
    first_answer_s: float | None
    """When the first label was there, in seconds on ``time.monotonic``."""
    answer_fps: float
    latency: Percentiles = field(repr=False)
    """Of the time from capture to label."""

    @property
    def inference(self) -> StageSnapshot:
        """All inference threads together."""
        return StageSnapshot(
            sum(worker.frames for worker in self.workers),
            sum(worker.busy_s for worker in self.workers),
            len(self.workers),
        )

    @property
    def errors(self) -> list[SourceError]:
        """What sources broke off with, in the order of the sources."""
        return [source.error for source in self.sources if source.error is not None]


class Monitor:
    """Makes snapshots of a run. Any thread may ask.

    Args:
        live: whether the run is.
        feeds: what is known of each source.
        deliveries: the outlets.
        engine_meters: of the inference threads.
        dropped: frames that newer ones replaced so far, by source.
        skips_still: whether frames that are still take the answer of an earlier one.
        clock: of the meters.
    """

    def __init__(
        self,
        live: bool,
        feeds: Sequence[Feed],
        deliveries: Sequence[Delivery[Any]],
        engine_meters: Sequence[Meter],
        dropped: Mapping[str, int],
        skips_still: bool,
        clock: Callable[[], float],
    ) -> None:
        self._live = live
        self._feeds = {feed.name: feed for feed in feeds}
        self._deliveries = deliveries
        self._engine_meters = engine_meters
        self._dropped = dropped
        self._clock = clock
        self._answer_meter = Meter(clock)
        self._display_meter: Meter | None = None
        self._latency = Percentiles()
        self._newest_frame: Newest[Frame] = Newest()
        self._newest: Newest[Answered] = Newest()
        self._first_answer_s: float | None = None
        self._still = 0 if skips_still else None
        self._started_s = clock()
        self._ended_s: float | None = None
        self._cpu_s = 0.0

    def snapshot(self) -> RunSnapshot:
        """The run as it is now."""
        ended_s = self._ended_s
        now_s = self._clock() if ended_s is None else ended_s
        sources = [self._source(feed, now_s) for feed in self._feeds.values()]
        return RunSnapshot(
            live=self._live,
            ended=ended_s is not None,
            sources=sources,
            outlets=[_outlet(delivery) for delivery in self._deliveries],
            workers=[_stage(meter) for meter in self._engine_meters],
            display=None if self._display_meter is None else _stage(self._display_meter),
            newest=self._newest.get(),
            captured=sum(source.captured for source in sources),
            classified=sum(source.classified for source in sources),
            dropped=sum(source.dropped for source in sources),
            still=self._still,
            elapsed_s=now_s - self._started_s,
            cpu_s=self._cpu_s,
            first_answer_s=self._first_answer_s,
            answer_fps=self._answer_meter.fps_at(now_s),
            latency=self._latency.copy(),
        )

    def wait_for_frame(self, seen: int, timeout: float) -> int:
        """Wait for a captured frame newer than version ``seen`` (0: any), at most ``timeout`` seconds.

        Returns:
            The newest version; ``seen`` if the time ran out.
        """
        return self._newest_frame.wait(seen, timeout)[0]

    def wait_for_answer(self, seen: int, timeout: float) -> int:
        """The same for classified frames."""
        return self._newest.wait(seen, timeout)[0]

    def display_meter(self) -> Meter:
        """A meter for whoever shows the run: it is the display stage of snapshots from now on."""
        self._display_meter = Meter(self._clock)
        return self._display_meter

    def began(self) -> None:
        """Note that the run starts."""
        self._started_s = self._clock()

    def ended(self, cpu_s: float) -> None:
        """Note that the run has ended, the first time."""
        if self._ended_s is None:
            self._cpu_s, self._ended_s = cpu_s, self._clock()

    def captured(self, frame: Frame) -> None:
        """Note a frame that was read; called on the source's thread."""
        feed = self._feeds[frame.source]
        feed.capture_meter.tick()
        if self._live:  # not the pictures of a thousand recordings
            feed.frame = frame
        self._newest_frame.set(frame)

    def classified(self, batch: AnsweredBatch) -> None:
        """Note a batch that was answered; called by one thread at a time."""
        if self._first_answer_s is None:
            self._first_answer_s = batch.finished_s
        # As one: frames that come together, counted one by one, would seem to have come in no time.
        self._answer_meter.tick(len(batch.frames))
        for name, count in Counter(frame.source for frame in batch.frames).items():
            self._feeds[name].answer_meter.tick(count)
        if self._still is not None:
            self._still += batch.still
        for frame in batch.frames:
            self._latency.add(batch.finished_s - frame.captured_s)

    def answered(self, answered: Answered) -> None:
        """Note a frame with its answers; called by one thread at a time."""
        if self._live:
            self._feeds[answered.frame.source].answered = answered
        self._newest.set(answered)

    def _source(self, feed: Feed, now_s: float) -> SourceSnapshot:
        classified, captured = feed.answer_meter.frames, feed.capture_meter.frames
        return SourceSnapshot(
            name=feed.name,
            status=feed.source.status(),
            frame=feed.frame,
            answered=feed.answered,
            captured=captured,
            classified=classified,
            dropped=self._dropped.get(feed.name, 0) if self._ended_s is None else captured - classified,
            capture_busy_s=feed.capture_meter.busy_s,
            capture_fps=feed.capture_meter.fps_at(now_s),
            answer_fps=feed.answer_meter.fps_at(now_s),
            answer_mean_fps=feed.answer_meter.mean_fps,
            ended=feed.ended,
            error=feed.error,
        )


def _outlet(delivery: Delivery[Any]) -> OutletSnapshot:
    return OutletSnapshot(delivery.name, delivery.meter.frames, delivery.lost, delivery.meter.busy_s, delivery.failure)


def _stage(meter: Meter) -> StageSnapshot:
    return StageSnapshot(meter.frames, meter.busy_s)
