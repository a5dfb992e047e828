from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
import numpy.typing as npt
import pytest

from doubles import Collector, GreyEngine, Listener, ListSource, grey_classifier, grey_frame
from live_classify.core.errors import EngineError, OutputError, SourceReadError
from live_classify.core.events import SourceFailed
from live_classify.core.values import Frame
from live_classify.flow.pipeline import Pipeline

DEADLINE_S = 20.0  # a test that waits this long has failed


def frames(count: int, source: str = "test") -> list[Frame]:
    return [grey_frame(index % 256, index, source) for index in range(count)]


def endless() -> Iterator[Frame]:
    return (grey_frame(index % 256, index) for index in itertools.count())


def unevenly(seed: int) -> Callable[[npt.NDArray[np.uint8]], None]:
    """Waits a different, very short while each time, so that workers overtake each other."""
    waits, never = random.Random(seed), threading.Event()

    def wait(_: npt.NDArray[np.uint8]) -> None:
        never.wait(waits.random() / 500)

    return wait


@pytest.mark.parametrize("batch", [1, 3, 8])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_recording_is_classified_once_in_order_whatever_the_layout(batch: int, workers: int) -> None:
    engines = [GreyEngine(batch, unevenly(seed)) for seed in range(workers)]
    sink = Collector()
    with Pipeline([ListSource(frames(300))], grey_classifier(*engines), live=False, sinks=[sink]) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    assert sink.indices == list(range(300))
    assert all(prediction.top.index == frame.index % 256 for frame, prediction in sink.written)
    assert sum(size for engine in engines for size in engine.sizes) == 300
    assert pipeline.monitor.snapshot().dropped == 0


def test_recordings_are_read_one_after_the_other() -> None:
    sources = [ListSource(frames(20, name), name) for name in ("a", "b", "c")]
    sink = Collector()
    with Pipeline(sources, grey_classifier(), live=False, sinks=[sink]) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    assert [(frame.source, frame.index) for frame, _ in sink.written] == [
        (name, index) for name in ("a", "b", "c") for index in range(20)
    ]
    assert all(source.released for source in sources)


def test_a_slow_output_makes_a_recording_wait_instead_of_piling_up() -> None:
    given = 0

    def counted() -> Iterator[Frame]:
        nonlocal given
        for frame in frames(100):
            given += 1
            yield frame

    ahead: list[int] = []
    sink = Collector(before=lambda frame: ahead.append(given - frame.index))
    with Pipeline([ListSource(counted())], grey_classifier(), live=False, sinks=[sink]) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    assert sink.indices == list(range(100))
    assert max(ahead) <= 10


def test_live_the_newest_frame_wins_and_the_others_are_counted() -> None:
    """The network is held until the camera has delivered everything: then only the newest is left for it."""
    delivered, classifying = threading.Event(), threading.Event()

    def camera() -> Iterator[Frame]:
        yield grey_frame(0, 0)
        assert classifying.wait(DEADLINE_S)
        yield from frames(50)[1:]
        delivered.set()

    def hold(_: npt.NDArray[np.uint8]) -> None:
        classifying.set()
        assert delivered.wait(DEADLINE_S)

    sink = Collector()
    classifier = grey_classifier(GreyEngine(before=hold))
    with Pipeline([ListSource(camera())], classifier, live=True, sinks=[sink]) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    assert sink.indices == [0, 49]
    (source,) = pipeline.monitor.snapshot().sources
    assert (source.captured, source.classified, source.dropped) == (50, 2, 48)
    assert source.frame is not None
    assert source.frame.index == 49


def test_live_a_slow_network_never_holds_up_the_frames_for_the_window() -> None:
    let_go = threading.Event()

    def hold(_: npt.NDArray[np.uint8]) -> None:
        let_go.wait(DEADLINE_S)

    classifier = grey_classifier(GreyEngine(before=hold))
    with Pipeline([ListSource(frames(50))], classifier, live=True) as pipeline:
        version, index = 0, -1
        while index < 49:
            version = pipeline.monitor.wait_for_frame(version, DEADLINE_S)
            (source,) = pipeline.monitor.snapshot().sources
            index = -1 if source.frame is None else source.frame.index
        assert pipeline.monitor.snapshot().newest is None
        let_go.set()


