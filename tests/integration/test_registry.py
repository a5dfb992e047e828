"""One file and one line make a new engine, which is then everywhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from live_classify import EngineError, UsageError, load_classifier
from live_classify.assets import asset
from live_classify.cli.commands import run as run_here
from live_classify.engines import registry
from live_classify.engines.select import Wishes, choose, open_workers
from live_classify.engines.stored import Choice, store_choice
from live_classify.heads.softmax import SoftmaxHead
from live_classify.measure.engines import candidates, measure, row_of
from live_classify.models.catalogue.lite_weights import LITE0
from live_classify.models.convert.calibration import Calibration
from live_classify.models.records.network import Precision
from program import only_line
from toy_engine import TOY

FILE = replace(LITE0, name="some.tflite", construct=None, litert={"float32": lambda: Path("some.tflite")})


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.fixture
def toy() -> Iterator[None]:
    registry.register(TOY)
    yield
    registry.unregister("toy")


def open_engine(spec: registry.EngineSpec, precision: Precision = "float32") -> None:
    registry.register(spec)
    try:
        open_workers(LITE0, Choice(spec.name, precision, "cpu"), "latency", Calibration())
    finally:
        registry.unregister(spec.name)


@pytest.mark.usefixtures("toy")
def test_it_classifies() -> None:
    red = np.zeros((50, 60, 3), np.uint8)
    red[..., 2] = 255
    with load_classifier(engine="toy") as classifier:
        assert classifier.classify(red).top.index == 0
        assert classifier.describe("throughput") == "efficientnet-lite0 on toy float32, cpu, batch 4, 1 worker"


@pytest.mark.usefixtures("toy")
def test_the_command_line_takes_and_lists_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(["image", str(asset("coffee.png")), "--engine", "toy", "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("1. tench: 100.00%")
    assert run_here(["models"]) == 0
    assert "toy       float32                 CPU" in capsys.readouterr().out.splitlines()
    assert run_here(["image", "--help"]) == 0
    assert "[auto|litert|keras|openvino|toy]" in capsys.readouterr().out
    assert run_here(["models", "--check", "--engine", "toy"]) == 1  # it answers otherwise than the network does
    assert "FAULT    toy float32, frame" in capsys.readouterr().out


@pytest.mark.usefixtures("toy")
def test_it_is_measured_chosen_and_stored() -> None:
    rows = [choice for choice in candidates(LITE0, Wishes(), "throughput") if choice.engine == "toy"]
    assert rows
    assert {choice.precision for choice in rows} == {"float32"}
    (figures,) = measure(
        [("throughput", rows[0])],
        lambda goal, choice: open_workers(LITE0, choice, goal, Calibration()),
        SoftmaxHead(LITE0.output),
        np.zeros((4, *LITE0.input_size, 3), np.uint8),
        round_s=0.01,
    )
    assert row_of(LITE0.name, figures, best=True)["engine"] == "toy"
    store_choice(LITE0.name, "latency", rows[0])
    assert choose(LITE0, Wishes(), "latency") == rows[0]
    registry.unregister("toy")
    assert choose(LITE0, Wishes(device="cpu"), "latency").engine == "litert"  # what was stored is no longer there
    registry.register(TOY)


@pytest.mark.usefixtures("toy")
def test_what_it_cannot_do_is_refused_in_its_name() -> None:
    with pytest.raises(UsageError, match="toy can't run efficientnet-lite0 in int8, only in float32; litert and openv"):
        choose(LITE0, Wishes("toy", "int8"), "latency")
    with pytest.raises(UsageError, match="toy runs on the CPU; use --engine keras for a GPU"):
        choose(LITE0, Wishes("toy", device="gpu"), "latency")
    with pytest.raises(UsageError, match="which the toy engine can't run; use --engine litert"):
        choose(FILE, Wishes("toy"), "latency")


def test_without_it_its_name_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="unknown engine toy: auto, litert, keras, openvino are known"):
        load_classifier(engine="toy")
    assert run_here(["image", "x.jpg", "--engine", "toy"]) == 2
    assert "'toy' is not one of 'auto', 'litert', 'keras', 'openvino'" in only_line(capsys.readouterr().err)


def test_two_engines_have_two_names() -> None:
    with pytest.raises(UsageError, match="there is an engine litert already"):
        registry.register(replace(TOY, name="litert"))
    for name in ("auto", "", "two words"):
        with pytest.raises(UsageError, match="an engine needs a name in letters"):
            registry.register(replace(TOY, name=name))


def test_a_runtime_that_is_missing_is_not_one_that_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = replace(TOY, open="toy_opener:open_toy", requires="toy_runtime", package="toy-runtime")
    with pytest.raises(EngineError, match=r"^Toy isn't installed: pip install toy-runtime$"):
        open_engine(spec)
    with pytest.raises(EngineError, match=r"^Toy isn't installed: pip install 'live_classify\[toy\]'$"):
        open_engine(replace(spec, extra="toy"))
    monkeypatch.setitem(sys.modules, "toy_runtime", ModuleType("toy_runtime"))
    (tmp_path / "toy_opener.py").write_text("import toy_runtime.nothing", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EngineError, match=r"^Toy is broken: No module named 'toy_runtime\.nothing'.*; reinstall it$"):
        open_engine(spec)


def test_what_the_processor_cannot_compute_is_said_once_and_tried_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    picky = replace(
        TOY,
        precisions=("float32", "int8"),
        refusal=lambda precision: "Toy's int8 needs a tea kettle" if precision == "int8" else None,
    )
    with pytest.raises(EngineError, match=r"^Toy's int8 needs a tea kettle$"):
        open_engine(picky, "int8")
    registry.register(picky)
    try:
        assert [one.precision for one in candidates(LITE0, Wishes("toy"), "latency")] == ["float32"]
        store_choice(LITE0.name, "latency", Choice("toy", "int8", "cpu"))
        assert choose(LITE0, Wishes(device="cpu"), "latency").engine == "litert"
        assert run_here(["models", "--check", "--engine", "toy", "--precision", "int8"]) == 0
        assert "skipped  toy int8" in capsys.readouterr().out
        assert run_here(["models"]) == 0
        assert "toy       float32, int8           CPU; not here: int8" in capsys.readouterr().out.splitlines()
    finally:
        registry.unregister("toy")


def test_an_installed_package_brings_its_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def points(group: str) -> list[EntryPoint]:
        return [EntryPoint("toy", "toy_engine:TOY", group)]

    monkeypatch.setattr("importlib.metadata.entry_points", points)
    registry.load_plugins.cache_clear()
    try:
        assert "toy" in registry.names()
        with load_classifier(engine="toy") as classifier:
            assert classifier.engines("latency")[0].name == "toy"
    finally:
        registry.unregister("toy")


def test_a_package_whose_engine_cannot_be_imported_harms_nobody_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def points(group: str) -> list[EntryPoint]:
        return [EntryPoint("abacus", "no_such_module:SPEC", group)]

    monkeypatch.setattr("importlib.metadata.entry_points", points)
    registry.load_plugins.cache_clear()
    try:
        assert run_here(["image", "--help"]) == 0
        assert "[auto|litert|keras|openvino|abacus]" in capsys.readouterr().out
        why = r"^the engine abacus is broken: No module named 'no_such_module'; reinstall it$"
        with load_classifier(engine="abacus") as classifier, pytest.raises(EngineError, match=why):
            classifier.engines("latency")
    finally:
        registry.unregister("abacus")


def test_without_vnni_openvinos_int8_is_refused_and_a_healthy_installation_passes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("live_classify.engines.openvino.lacks_int8", lambda: True)
    why = "OpenVINO's int8 is wrong on processors without VNNI, as this one: use --engine litert, or float32"
    int8 = ("--engine", "openvino", "--precision", "int8")
    for command in (["image", str(asset("coffee.png"))], ["measure", "--json", str(tmp_path / "m.json")]):
        assert run_here([*command, *int8, "--quiet"]) == 1
        captured = capsys.readouterr()
        assert only_line(captured.err) == f"live-classify: {why}"
        assert captured.out == ""
    assert run_here(["models", "--check", *int8]) == 0
    assert f"skipped  openvino int8            not supported here: {why}" in capsys.readouterr().out
    store_choice(LITE0.name, "latency", Choice("openvino", "int8", "cpu"))
    assert choose(LITE0, Wishes(device="cpu"), "latency").engine == "litert"


def test_with_vnni_openvinos_int8_is_taken_from_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("live_classify.engines.openvino.lacks_int8", lambda: False)
    monkeypatch.setitem(sys.modules, "openvino", ModuleType("openvino"))  # that it is installed is enough
    chosen = Choice("openvino", "int8", "cpu")
    store_choice(LITE0.name, "latency", chosen)
    assert choose(LITE0, Wishes(), "latency") == chosen
