"""Receivers of answers and events: each with a queue, thread, policy and failure rule of its own."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from doubles import Collector, GreyEngine, Listener, ListSource, grey_classifier, grey_frame
from live_classify.core.errors import OutputError
from live_classify.core.events import (
    Event,
    OutletFailed,
)
from live_classify.core.protocols import EventSink
from live_classify.core.values import Answered, Frame
from live_classify.flow.outlet import EventOutlet, Outlet
from live_classify.flow.pipeline import Pipeline

DEADLINE_S = 20.0


def frames(levels: list[int]) -> list[Frame]:
    return [grey_frame(level, index) for index, level in enumerate(levels)]


def endless() -> Iterator[Frame]:
    return (grey_frame(index % 256, index) for index in itertools.count())


def test_live_a_slow_outlet_holds_up_neither_the_answers_nor_the_other_outlets() -> None:
    """The slow one is held at its first row, until the quick one has had all."""
    all_taken = threading.Event()

    def taken(frame: Frame) -> None:
        if frame.index == 199:
            all_taken.set()

    def camera() -> Iterator[Frame]:
        for frame in frames([7] * 200):
            yield frame
            while pipeline.monitor.snapshot().classified <= frame.index:  # so that every frame is answered
                pipeline.monitor.wait_for_answer(0, DEADLINE_S)

    quick, slow = Collector(before=taken), Collector(before=lambda _: _wait(all_taken))
    pipeline = Pipeline([ListSource(camera())], grey_classifier(), live=True, sinks=[slow, quick])
    with pipeline:
        assert pipeline.wait(DEADLINE_S)
    run = pipeline.monitor.snapshot()
    assert quick.indices == list(range(200))
    assert run.classified == 200
    assert slow.indices[0] == 0
    assert slow.indices[-1] == 199
    assert slow.indices == sorted(set(slow.indices))
    slow_outlet = run.outlets[0]
    assert slow_outlet.taken == len(slow.written) < 200
    assert slow_outlet.taken + slow_outlet.lost == 200


def _wait(event: threading.Event) -> None:
    assert event.wait(DEADLINE_S)


def test_an_outlet_for_the_newest_only_gets_the_newest_of_each_source() -> None:
    let_go = threading.Event()
    sink = Collector(before=lambda _: _wait(let_go))
    sources = [ListSource(frames([level] * 50), name) for name, level in (("a", 1), ("b", 2))]
    with Pipeline(sources, grey_classifier(), live=False, sinks=[Outlet(sink, "newest")]) as pipeline:
        while pipeline.monitor.snapshot().classified < 100:
            pipeline.monitor.wait_for_answer(0, DEADLINE_S)
        let_go.set()
        assert pipeline.wait(DEADLINE_S)
    newest = {frame.source: frame.index for frame, _ in sink.written}
    assert newest == {"a": 49, "b": 49}
    assert len(sink.written) <= 4


class Unforeseen(BaseException):
    """Nobody expects it."""


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("a bug"), KeyboardInterrupt("a key"), Unforeseen("what"), SystemExit(3)]
)
@pytest.mark.parametrize("where", ["write", "close"])
def test_whatever_a_sink_raises_is_reported_and_the_others_are_closed_and_whole(
    error: BaseException, where: str
) -> None:
    class Broken(Collector):
        def write(self, answered: Answered) -> None:
            super().write(answered)
            if where == "write" and answered.frame.index == 5:
                raise error

        def close(self) -> None:
            super().close()
            if where == "close":
                raise error

    before, broken, after = Collector(), Broken(), Collector()
    source = ListSource(endless() if where == "write" else frames([1] * 20))
    with pytest.raises(type(error)) as caught:
        with Pipeline([source], grey_classifier(), live=False, sinks=[before, broken, after]) as pipeline:
            assert pipeline.wait(DEADLINE_S)
    assert caught.value is error
    for sink in (before, broken, after):
        assert sink.closed == 1
        assert sink.indices == list(range(len(sink.indices)))
    assert before.indices == after.indices
    assert len(before.indices) >= 6
    assert pipeline.monitor.snapshot().classified == len(before.indices)


def test_a_later_error_does_not_hide_the_first() -> None:
    class Broken(Collector):
        def close(self) -> None:
            super().close()
            raise ZeroDivisionError("while closing")

    first = OutputError("disk full")

    def fail(frame: Frame) -> None:
        if frame.index == 3:
            raise first

    with pytest.raises(OutputError, match="disk full"):
        with Pipeline(
            [ListSource(endless())], grey_classifier(), live=False, sinks=[Broken(), Broken(fail)]
        ) as pipeline:
            assert pipeline.wait(DEADLINE_S)


def test_an_outlet_whose_failures_are_reported_is_tried_again_and_said_once() -> None:
    def away(frame: Frame) -> None:
        if 3 <= frame.index < 6:
            raise ConnectionError("the broker is away")

    sink, told = Collector(before=away), Listener()
    outlet = Outlet(sink, on_failure="report", name="broker")
    with Pipeline(
        [ListSource(frames([1] * 10))], grey_classifier(), live=False, sinks=[outlet], event_sinks=[told]
    ) as run:
        assert run.wait(DEADLINE_S)
    assert sink.indices == [0, 1, 2, 6, 7, 8, 9]
    failures = [event for event in told.events if isinstance(event, OutletFailed)]
    assert [(event.outlet, event.reason) for event in failures] == [("broker", "the broker is away")]
    (snapshot, _) = run.monitor.snapshot().outlets
    assert (snapshot.name, snapshot.taken, snapshot.lost, snapshot.failure) == ("broker", 7, 3, None)


def test_a_sink_of_events_that_fails_does_not_end_the_run() -> None:
    def fail(_: Event) -> None:
        raise ConnectionError("away")

    said = threading.Event()
    broken, sink = Listener(fail), Collector()
    told = Listener(lambda event: said.set() if isinstance(event, OutletFailed) else None)

    def source() -> Iterator[Frame]:
        yield from frames([1, 1, 2])
        _wait(said)  # an outlet that fails after the end of all has nobody to tell it to

    events: list[EventSink | EventOutlet] = [EventOutlet(broken, name="webhook"), told]
    inputs = [ListSource(source())]
    with Pipeline(inputs, grey_classifier(), live=False, sinks=[sink], event_sinks=events) as run:
        assert run.wait(DEADLINE_S)
    assert sink.indices == [0, 1, 2]
    assert broken.closed == told.closed == 1
    assert [event.outlet for event in told.events if isinstance(event, OutletFailed)] == ["webhook"]


def test_ending_the_run_from_within_a_sink_works() -> None:
    class Enough(Collector):
        def write(self, answered: Answered) -> None:
            super().write(answered)
            if answered.frame.index == 5:
                pipeline.close()

    sink, other = Enough(), Collector()
    pipeline = Pipeline([ListSource(endless())], grey_classifier(), live=False, sinks=[sink, other])
    with pipeline:
        assert pipeline.wait(DEADLINE_S)
    assert sink.closed == other.closed == 1
    assert sink.indices == other.indices == list(range(pipeline.monitor.snapshot().classified))


def test_a_slow_sink_is_no_sink_that_hangs() -> None:
    """Ended early, it finishes what it is taking, and what waits for it is counted as lost; nothing is raised."""
    held, never = threading.Event(), threading.Event()

    def slow(frame: Frame) -> None:
        if frame.index == 0:
            _wait(held)
        never.wait(0.7)

    sink = Collector(before=slow)
    with Pipeline([ListSource(endless())], grey_classifier(), live=False, sinks=[sink]) as pipeline:
        while pipeline.monitor.snapshot().classified < 5:  # as many as can wait for it, and one more
            pipeline.monitor.wait_for_answer(0, DEADLINE_S)
        held.set()
    run = pipeline.monitor.snapshot()
    assert sink.closed == 1
    assert run.outlets[0].taken == len(sink.written)
    assert run.outlets[0].lost > 0
    assert run.outlets[0].taken + run.outlets[0].lost == run.classified


def test_a_sink_that_hangs_is_left_behind_and_named() -> None:
    begun, let_go = threading.Event(), threading.Event()

    def hang(_: Frame) -> None:
        begun.set()
        let_go.wait(DEADLINE_S)

    sink, other = Collector(before=hang), Collector()
    with pytest.raises(OutputError, match="pipe takes no more data"):
        with Pipeline([ListSource(endless())], grey_classifier(), live=False, sinks=[Outlet(sink, name="pipe"), other]):
            assert begun.wait(DEADLINE_S)
    assert other.closed == 1
    let_go.set()
    join_outlets()


def join_outlets() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith(("outlet", "inference")):
            thread.join(DEADLINE_S)


def test_a_network_that_hangs_is_left_behind_when_the_run_is_ended() -> None:
    begun, let_go = threading.Event(), threading.Event()

    def hang(rgb: npt.NDArray[np.uint8]) -> None:
        if rgb[0, 0, 0, 0] == 5:
            begun.set()
            let_go.wait(DEADLINE_S)

    sink = Collector()
    classifier = grey_classifier(GreyEngine(before=hang), GreyEngine(before=hang))
    with Pipeline([ListSource(endless())], classifier, live=False, sinks=[sink]) as pipeline:
        assert begun.wait(DEADLINE_S)
    assert sink.closed == 1
    assert sink.indices == list(range(5))
    assert pipeline.monitor.snapshot().classified == 5
    let_go.set()
    join_outlets()


@pytest.mark.parametrize("live", [True, False])
def test_an_interrupted_run_counts_what_its_outlets_got(live: bool) -> None:
    for enough in range(1, 40, 3):
        reached = threading.Event()

        def look(frame: Frame, enough: int = enough, reached: threading.Event = reached) -> None:
            if frame.index >= enough:
                reached.set()

        sink = Collector(before=look)
        classifier = grey_classifier(GreyEngine(3), GreyEngine(3))
        with Pipeline([ListSource(endless())], classifier, live=live, sinks=[sink]) as pipeline:
            assert reached.wait(DEADLINE_S)
        run = pipeline.monitor.snapshot()
        assert run.outlets[0].taken == len(sink.written)
        assert run.classified == run.outlets[0].taken + run.outlets[0].lost
        assert live or run.outlets[0].lost == 0
        assert run.captured == run.classified + run.dropped
