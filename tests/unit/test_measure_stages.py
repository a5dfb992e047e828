from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from doubles import GREY_HEAD, Clock, GreyEngine, ListSource, grey_frame
from live_classify.core.errors import SourceReadError
from live_classify.core.values import Frame
from live_classify.measure import stages
from live_classify.measure.rounds import in_turns, rate_of
from live_classify.measure.stages import Stage, Steps
from media import packets

FRAMES = [grey_frame(level, level) for level in range(5)]


def steps_of(clock: Clock, costs: list[float], processors: float = 1.0) -> Steps:
    for cost in itertools.cycle(costs):
        clock.work(cost, processors)
        yield True


def test_a_stage_of_known_cost_measures_that() -> None:
    clock = Clock()
    stage = Stage(lambda: steps_of(clock, [0.02], processors=1.5), 0.5, clock.clocks)
    for _ in range(3):
        stage.run_round()
    figures = stage.figures()
    assert figures["fps"] == pytest.approx(50)
    assert figures["rounds"] == pytest.approx([50, 50, 50])
    assert figures["ms"] == pytest.approx({"p50": 20, "p95": 20, "p99": 20})
    assert figures["cpu_ms"] == pytest.approx(30)
    assert figures["frames"] == 3 * 25


def test_an_engine_of_known_cost_measures_that() -> None:
    clock = Clock()
    engine = GreyEngine(before=clock.cost(0.02))
    stage = Stage(lambda: stages.inferring(engine, GREY_HEAD, FRAMES, "crop"), 0.5, clock.clocks)
    stage.run_round()
    assert stage.figures()["ms"]["p50"] == pytest.approx(20)
    assert set(engine.sizes) == {1}


def test_percentiles_are_those_of_all_rounds() -> None:
    clock = Clock()
    stage = Stage(lambda: steps_of(clock, [0.001 * number for number in range(1, 101)]), 0.25, clock.clocks)
    for _ in range(2):
        stage.run_round()
    figures = stage.figures()
    assert figures["frames"] == 2 * 100
    assert figures["ms"] == pytest.approx({"p50": 50.5, "p95": 95.1, "p99": 99.05}, rel=0.02)


def test_what_only_comes_first_is_not_counted() -> None:
    clock = Clock()

    def opening_first() -> Steps:
        clock.work(3.0)
        yield False
        yield from steps_of(clock, [0.01])

    stage = Stage(opening_first, 0.2, clock.clocks)
    stage.run_round()
    assert stage.figures()["fps"] == pytest.approx(100)
    assert stage.figures()["cpu_ms"] == pytest.approx(10)


def test_a_stage_never_pays_for_another() -> None:
    clock = Clock()
    quick = Stage(lambda: steps_of(clock, [0.001]), 0.1, clock.clocks)
    slow = Stage(lambda: steps_of(clock, [0.1]), 0.1, clock.clocks)
    in_turns([quick.run_round, slow.run_round], 4, lambda: clock.work(7.0))
    assert quick.figures()["fps"] == pytest.approx(1000)
    assert slow.figures()["fps"] == pytest.approx(10)
    assert len(slow.figures()["rounds"]) == 4


def test_every_round_has_the_same_number_of_frames_and_ends_its_work() -> None:
    clock = Clock()
    done: list[int] = []

    def counted() -> Steps:
        begun = clock.now_s
        try:
            yield from steps_of(clock, [0.02])
        finally:
            done.append(round((clock.now_s - begun) / 0.02))

    stage = Stage(counted, 0.4, clock.clocks)
    for _ in range(3):
        stage.run_round()
    assert done[1:] == [20, 20, 20]


def test_rounds_are_run_in_turns() -> None:
    order: list[str] = []
    in_turns([lambda: order.append("a"), lambda: order.append("b")], 3, lambda: order.append("|"))
    assert "".join(order) == "ab|ab|ab|"


def test_the_spread_is_the_range_by_the_median() -> None:
    assert rate_of([100.0, 90.0, 120.0]) == {"fps": 100.0, "spread": 0.3, "rounds": [100.0, 90.0, 120.0]}
    assert rate_of([0.0])["spread"] == 0


def test_decoding_leaves_out_the_opening_and_begins_again_at_the_end() -> None:
    opened: list[ListSource] = []

    def open_source() -> ListSource:
        opened.append(ListSource([grey_frame(1, index) for index in range(3)]))
        return opened[-1]

    assert [*itertools.islice(stages.decoding(open_source, single=False), 7)] == [False, True, True] * 2 + [False]
    assert len(opened) == 3
    assert opened[0].released


def test_decoding_what_breaks_off_measures_what_there_is() -> None:
    def frames() -> Iterator[Frame]:
        yield grey_frame(1, 0)
        yield grey_frame(1, 1)

    def broken() -> ListSource:
        return ListSource(frames(), then=SourceReadError("cut short"))

    assert [*itertools.islice(stages.decoding(broken, single=False), 4)] == [False, True, False, True]


def test_a_picture_is_decoded_each_time() -> None:
    steps = stages.decoding(lambda: ListSource([grey_frame(1, 0)]), single=True)
    assert [*itertools.islice(steps, 3)] == [True, True, True]


def test_drawing_leaves_the_frames_alone() -> None:
    frame = Frame(np.full((240, 320, 3), 9, np.uint8), 0, 0.0, 0.0, "test")
    steps = stages.drawing([frame])
    assert [next(steps), next(steps)] == [True, True]
    assert (frame.bgr == 9).all()


def test_encoding_writes_a_video(tmp_path: Path) -> None:
    path = tmp_path / "stage.mp4"
    frame = Frame(np.full((48, 64, 3), 9, np.uint8), 0, 0.0, 0.0, "test")
    steps = stages.encoding([frame], path)
    counted = [next(steps) for _ in range(12)]
    steps.close()
    assert counted == [False] * 8 + [True] * 4
    assert len(packets(path)) == 12


def test_a_slow_first_step_does_not_make_rounds_short() -> None:
    clock = Clock()
    begun: list[bool] = []

    def slow_once() -> Steps:
        if not begun:
            begun.append(True)
            clock.work(5.0)
        yield from steps_of(clock, [0.01])

    stage = Stage(slow_once, 0.5, clock.clocks)
    stage.run_round()
    assert stage.figures()["frames"] == 50
