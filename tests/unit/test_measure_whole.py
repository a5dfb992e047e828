from __future__ import annotations

import itertools
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from doubles import Clock, GreyEngine, ListSource, grey_classifier, grey_frame
from live_classify.core.errors import SourceOpenError, SourceReadError
from live_classify.core.values import Frame
from live_classify.measure.whole import Live, Recorded, Repeated


def clip(frames: int = 4) -> ListSource:
    return ListSource([grey_frame(level, level) for level in range(frames)])


def test_a_recording_of_known_cost_measures_that(tmp_path: Path) -> None:
    clock = Clock()
    classifier = grey_classifier(GreyEngine(before=clock.cost(0.02)))
    recorded = Recorded(clip, classifier, 10, tmp_path, clock=clock)
    for _ in range(3):
        recorded.run_round()
    figures = recorded.figures()
    assert figures["fps"] == pytest.approx(50)
    assert figures["rounds"] == pytest.approx([50, 50, 50])
    assert figures["busy"]["inference"] == pytest.approx(1)
    assert figures["workers"] == 1
    assert (tmp_path / "whole.jsonl").read_text().count("\n") == 10


def test_of_every_second_frame_both_count_as_covered(tmp_path: Path) -> None:
    clock = Clock()
    classifier = grey_classifier(GreyEngine(before=clock.cost(0.02)))
    recorded = Recorded(clip, classifier, 10, tmp_path, every=2, clock=clock)
    recorded.run_round()
    assert recorded.figures()["fps"] == pytest.approx(100)


def test_a_live_source_of_known_rate_measures_that() -> None:
    clock = Clock()
    answered = threading.Semaphore(1)

    class Camera(ListSource):
        def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
            for index in itertools.count():
                while not answered.acquire(timeout=0.05):
                    if stop.is_set():
                        return
                yield grey_frame(index % 200, index)

    def classify(_: object) -> None:
        clock.work(0.1)
        answered.release()

    live = Live(lambda: [Camera([])], grey_classifier(GreyEngine(before=classify)), 2.0, clock=clock)
    live.run_round()
    figures = live.figures()
    assert figures["fps"] == pytest.approx(10)
    assert figures["captured_fps"] == pytest.approx(10, rel=0.2)  # one frame may just be under way
    assert figures["dropped"] < 0.1
    assert len(figures["latency_rounds"]) == 1
    assert sum(count for _, count in live.latency.histogram()) == live.rounds[0]["frames_classified"]


def test_a_live_source_without_frames_is_an_error() -> None:
    live = Live(lambda: [ListSource([])], grey_classifier(), 2.0)
    with pytest.raises(SourceOpenError, match="test has too few frames to measure anything: it ended"):
        live.run_round()
    gone = Live(lambda: [ListSource([], then=SourceReadError("unplugged"))], grey_classifier(), 2.0)
    with pytest.raises(SourceReadError, match="unplugged"):
        gone.run_round()


def test_a_short_recording_is_read_again_with_rising_numbers_and_times() -> None:
    frames = [*Repeated(clip(3), 8).frames(threading.Event())]
    assert [frame.index for frame in frames] == [*range(8)]
    assert [int(frame.bgr[0, 0, 0]) for frame in frames] == [0, 1, 2, 0, 1, 2, 0, 1]
    times = [frame.time_s for frame in frames]
    assert times == sorted(set(times))


def test_a_recording_that_is_cut_short_is_read_as_far_as_it_goes() -> None:
    cut = ListSource([grey_frame(1, 0), grey_frame(2, 1)], then=SourceReadError("cut short"))
    assert len([*Repeated(cut, 5).frames(threading.Event())]) == 5
    empty = ListSource([], then=SourceReadError("no frame could be read"))
    with pytest.raises(SourceReadError, match="no frame could be read"):
        next(Repeated(empty, 5).frames(threading.Event()))
