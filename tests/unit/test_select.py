from __future__ import annotations

from dataclasses import replace

import pytest

from live_classify.engines.select import Choice, EngineChoice, PrecisionChoice, choose, usable_cores
from live_classify.errors import UnknownModelError, UsageError
from live_classify.models.catalogue import DEFAULT, EFFICIENTNET_LITE0, find_network

FLOAT_ONLY = replace(EFFICIENTNET_LITE0, litert={"float32": "some.tflite"})


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
    assert choose(EFFICIENTNET_LITE0, engine, precision, device) == expected


@pytest.mark.usefixtures("no_gpu")
def test_without_a_gpu_all_is_left_to_the_processor() -> None:
    choice = choose(EFFICIENTNET_LITE0, "auto", "auto", "auto")
    assert (choice.engine, choice.device) == ("litert", "cpu")
    assert choice.precision in EFFICIENTNET_LITE0.litert
    assert choose(EFFICIENTNET_LITE0, "keras", "auto", "auto") == Choice("keras", "float32", "cpu")


@pytest.mark.usefixtures("no_gpu")
def test_a_network_without_int8_runs_in_float32() -> None:
    assert choose(FLOAT_ONLY, "auto", "auto", "auto") == Choice("litert", "float32", "cpu")


@pytest.mark.parametrize("device", ["tpu", "GPU", "gpu:", "gpu:x", "gpu:-1", "gpu:1 ", "cpu:0", "", "gpu:0\n"])
def test_an_unknown_device_is_refused(device: str) -> None:
    with pytest.raises(UsageError, match=f"unknown device {device}: auto, cpu, gpu and gpu:N are known"):
        choose(EFFICIENTNET_LITE0, "auto", "auto", device)


@pytest.mark.parametrize(
    ("engine", "precision", "device", "says"),
    [
        ("keras", "int8", "auto", "the keras engine runs in float32, not int8; litert runs int8 too"),
        ("keras", "float16", "cpu", "the keras engine runs in float32, not float16"),
        ("auto", "int8", "gpu", "the keras engine runs in float32, not int8"),
        ("litert", "auto", "gpu", "litert runs on the CPU; use --engine keras for a GPU"),
        ("litert", "float32", "gpu:0", "litert runs on the CPU"),
        ("litert", "float16", "cpu", "efficientnet-lite0 has no litert float16; it has float32, int8"),
        ("auto", "float16", "cpu", "efficientnet-lite0 has no litert float16"),
    ],
)
def test_wishes_that_contradict_each_other_are_refused(
    engine: EngineChoice, precision: PrecisionChoice, device: str, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        choose(EFFICIENTNET_LITE0, engine, precision, device)


def test_a_precision_that_the_network_lacks_is_refused() -> None:
    with pytest.raises(UsageError, match="has no litert int8; it has float32"):
        choose(FLOAT_ONLY, "litert", "int8", "cpu")


def test_there_is_a_core_to_use() -> None:
    assert usable_cores() >= 1


@pytest.mark.parametrize("name", [DEFAULT, "EfficientNet-Lite0"])
def test_a_network_is_found_by_its_name_in_any_case(name: str) -> None:
    assert find_network(name) is EFFICIENTNET_LITE0


@pytest.mark.parametrize("name", ["efficientnet-lite", "resnet999", ""])
def test_an_unknown_network_is_refused_with_those_that_come_nearest(name: str) -> None:
    with pytest.raises(UnknownModelError, match=f"unknown model {name}; known: efficientnet-lite0"):
        find_network(name)
