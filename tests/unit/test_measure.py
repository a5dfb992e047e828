from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from doubles import CLASSES, GreyEngine
from live_classify.engines.base import Engine, Goal
from live_classify.engines.select import Wishes
from live_classify.engines.stored import Choice
from live_classify.errors import EngineError
from live_classify.measure import Measurement, candidates, fastest, measure
from live_classify.models.lite_weights import LITE0

PICTURES = np.arange(16, dtype=np.uint8)[:, np.newaxis, np.newaxis, np.newaxis] * np.ones((1, 4, 4, 3), np.uint8)
LITERT = Choice("litert", "float32", "cpu", 1, 1)


class Clock:
    """A clock that only engines move."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def cost(self, seconds: float) -> Callable[[npt.NDArray[np.uint8]], None]:
        def pass_by(_: npt.NDArray[np.uint8]) -> None:
            self.now_s += seconds

        return pass_by


def measured(goal: Goal, engines: list[Engine], clock: Clock) -> Measurement:
    (one,) = measure([(goal, LITERT)], lambda _goal, _choice: engines, PICTURES, clock=clock)
    return one


def test_an_engine_of_known_cost_measures_that() -> None:
    clock = Clock()
    one = measured("latency", [GreyEngine(batch=1, before=clock.cost(0.02))], clock)
    assert one.ms == pytest.approx(20)
    assert one.rate == pytest.approx(50)
    assert one.spread == pytest.approx(0, abs=1e-6)


def test_a_batch_is_shared_by_its_pictures() -> None:
    clock = Clock()
    engine = GreyEngine(batch=4, before=clock.cost(0.02))
    one = measured("throughput", [engine], clock)
    assert one.ms == pytest.approx(5)
    assert set(engine.sizes) == {4}
    assert (one.choice.batch, one.choice.workers) == (4, 1)


def test_workers_share_the_work() -> None:
    clock = Clock()
    engines = [GreyEngine(batch=1), GreyEngine(batch=1)]
    for engine in engines:
        engine._before = clock.cost(0.01)
    one = measured("throughput", [*engines], clock)
    assert one.choice.workers == 2
    assert one.ms == pytest.approx(10)  # on one clock that both move


def test_engines_are_compared_with_the_first() -> None:
    class Contrary(GreyEngine):
        def classify(self, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
            rows = super().classify(rgb)
            wrong = rgb[:, 0, 0, 0] % 4 == 0
            rows[wrong] = np.eye(CLASSES, dtype=np.float32)[-1]
            return rows

    clock = Clock()
    slow = GreyEngine(batch=1, before=clock.cost(0.02))
    quick = Contrary(batch=1, before=clock.cost(0.001))
    choices: list[tuple[Goal, Choice]] = [("latency", LITERT), ("latency", replace(LITERT, precision="int8"))]
    exact, wrong = measure(
        choices, lambda _goal, choice: [quick if choice.precision == "int8" else slow], PICTURES, clock=clock
    )
    assert (exact.agreement, wrong.agreement) == (1, 0.75)
    assert fastest([exact, wrong], "latency") is exact
    assert fastest([exact, wrong], "throughput") is None


def test_what_cannot_run_is_left_out_and_said() -> None:
    def open_engines(_: Goal, choice: Choice) -> list[Engine]:
        if choice.engine == "openvino":
            raise EngineError("OpenVINO is broken")
        return [GreyEngine(batch=1)]

    said: list[str] = []
    choices: list[tuple[Goal, Choice]] = [("latency", replace(LITERT, engine="openvino")), ("latency", LITERT)]
    (one,) = measure(choices, open_engines, PICTURES, lambda what, _done, _total: said.append(what))
    assert one.choice.engine == "litert"
    assert said == ["openvino float32 is left out: OpenVINO is broken"]


def test_candidates_are_what_the_network_and_the_user_allow() -> None:
    every = list(candidates(LITE0, Wishes(), "latency", has_gpu=False))
    assert {choice.engine for choice in every} >= {"litert", "keras"}
    assert every[0].precision == "float32"  # what the others are compared with
    assert {choice.device for choice in every} == {"cpu"}
    only = list(candidates(LITE0, Wishes("litert", "int8", batch=3), "throughput", has_gpu=True))
    assert {(choice.engine, choice.precision, choice.batch) for choice in only} == {("litert", "int8", 3)}
    on_gpu = list(candidates(LITE0, Wishes(device="gpu"), "throughput", has_gpu=True))
    assert {(choice.engine, choice.precision) for choice in on_gpu} == {("keras", "float32"), ("keras", "float16")}
    file = replace(LITE0, construct=None, litert={"int8": lambda: Path("some.tflite")})
    assert {choice.precision for choice in candidates(file, Wishes(), "latency", has_gpu=False)} == {"int8"}