def fail_at(index: int, error: Exception) -> Callable[[Frame], None]:
    def before(frame: Frame) -> None:
        if frame.index == index:
            raise error

    return before


def test_a_failing_network_ends_the_run_and_is_what_the_caller_reads() -> None:
    def before(rgb: npt.NDArray[np.uint8]) -> None:
        if rgb[0, 0, 0, 0] == 30:
            raise EngineError("the network broke")

    sink, source = Collector(), ListSource(endless())
    with pytest.raises(EngineError, match="the network broke"):
        with Pipeline([source], grey_classifier(GreyEngine(before=before)), live=False, sinks=[sink]) as pipeline:
            assert pipeline.wait(DEADLINE_S)
    assert sink.indices == list(range(30))
    assert sink.closed
    assert source.released


def test_a_failing_output_ends_the_run_and_the_others_are_closed() -> None:
    broken, whole = Collector(fail_at(5, OutputError("disk full"))), Collector()
    source = ListSource(endless())
    with pytest.raises(OutputError, match="disk full"):
        with Pipeline([source], grey_classifier(), live=False, sinks=[whole, broken]) as pipeline:
            assert pipeline.wait(DEADLINE_S)
    assert whole.indices[:6] == [0, 1, 2, 3, 4, 5]
    assert whole.indices == list(range(len(whole.indices)))
    assert whole.closed == broken.closed == 1
    assert source.released


def test_the_first_failure_is_reported_not_the_one_of_closing() -> None:
    class Broken(Collector):
        def close(self) -> None:
            super().close()
            raise OutputError("could not even be closed")

    sink, other = Broken(fail_at(3, OutputError("disk full"))), Collector()
    with pytest.raises(OutputError, match="disk full"):
        with Pipeline([ListSource(endless())], grey_classifier(), live=False, sinks=[sink, other]) as pipeline:
            assert pipeline.wait(DEADLINE_S)
    assert other.closed


def test_an_output_that_cannot_be_finished_is_a_failure() -> None:
    class Unfinished(Collector):
        def close(self) -> None:
            raise OutputError("no room for the index")

    with pytest.raises(OutputError, match="no room for the index"):
        with Pipeline([ListSource(frames(3))], grey_classifier(), live=False, sinks=[Unfinished()]) as pipeline:
            assert pipeline.wait(DEADLINE_S)


def test_a_broken_recording_does_not_keep_the_next_from_being_read() -> None:
    broken = SourceReadError("a is cut short")
    sources = [ListSource(frames(4, "a"), "a", then=broken), ListSource(frames(4, "b"), "b")]
    sink = Collector()
    told = Listener()
    with Pipeline(sources, grey_classifier(), live=False, sinks=[sink], event_sinks=[told]) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    assert [frame.source for frame, _ in sink.written] == ["a"] * 4 + ["b"] * 4
    failed = [event for event in told.events if isinstance(event, SourceFailed)]
    assert [(event.source, event.error) for event in failed] == [("a", broken)]
    assert pipeline.monitor.snapshot().errors == [broken]


def test_an_unforeseen_error_in_a_source_is_carried_to_the_caller() -> None:
    source = ListSource(frames(4), then=ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError, match="a bug"):
        with Pipeline([source], grey_classifier(), live=False, sinks=[Collector()]) as pipeline:
            assert pipeline.wait(DEADLINE_S)


