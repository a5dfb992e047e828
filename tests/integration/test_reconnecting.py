"""Signals that are lost and come back, with sources made for it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import pytest

from doubles import Collector, ListSource, at_once, grey_classifier, grey_frame
from live_classify.core.errors import SourceError, SourceOpenError, SourceReadError
from live_classify.core.events import SignalLost, SignalRestored
from live_classify.core.protocols import Signal, Source
from live_classify.core.values import Frame
from live_classify.flow.pipeline import Pipeline
from live_classify.sources.probe import PROBE_S
from live_classify.sources.reconnecting import Patience, Reconnecting
from program import DEADLINE_S

SOON = Patience(open_s=20, stall_s=0.2)


def reconnecting(
    connections: list[Source],
    patience: Patience = SOON,
    intervals: Callable[[], Iterator[float]] = at_once,
    probe: Callable[[], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Reconnecting:
    """A source with one of the given connections after the other; the first one is only asked for its status."""
    waiting = iter([ListSource([]), *connections])
    return Reconnecting("test", lambda _: next(waiting), patience, probe, intervals, clock)


def lost(frames: list[Frame]) -> ListSource:
    return ListSource(frames, then=SourceReadError("gone"))


def everything(source: Source, stop: threading.Event | None = None) -> tuple[list[Frame], list[Signal]]:
    """The frames and the signals of a source, each in their order."""
    items = list(source.frames(stop or threading.Event()))
    return (
        [item for item in items if isinstance(item, Frame)],
        [item for item in items if not isinstance(item, Frame)],
    )


def test_frames_count_on_across_connections_and_times_rise() -> None:
    first = [grey_frame(level, level, time_s=level * 1e-6) for level in range(3)]
    source = reconnecting([lost(first), ListSource([grey_frame(7, 0), grey_frame(8, 1)])])
    frames, _ = everything(source)
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert [int(frame.bgr[0, 0, 0]) for frame in frames] == [0, 1, 2, 7, 8]
    assert [frame.time_s for frame in frames] == sorted(frame.time_s for frame in frames)
    assert (source.status().reconnects, source.status().silent_since_s) == (1, None)


def test_a_signal_that_is_lost_and_restored_is_said_among_the_frames_where_it_happened() -> None:
    clock = itertools.count(100.0)
    source = reconnecting([lost([grey_frame(1)]), lost([]), ListSource([grey_frame(2)])], clock=lambda: next(clock))
    items, silent = [], []
    for item in source.frames(threading.Event()):
        items.append(item)
        silent.append(source.status().silent_since_s)
    before, gone, back, after = items
    assert isinstance(before, Frame)
    assert isinstance(gone, SignalLost)  # once, not for each attempt
    assert isinstance(back, SignalRestored)
    assert isinstance(after, Frame)
    assert (gone.reason, gone.source, back.source) == ("gone", "", "")
    assert gone.at <= back.at
    assert silent[0] is silent[2] is silent[3] is None
    assert silent[1] is not None
    assert back.outage_s > 1


def test_what_never_gave_a_frame_is_an_error_unless_it_is_waited_for() -> None:
    broken = [ListSource([], then=SourceOpenError("refused")) for _ in range(3)]
    with pytest.raises(SourceOpenError, match="refused"):
        next(reconnecting([*broken]).frames(threading.Event()))
    source = reconnecting([*broken, ListSource([grey_frame(1)])], Patience(1, 1, unopened=True))
    frames, (gone, back) = everything(source)
    assert len(frames) == 1
    assert isinstance(gone, SignalLost)
    assert gone.reason == "refused"
    assert isinstance(back, SignalRestored)
    assert source.status().reconnects == 0


def test_an_outage_ends_when_it_shall_stop() -> None:
    asked: list[float] = []
    stop = threading.Event()

    def intervals() -> Iterator[float]:
        for interval_s in (0.001, 0.002, DEADLINE_S):
            asked.append(interval_s)
            if interval_s == DEADLINE_S:
                stop.set()
            yield interval_s

    source = reconnecting([lost([grey_frame(1)]), lost([]), lost([])], intervals=intervals)
    assert len(everything(source, stop)[0]) == 1
    assert asked == [0.001, 0.002, DEADLINE_S]
    assert source.status().silent_since_s is not None


def test_attempts_begin_every_four_seconds_however_long_the_outage() -> None:
    from live_classify.sources.reconnecting import _growing_intervals

    intervals = list(itertools.islice(_growing_intervals(), 1000))
    for interval_s, about_s in zip(intervals, (1, 2, *[4] * 998), strict=True):
        assert 0.8 * about_s <= interval_s <= 1.2 * about_s


@pytest.mark.parametrize(
    ("taken_s", "pause_s"),
    [(0, 4), (3, 1), (2.5, 1.5), (15, 1)],  # time that an attempt took is time that was waited
)
def test_the_time_of_an_attempt_counts_but_it_is_not_followed_at_once(taken_s: float, pause_s: float) -> None:
    from live_classify.sources.reconnecting import _Outage

    assert _Outage(itertools.repeat(4.0)).pause_s(taken_s) == pause_s


class SlowClock:
    """Seconds that pass only while somebody connects."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def slow(self, source: Source, seconds: float) -> Source:
        """The same source, which takes a time to open."""
        clock, frames = self, source.frames

        class Slow(ListSource):
            def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
                clock.now_s += seconds
                yield from (item for item in frames(stop) if isinstance(item, Frame))

        return Slow([])


