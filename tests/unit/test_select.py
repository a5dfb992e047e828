from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from live_classify import load_classifier
from live_classify.core.cores import usable_cores
from live_classify.core.errors import UnknownModelError, UsageError
from live_classify.core.protocols import Goal
from live_classify.engines.processor import fast_at_int8
from live_classify.engines.select import EngineChoice, PrecisionChoice, Wishes, choose
from live_classify.engines.stored import Choice, store_choice
from live_classify.models.catalogue.lite_weights import LITE0
from live_classify.models.catalogue.networks import DEFAULT, find_network
from live_classify.models.records.network import Network, Precision

CONVERTIBLE = replace(LITE0, litert={})  # has a Keras form, no LiteRT file yet
FLOAT_FILE = replace(LITE0, name="some.tflite", construct=None, litert={"float32": lambda: Path("some.tflite")})


@pytest.fixture(autouse=True)
def nothing_stored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


@pytest.mark.parametrize(
    ("engine", "precision", "device", "expected"),
    [
        ("litert", "float32", "cpu", Choice("litert", "float32", "cpu")),
        ("litert", "int8", "auto", Choice("litert", "int8", "cpu")),
        ("auto", "int8", "auto", Choice("litert", "int8", "cpu")),
        ("auto", "float32", "cpu", Choice("litert", "float32", "cpu")),
        ("auto", "auto", "gpu", Choice("keras", "float32", "gpu")),
        ("auto", "float32", "gpu:1", Choice("keras", "float32", "gpu:1")),
        ("keras", "auto", "cpu", Choice("keras", "float32", "cpu")),
        ("keras", "float32", "gpu:0", Choice("keras", "float32", "gpu:0")),
    ],
)
def test_what_the_user_says_is_done(
    engine: EngineChoice, precision: PrecisionChoice, device: str, expected: Choice
) -> None:
    assert choose(LITE0, Wishes(engine, precision, device), "throughput") == expected


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("goal", ["latency", "throughput"])
def test_without_a_gpu_all_is_left_to_the_processor(goal: Goal) -> None:
    expected: Precision = "int8" if fast_at_int8() else "float32"
    assert choose(LITE0, Wishes(), goal) == Choice("litert", expected, "cpu")
    assert choose(LITE0, Wishes("keras"), goal) == Choice("keras", "float32", "cpu")


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("network", [CONVERTIBLE, FLOAT_FILE])
def test_int8_is_never_chosen_where_nobody_has_looked_at_its_answers(network: Network) -> None:
    assert choose(network, Wishes(), "throughput") == Choice("litert", "float32", "cpu")


def test_a_network_is_converted_to_int8_where_that_is_wanted() -> None:
    assert choose(CONVERTIBLE, Wishes("litert", "int8"), "throughput") == Choice("litert", "int8", "cpu")


@pytest.mark.usefixtures("no_gpu")
def test_what_was_measured_on_this_machine_is_chosen() -> None:
    fastest = Choice("keras", "float32", "cpu", batch=4, workers=1)
    store_choice(LITE0.name, "throughput", fastest)
    assert choose(LITE0, Wishes(), "throughput") == fastest
    assert choose(LITE0, Wishes(batch=2), "throughput") == replace(fastest, batch=2)
    assert choose(LITE0, Wishes(), "latency").engine == "litert"  # nothing was stored for it
    assert choose(LITE0, Wishes(precision="int8"), "throughput").engine == "litert"  # the user's word goes first
    assert choose(CONVERTIBLE, Wishes("litert"), "throughput").engine == "litert"
    assert choose(FLOAT_FILE, Wishes(), "throughput").engine == "litert"


@pytest.mark.parametrize("contents", ["", "{", "[]", "null", '{"x": 1}', "\0"])
def test_a_damaged_store_is_passed_over(contents: str, tmp_path: Path) -> None:
    store_choice(LITE0.name, "latency", Choice("keras", "float32", "cpu"))
    (file,) = tmp_path.rglob("engines.json")
    file.write_text(contents)
    assert choose(LITE0, Wishes(device="cpu"), "latency").engine == "litert"
    store_choice(LITE0.name, "latency", Choice("keras", "float32", "cpu"))
    assert choose(LITE0, Wishes(), "latency").engine == "keras"


@pytest.mark.parametrize("wrong", [{"engine": "abacus"}, {"precision": "int4"}, {"batch": 0}, {"workers": True}])
def test_a_stored_choice_that_makes_no_sense_is_passed_over(wrong: dict[str, Any]) -> None:
    store_choice(LITE0.name, "latency", replace(Choice("keras", "float32", "cpu"), **wrong))
    assert choose(LITE0, Wishes(device="cpu"), "latency").engine == "litert"


@pytest.mark.parametrize("device", ["tpu", "GPU", "gpu:", "gpu:x", "gpu:-1", "gpu:1 ", "cpu:0", "", "gpu:0\n"])
def test_an_unknown_device_is_refused(device: str) -> None:
    with pytest.raises(UsageError, match=f"unknown device {device}: auto, cpu, gpu and gpu:N are known"):
        choose(LITE0, Wishes(device=device), "throughput")


@pytest.mark.parametrize(
    ("engine", "precision", "device", "says"),
    [
        ("keras", "int8", "auto", "keras can't run efficientnet-lite0 in int8, only in float32, float16; litert and "),
        ("auto", "int8", "gpu", "keras can't run efficientnet-lite0 in int8"),
        ("litert", "auto", "gpu", "litert runs on the CPU; use --engine keras for a GPU"),
        ("openvino", "float32", "gpu:0", "openvino runs on the CPU"),
        (
            "litert",
            "float16",
            "cpu",
            "litert can't run efficientnet-lite0 in float16, only in float32, int8; keras and openvino can",
        ),
        ("abacus", "auto", "cpu", "unknown engine abacus: auto, litert, keras, openvino are known"),
        ("litert", "int4", "cpu", "unknown precision int4"),
    ],
)
def test_wishes_that_contradict_each_other_are_refused(
    engine: EngineChoice, precision: PrecisionChoice, device: str, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        choose(LITE0, Wishes(engine, precision, device), "throughput")


@pytest.mark.parametrize("option", ["engine", "precision", "device"])
def test_what_is_no_text_is_wrong_usage(option: str) -> None:
    for wrong in (3, None, ["litert"]):
        with pytest.raises(UsageError, match=f"unknown {option}"):
            load_classifier(**{option: wrong})  # type: ignore[arg-type]


def test_what_a_litert_file_cannot_do_is_refused() -> None:
    with pytest.raises(UsageError, match=r"litert can't run some.tflite in int8, only in float32"):
        choose(FLOAT_FILE, Wishes("litert", "int8"), "latency")
    for engine in ("keras", "openvino"):
        with pytest.raises(UsageError, match=f"which the {engine} engine can't run; use --engine litert"):
            choose(FLOAT_FILE, Wishes(engine), "latency")


def test_there_is_a_core_to_use() -> None:
    assert usable_cores() >= 1


@pytest.mark.parametrize("name", [DEFAULT, "EfficientNet-Lite0"])
def test_a_network_is_found_by_its_name_in_any_case(name: str) -> None:
    assert find_network(name) is LITE0


@pytest.mark.parametrize("name", ["efficientnet-lite", "resnet999", ""])
def test_an_unknown_network_is_refused_with_those_that_come_nearest(name: str) -> None:
    with pytest.raises(UnknownModelError, match=f"unknown model {name}; known: .*efficientnet-lite0|known: resnet"):
        find_network(name)