@pytest.mark.parametrize("live", [True, False])
def test_stopping_early_keeps_what_is_classified_and_leaves_no_thread(live: bool) -> None:
    enough = threading.Event()
    sink = Collector(before=lambda frame: enough.set() if frame.index >= 20 else None)
    source = ListSource(endless())
    with Pipeline([source], grey_classifier(GreyEngine(), GreyEngine()), live=live, sinks=[sink]) as pipeline:
        assert enough.wait(DEADLINE_S)
    assert source.released
    assert sink.closed
    assert sink.indices == sorted(set(sink.indices))
    if not live:
        assert sink.indices == list(range(len(sink.indices)))
    assert pipeline.wait(0)


def test_stopping_does_not_wait_for_a_source_that_hangs() -> None:
    let_go = threading.Event()

    def hanging() -> Iterator[Frame]:
        yield grey_frame(1)
        let_go.wait(DEADLINE_S)

    sink = Collector()
    with Pipeline([ListSource(hanging())], grey_classifier(), live=True, sinks=[sink]) as pipeline:
        pipeline.monitor.wait_for_answer(0, DEADLINE_S)
    assert sink.closed
    let_go.set()
    for thread in threading.enumerate():
        if thread.name.startswith("capture"):
            thread.join(DEADLINE_S)


def test_the_stable_label_follows_each_source_apart() -> None:
    sources = [ListSource([grey_frame(level, i, name) for i in range(5)], name) for name, level in (("a", 3), ("b", 9))]
    sink = Collector()
    with Pipeline(sources, grey_classifier(), live=False, sinks=[sink], smooth_s=10.0) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    assert [prediction.stable.index for _, prediction in sink.written if prediction.stable] == [3] * 5 + [9] * 5


def test_live_a_batch_takes_the_newest_frame_of_each_source_and_each_is_counted() -> None:
    names = [f"camera {number}" for number in range(6)]
    delivered, classifying = threading.Barrier(len(names) + 1), threading.Event()

    def camera(name: str) -> Iterator[Frame]:
        assert classifying.wait(DEADLINE_S)
        yield from frames(20, name)
        delivered.wait(DEADLINE_S)

    def first() -> Iterator[Frame]:
        yield grey_frame(200, 0, "first")

    def hold(rgb: npt.NDArray[np.uint8]) -> None:
        if rgb[0, 0, 0, 0] == 200:
            classifying.set()
            delivered.wait(DEADLINE_S)

    engine, sink = GreyEngine(batch=7, before=hold), Collector()
    sources = [ListSource(first(), "first"), *(ListSource(camera(name), name) for name in names)]
    with Pipeline(sources, grey_classifier(engine), live=True, sinks=[sink]) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    assert engine.sizes == [1, 6]
    assert sorted((frame.source, frame.index) for frame, _ in sink.written[1:]) == [(name, 19) for name in names]
    by_source = pipeline.monitor.snapshot().sources
    assert [(source.name, source.captured, source.dropped) for source in by_source] == [
        ("first", 1, 0),
        *((name, 20, 19) for name in names),
    ]


@pytest.mark.parametrize("live", [True, False])
def test_frames_bear_the_name_of_their_source_and_of_two_with_one_name_the_second_a_number(live: bool) -> None:
    sink = Collector()
    sources = [ListSource(frames(1), "camera"), ListSource(frames(1), "camera")]
    with Pipeline(sources, grey_classifier(), live=live, sinks=[sink]) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    assert {frame.source for frame, _ in sink.written} == {"camera", "camera (2)"}
    assert [source.name for source in pipeline.monitor.snapshot().sources] == ["camera", "camera (2)"]


def test_live_frames_bear_the_wall_clock_of_their_capture_and_recorded_ones_none() -> None:
    sink, recorded = Collector(), Collector()
    frame = replace(grey_frame(1), captured_s=time.monotonic() - 100)
    with Pipeline([ListSource([frame])], grey_classifier(), live=True, sinks=[sink]) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    with Pipeline([ListSource([frame])], grey_classifier(), live=False, sinks=[recorded]) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    at = sink.written[0][0].at
    assert at is not None
    assert 99 < (datetime.now(timezone.utc) - at).total_seconds() < 100 + DEADLINE_S
    assert recorded.written[0][0].at is None