def test_a_host_that_says_nothing_is_probed_until_it_takes_connections() -> None:
    clock, probed = SlowClock(), itertools.count()

    def probe() -> None:
        clock.now_s += PROBE_S
        if next(probed) < 5:
            raise SourceOpenError("no connection")

    refused = ListSource([], then=SourceOpenError("refused"))
    connections = [
        lost([grey_frame(1)]),
        refused,  # quickly: calling it is as cheap as probing
        clock.slow(lost([]), 10),
        *[ListSource([grey_frame(9)]) for _ in range(5)],  # made, and not opened
        ListSource([grey_frame(2)]),
    ]
    frames, signals = everything(reconnecting(connections, probe=probe, clock=clock))
    assert [int(frame.bgr[0, 0, 0]) for frame in frames] == [1, 2]
    assert len(signals) == 2
    assert next(probed) == 6


def test_an_attempt_is_given_up_sooner_where_the_source_used_to_open_soon() -> None:
    """What had been asked of a host before it came back is never answered."""
    allowed: list[float] = []
    connections = iter([ListSource([]), lost([grey_frame(1)]), *[lost([]) for _ in range(5)], ListSource([])])

    def connect(timeout_s: float) -> Source:
        allowed.append(timeout_s)
        return next(connections)

    everything(Reconnecting("test", connect, Patience(600, 2), None, at_once))
    assert allowed == [600, 600, 5, 5, 5, 600, 5, 5]  # and now and then not: it may have become slower


def test_a_source_that_opens_slowly_is_given_the_time_it_needs() -> None:
    clock, allowed = SlowClock(), []
    connections = iter([ListSource([]), clock.slow(lost([grey_frame(1)]), 7), ListSource([])])

    def connect(timeout_s: float) -> Source:
        allowed.append(timeout_s)
        return next(connections)

    everything(Reconnecting("test", connect, Patience(600, 2), None, at_once, clock))
    assert allowed == [600, 600, 21]


class Hanging(ListSource):
    """Hangs after its frames, as a driver does, until it is let go."""

    def __init__(self, frames: list[Frame]) -> None:
        super().__init__(frames)
        self.let_go = threading.Event()

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        yield from super().frames(stop)
        self.let_go.wait(DEADLINE_S)


@contextmanager
def all_let_go(sources: list[Hanging]) -> Iterator[None]:
    try:
        yield
    finally:
        for source in sources:
            source.let_go.set()
        for thread in threading.enumerate():
            if thread.name.startswith("reader"):
                thread.join(DEADLINE_S)


def test_a_reader_that_hangs_is_left_behind_and_the_next_one_delivers() -> None:
    hanging = Hanging([grey_frame(1, 0)])
    source = reconnecting([hanging, ListSource([grey_frame(2, 0)])])
    with all_let_go([hanging]):
        frames, (gone, _) = everything(source)
    assert [int(frame.bgr[0, 0, 0]) for frame in frames] == [1, 2]
    assert isinstance(gone, SignalLost)
    assert gone.reason == "test: no frame for 0.2 s"


def test_no_more_than_three_readers_hang_at_a_time() -> None:
    hanging = [Hanging([grey_frame(1)]) for _ in range(3)]
    stop, attempts = threading.Event(), itertools.count()

    def counted() -> Iterator[float]:
        while next(attempts) < 8:
            yield 0.0
        stop.set()
        yield 0.0

    source = reconnecting([*hanging], intervals=counted)
    with all_let_go(hanging):
        assert len(everything(source, stop)[0]) == 3  # a fourth connection would fail: there is none
    assert next(attempts) == 9


def test_stopping_does_not_wait_for_a_reader_that_hangs() -> None:
    hanging = Hanging([grey_frame(1)])
    source = reconnecting([hanging], Patience(DEADLINE_S, DEADLINE_S))
    sink = Collector()
    with all_let_go([hanging]):
        with Pipeline([source], grey_classifier(), live=True, sinks=[sink]) as pipeline:
            pipeline.monitor.wait_for_answer(0, DEADLINE_S)
        assert not any(thread.name.startswith("capture") for thread in threading.enumerate())
    assert sink.closed


def test_a_silent_source_is_never_classified_twice() -> None:
    hanging = Hanging([grey_frame(1, 0)])
    source = reconnecting([hanging, ListSource([grey_frame(2, 0)])])
    sink = Collector()
    with all_let_go([hanging]):
        with Pipeline([source], grey_classifier(), live=True, sinks=[sink]) as pipeline:
            assert pipeline.wait(DEADLINE_S)
    assert [prediction.top.index for _, prediction in sink.written] == [1, 2]
    assert sink.indices == [0, 1]


def test_errors_of_a_source_are_its_own() -> None:
    source = reconnecting([ListSource([], then=ZeroDivisionError("a bug"))])
    with pytest.raises(ZeroDivisionError, match="a bug"):
        next(source.frames(threading.Event()))
    assert issubclass(SourceReadError, SourceError)
