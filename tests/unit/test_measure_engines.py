from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest

from doubles import CLASSES, GREY_HEAD, Clock, GreyEngine
from live_classify.core.errors import EngineError
from live_classify.core.protocols import Engine, Goal
from live_classify.core.values import Activations
from live_classify.engines.select import Wishes
from live_classify.engines.stored import Choice
from live_classify.measure.engines import (
    ROUNDS,
    Timing,
    agreement,
    at_hand,
    candidates,
    fastest,
    fastest_rows,
    measure,
    row_of,
)
from live_classify.models.catalogue.lite_weights import LITE0
from live_classify.models.convert.calibration import Calibration
from measure_results import row

PICTURES = np.arange(16, dtype=np.uint8)[:, np.newaxis, np.newaxis, np.newaxis] * np.ones((1, 4, 4, 3), np.uint8)
LITERT = Choice("litert", "float32", "cpu", 1, 1)


def measured(goal: Goal, engines: list[Engine], clock: Clock) -> Timing:
    (one,) = measure([(goal, LITERT)], lambda _goal, _choice: engines, GREY_HEAD, PICTURES, 0.5, clocks=clock.clocks)
    return one


def test_an_engine_of_known_cost_measures_that() -> None:
    clock = Clock()
    one = measured("latency", [GreyEngine(batch=1, before=clock.cost(0.02))], clock)
    assert one.ms == pytest.approx(20)
    assert one.rate["fps"] == pytest.approx(50)
    assert one.rate["spread"] == pytest.approx(0, abs=1e-6)
    assert len(one.rate["rounds"]) == ROUNDS


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
        def run(self, rgb: npt.NDArray[np.uint8]) -> Activations:
            rows = super().run(rgb).scores
            wrong = rgb[:, 0, 0, 0] % 4 == 0
            rows[wrong] = np.eye(CLASSES, dtype=np.float32)[-1]
            return Activations(rows)

    clock = Clock()
    slow = GreyEngine(batch=1, before=clock.cost(0.02))
    quick = Contrary(batch=1, before=clock.cost(0.001))
    choices: list[tuple[Goal, Choice]] = [("latency", LITERT), ("latency", replace(LITERT, precision="int8"))]
    exact, wrong = measure(
        choices,
        lambda _goal, choice: [quick if choice.precision == "int8" else slow],
        GREY_HEAD,
        PICTURES,
        0.5,
        clocks=clock.clocks,
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
    (one,) = measure(
        choices, open_engines, GREY_HEAD, PICTURES, 0.5, progress=lambda what, _done, _total: said.append(what)
    )
    assert one.choice.engine == "litert"
    assert said == ["openvino float32 is left out: OpenVINO is broken"]


def test_candidates_are_what_the_network_and_the_user_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("live_classify.engines.keras_gpu.gpu_usable", lambda: False)
    every = list(candidates(LITE0, Wishes(), "latency"))
    assert {choice.engine for choice in every} >= {"litert", "keras"}
    assert every[0].precision == "float32"  # what the others are compared with
    assert {choice.device for choice in every} == {"cpu"}
    only = list(candidates(LITE0, Wishes("litert", "int8", batch=3), "throughput"))
    assert {(choice.engine, choice.precision, choice.batch) for choice in only} == {("litert", "int8", 3)}
    monkeypatch.setattr("live_classify.engines.keras_gpu.gpu_usable", lambda: True)
    on_gpu = list(candidates(LITE0, Wishes(device="gpu"), "throughput"))
    assert {(choice.engine, choice.precision) for choice in on_gpu} == {("keras", "float32"), ("keras", "float16")}
    file = replace(LITE0, construct=None, litert={"int8": lambda: Path("some.tflite")})
    assert {choice.precision for choice in candidates(file, Wishes(), "latency")} == {"int8"}


def test_layouts_go_from_one_worker_to_one_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("live_classify.measure.engines.usable_cores", lambda: 6)
    litert = candidates(LITE0, Wishes("litert", "float32"), "throughput")
    assert [(choice.batch, choice.workers) for choice in litert] == [(1, 1), (1, 2), (1, 4), (1, 6)]
    keras = candidates(LITE0, Wishes("keras", "float32"), "throughput")
    assert [choice.batch for choice in keras] == [1, 8, 32]


def test_at_hand_is_what_neither_converts_nor_imports_keras() -> None:
    calibration = Calibration()
    shipped = replace(LITERT, precision="int8")
    keras = Choice("keras", "float32", "cpu")
    assert at_hand(LITE0, LITERT, shipped, calibration)
    assert not at_hand(LITE0, LITERT, keras, calibration)
    assert at_hand(LITE0, keras, keras, calibration)
    unconverted = replace(LITE0, name="never-converted", litert={})
    assert at_hand(unconverted, LITERT, LITERT, calibration)
    assert not at_hand(unconverted, LITERT, shipped, calibration)


def test_what_is_known_is_told_after_each_round() -> None:
    clock = Clock()
    told: list[int] = []
    engine = GreyEngine(batch=1, before=clock.cost(0.02))
    measure(
        [("latency", LITERT)],
        lambda _goal, _choice: [engine],
        GREY_HEAD,
        PICTURES,
        0.1,
        after_round=lambda known: told.append(len(known[0].rate["rounds"])),
        clocks=clock.clocks,
    )
    assert told == [1, 2, 3]


def test_a_row_says_what_ran_and_how_fast() -> None:
    clock = Clock()
    row = row_of("net", measured("throughput", [GreyEngine(batch=4, before=clock.cost(0.02))], clock), best=True)
    assert (row["model"], row["engine"], row["batch"], row["workers"], row["best"]) == ("net", "litert", 4, 1, True)
    assert row["fps"] == pytest.approx(200)
    assert row["ms"] == pytest.approx(5)


def test_the_fastest_rows_agree_and_are_what_the_user_wants() -> None:
    table = [
        row(100, precision="float32"),
        row(300),
        row(900, engine="openvino", agreement=0.5),
        row(200, workers=2),
        row(80, goal="latency"),
        row(50, model="resnet50"),
    ]
    assert sorted(one["fps"] for one in fastest_rows(table, Wishes())) == [50, 80, 300]
    assert [one["fps"] for one in fastest_rows(table, Wishes(precision="float32"))] == [100]


def test_agreement_is_of_classes_and_of_their_probabilities() -> None:
    right = np.array([[0.9, 0.1], [0.9, 0.1], [0.55, 0.45], [0.2, 0.8]], np.float32)
    rows = np.array([[0.8, 0.2], [0.6, 0.4], [0.45, 0.55], [0.0, 1.0]], np.float32)
    assert agreement(right, right) == 1
    assert agreement(rows, right) == 0.5  # near; less sure by far; another class; near


def test_what_the_processor_cannot_compute_is_no_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("live_classify.engines.openvino.lacks_int8", lambda: True)
    assert not [one for one in candidates(LITE0, Wishes("openvino"), "throughput") if one.precision == "int8"]
    monkeypatch.setattr("live_classify.engines.openvino.lacks_int8", lambda: False)
    monkeypatch.setitem(sys.modules, "openvino", ModuleType("openvino"))
    assert [one for one in candidates(LITE0, Wishes("openvino"), "throughput") if one.precision == "int8"]
