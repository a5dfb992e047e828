from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from doubles import Clock, Collector, GreyEngine, ListSource, grey_classifier, grey_frame
from live_classify.core.errors import OutputError
from live_classify.core.values import Frame
from live_classify.flow.outlet import Outlet
from live_classify.flow.pipeline import Pipeline
from live_classify.outputs.stats import RunStats, run_stats

DEADLINE_S = 20.0  # a test that waits this long has failed
SLOW, FAST = 0.125, 0.0625  # seconds a frame; powers of two, so that sums are exact


@pytest.fixture
def clock() -> Clock:
    return Clock()


def frames(count: int, source: str = "test") -> list[Frame]:
    return [grey_frame(index, index, source) for index in range(count)]


def taking(clock: Clock, *durations_s: float, batch: int = 1) -> GreyEngine:
    """An engine whose calls take these times."""
    left = iter(durations_s)

    def before(_: npt.NDArray[np.uint8]) -> None:
        clock.now_s += next(left)

    return GreyEngine(batch, before)


def stats_of(
    clock: Callable[[], float], engine: GreyEngine, sources: Sequence[ListSource], sink: Collector | None = None
) -> RunStats:
    classifier, sinks = grey_classifier(engine), [sink or Collector()]
    with Pipeline(sources, classifier, live=False, sinks=sinks, clock=clock) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    return run_stats("video", classifier, pipeline.monitor.snapshot())


def test_the_total_is_over_the_whole_run_and_the_last_second_apart(clock: Clock) -> None:
    engine = taking(clock, *[SLOW] * 32, *[FAST] * 64)
    stats = stats_of(clock, engine, [ListSource(frames(96))])
    assert stats["elapsed_s"] == 8
    assert stats["fps"] == 12
    assert stats["fps_last_s"] == 16
    assert stats["stages"]["inference"] == {"fps": 12, "busy": 1}


def test_each_source_has_a_total_and_a_last_second(clock: Clock) -> None:
    """The first one ended 1.25 s before the run did: its rate had fallen to one frame in that time."""
    engine = taking(clock, *[SLOW] * 30, *[FAST] * 20)
    stats = stats_of(clock, engine, [ListSource(frames(30, "a"), "a"), ListSource(frames(20, "b"), "b")])
    assert stats["elapsed_s"] == 5
    assert (stats["fps"], stats["fps_last_s"]) == (10, 16)
    rates = [(source["source"], source["fps"], source["fps_last_s"]) for source in stats["by_source"]]
    assert rates == [("a", 6, 0.8), ("b", 4, 16)]


def test_frames_of_a_batch_count_in_the_time_of_the_batch(clock: Clock) -> None:
    """How many frames a batch gets depends on the threads; 4 batches a second do not."""
    engine = taking(clock, *[0.25] * 60, batch=6)
    stats = stats_of(clock, engine, [ListSource(frames(60))])
    assert stats["fps"] == round(60 / (0.25 * len(engine.sizes)), 2)
    assert stats["fps_last_s"] == stats["by_source"][0]["fps_last_s"] == sum(engine.sizes[-4:])


def test_the_last_second_is_that_of_the_run_not_of_who_asks(clock: Clock) -> None:
    classifier = grey_classifier(taking(clock, *[FAST] * 32))
    with Pipeline([ListSource(frames(32))], classifier, live=False, clock=clock) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    at_once = run_stats("video", classifier, pipeline.monitor.snapshot())
    clock.now_s += 1000
    later = run_stats("video", classifier, pipeline.monitor.snapshot())
    assert (at_once["fps_last_s"], at_once["elapsed_s"]) == (later["fps_last_s"], later["elapsed_s"]) == (16, 2)


def test_what_an_output_takes_after_the_last_frame_is_part_of_the_run(clock: Clock) -> None:
    class Slow(Collector):
        def close(self) -> None:
            clock.now_s += 4

    stats = stats_of(clock, taking(clock, *[SLOW] * 16), [ListSource(frames(16))], Slow())
    assert stats["elapsed_s"] == 6
    assert stats["fps"] == round(16 / 6, 2)
    assert stats["fps_last_s"] == 1 / 4


def test_latency_stays_on_the_clock_of_the_sources(clock: Clock) -> None:
    stats = stats_of(clock, taking(clock, *[1000.0] * 3), [ListSource(frames(3))])
    assert stats["latency_ms"]["p50"] is not None
    assert 0 <= stats["latency_ms"]["p50"] < 1000 * DEADLINE_S


def test_a_frame_costs_the_processor_time_of_the_whole_process() -> None:
    used_s = 0.02

    def work(_: npt.NDArray[np.uint8]) -> None:
        until_s = time.process_time() + used_s
        while time.process_time() < until_s:
            pass

    stats = stats_of(time.monotonic, GreyEngine(before=work), [ListSource(frames(5))])
    assert stats["cpu_s_per_frame"] is not None
    assert stats["cpu_s_per_frame"] >= used_s


def test_a_run_without_frames_has_no_rates_and_no_cost(clock: Clock) -> None:
    stats = stats_of(clock, taking(clock), [ListSource([])])
    assert stats["fps"] == stats["fps_last_s"] == stats["by_source"][0]["fps_last_s"] == 0
    assert stats["cpu_s_per_frame"] is None


def test_a_run_whose_output_hangs_ends_when_it_is_left_behind(clock: Clock) -> None:
    hanging, let_go = threading.Event(), threading.Event()

    def hang(_: Frame) -> None:
        hanging.set()
        assert let_go.wait(DEADLINE_S)

    classifier, sinks = grey_classifier(taking(clock, SLOW)), [Collector(hang)]
    pipeline = Pipeline([ListSource(frames(1))], classifier, live=False, sinks=sinks, clock=clock)
    pipeline.start()
    try:
        assert hanging.wait(DEADLINE_S)
        with pytest.raises(OutputError, match="takes no more data"):
            pipeline.close()
        stats = run_stats("video", classifier, pipeline.monitor.snapshot())
    finally:
        let_go.set()
        for thread in threading.enumerate():
            if thread.name.startswith("outlet"):
                thread.join(DEADLINE_S)
    assert (stats["elapsed_s"], stats["fps"]) == (SLOW, 8)
    assert stats["cpu_s_per_frame"]


def test_writing_is_a_stage_of_its_own(clock: Clock) -> None:
    slow_disk = Collector(lambda _: clock.work(0.5))
    stats = stats_of(clock, GreyEngine(), [ListSource(frames(8))], slow_disk)
    assert stats["stages"]["output"] == {"fps": 2, "busy": 1}


def test_what_each_file_got_is_counted() -> None:
    def fail(frame: Frame) -> None:
        if frame.index == 2:
            raise OSError("away")

    classifier = grey_classifier()
    log = Outlet(Collector(fail), on_failure="report", name="log.jsonl")
    segments = Outlet(Collector(), name="a.csv and b.srt")
    with Pipeline([ListSource(frames(5))], classifier, live=False, sinks=[log, segments, Collector()]) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    written = [Path("log.jsonl"), Path("b.srt")]
    assert run_stats("video", classifier, pipeline.monitor.snapshot(), written)["outputs"] == [
        {"output": "log.jsonl", "taken": 4, "lost": 1},
        {"output": "a.csv and b.srt", "taken": 5, "lost": 0},
    ]
