"""The list of networks, and the check: that it passes, and that it sees each mistake that it is there for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from live_classify.assets import FOLDER, asset, sha256
from live_classify.cli.commands import run as run_here
from live_classify.engines.registry import engines
from live_classify.engines.select import EngineChoice, PrecisionChoice, Wishes
from live_classify.models.catalogue.lite_weights import LITE0
from live_classify.models.catalogue.networks import NETWORKS
from live_classify.models.convert.cache import cache_folder
from live_classify.models.convert.calibration import Calibration
from live_classify.models.formats.keras_import import import_keras
from live_classify.models.load import load_network
from live_classify.models.records.labels import Labels
from live_classify.models.records.network import Network
from live_classify.models.records.preprocessing import MODES, Preprocessing
from live_classify.models.weights.origin import LocalFile, PackagedFile
from live_classify.selfcheck.check import SelfCheck
from live_classify.selfcheck.finding import Finding
from program import only_line, run

BGR = Preprocessing(colour="bgr")
LITE0_FILES = replace(LITE0, construct=None)
"""Nothing but the LiteRT files, as a model of the user's has no more: LiteRT does the preprocessing."""


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(sys.modules, "openvino_telemetry", None)  # it starts a thread, and calls its maker
    yield
    if "keras" in sys.modules:
        import_keras().backend.clear_session()


def check(
    network: Network, engine: EngineChoice = "auto", precision: PrecisionChoice = "auto", labels: Labels | None = None
) -> list[Finding]:
    wishes = Wishes(engine, precision)
    return [*SelfCheck(network, labels or network.read_labels(), Calibration(), wishes).findings()]


def faults(findings: list[Finding]) -> dict[str, str]:
    return {finding.what: finding.remark for finding in findings if finding.outcome == "fault"}


def small_model(seed: int = 1, scale: float = 6.0) -> Any:
    """From 224x224 to the thousand classes; its answers hang on colours. With ``scale`` 0 on nothing."""
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    picture = keras.Input((224, 224, 3))
    mean = keras.layers.GlobalAveragePooling2D()(picture)
    scores = keras.layers.Dense(1000, kernel_initializer=keras.initializers.RandomNormal(stddev=scale))(mean)
    return keras.Model(picture, scores)


def test_the_list_tells_every_network_without_tensorflow(tmp_path: Path) -> None:
    for module in ("tensorflow", "keras"):
        (tmp_path / f"{module}.py").write_text(f"raise SystemExit('{module} was imported')")
    home = tmp_path / "keras"
    (home / "models").mkdir(parents=True)
    (home / "models" / "vgg16_weights_tf_dim_ordering_tf_kernels.h5").write_bytes(b"")
    made = tmp_path / "cache" / "live_classify" / "litert"
    made.mkdir(parents=True)
    (made / "resnet50-int8-0123456789abcdef.tflite").write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-m", "live_classify", "models"],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{FOLDER.parents[1]}", "KERAS_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    cells = {line.split()[0]: line for line in reversed(lines) if line}
    assert cells.keys() >= {*NETWORKS, "litert", "keras", "openvino"}
    assert "224x224" in cells["efficientnet-lite0"]
    assert "4.7 M  shipped" in cells["efficientnet-lite0"]
    assert "float32 int8" in cells["efficientnet-lite0"]
    assert "here (528 MB)" in cells["vgg16"]
    assert "download, 98 MB" in cells["resnet50"]
    assert "int8 " in cells["resnet50"]
    assert "MIT" in cells["resnet50"]
    assert "int8" not in cells["vgg19"]


def test_what_is_missing_is_listed_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = PackagedFile("package-that-is-not-there", "weights.pth", "", 21_946_926, "lite")
    network = replace(NETWORKS["efficientnet-lite1"], weights=missing)
    monkeypatch.setitem(NETWORKS, network.name, network)
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert run_here(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "pip install 'live_classify[lite]'" in next(line for line in lines if line.startswith(network.name))
    assert lines[-1].endswith("not installed: pip install 'live_classify[openvino]'")
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vgg16"], "a network and its options go with --check"),
        (["--engine", "litert"], "a network and its options go with --check"),
        (["--check", "vgg61"], "unknown model vgg61"),
        (["--check", "vgg16", "vgg19", "--weights", "w.h5"], "options for one network were given, but 2 networks"),
        (["--check", "--engine", "keras", "--precision", "int8"], "keras can't run efficientnet-lite0 in int8"),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(["models", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in only_line(captured.err)
    assert captured.out == ""


def test_the_default_network_passes_on_every_engine() -> None:
    findings = check(LITE0, precision="float32") + check(LITE0, precision="int8")
    assert faults(findings) == {}
    assert {"labels", "keras float32, frame", "litert float32, file", "litert int8, frame"} <= {
        finding.what for finding in findings
    }
    refused = {f"{spec.name} int8" for spec in engines() if "int8" in spec.precisions and spec.refuses("int8")}
    assert {finding.what for finding in findings if finding.outcome != "ok"} == refused
    exact = [finding for finding in findings if finding.allowed is not None and "int8" not in finding.what]
    assert max(finding.difference or 0 for finding in exact) < 1e-4


def test_the_command_prints_a_line_for_each_and_succeeds(tmp_path: Path) -> None:
    done = run("models", "--check", "--engine", "litert", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    first, *lines, last = done.stdout.splitlines()
    assert first == "efficientnet-lite0: the answers to 4 photographs, compared with stored answers"
    assert [line.split("  ")[1:2] for line in lines] == [["ok"]] * 5
    assert last == "efficientnet-lite0: no fault found"


def test_the_command_fails_where_a_fault_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = LITE0.read_labels().names
    rotated = tmp_path / "rotated.txt"
    rotated.write_text("\n".join([*names[1:], names[0]]), encoding="utf-8")
    assert run_here(["models", "--check", "--engine", "litert", "--labels", str(rotated)]) == 1
    out = capsys.readouterr().out
    assert "names don't fit the network: its class 967 is espresso, these labels say cup" in out
    assert out.splitlines()[-1] == "efficientnet-lite0: 1 fault"


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_swapped_colours_are_seen_in_any_precision(precision: PrecisionChoice) -> None:
    found = faults(check(replace(LITE0_FILES, preprocessing=BGR), "litert", precision))
    kind = f"litert {precision}"
    assert found == {f"{kind}, frame": "red and blue are swapped", f"{kind}, file": "red and blue are swapped"}


def test_swapped_colours_are_seen_in_keras_beside_an_engine_that_is_right() -> None:
    findings = check(replace(LITE0, preprocessing=BGR), "keras", "float32")
    assert faults(findings)["keras float32, frame"] == "red and blue are swapped"
    assert faults(check(replace(LITE0, preprocessing=BGR), "litert", "float32")) == {}


def test_wrong_scale_is_seen_and_the_right_one_is_named() -> None:
    found = faults(check(replace(LITE0, preprocessing=MODES["unit"]), "keras", "float32"))
    assert (
        found["keras float32, frame"] == "its pixels are scaled wrongly: with preprocessing none the answers are right"
    )


def test_another_networks_file_is_seen() -> None:
    stray = asset("efficientnet-lite0-int8.tflite")
    wrong = replace(LITE0, litert={"float32": lambda: stray}, input_size=(240, 240))
    (fault,) = faults(check(wrong, "litert", "float32")).values()
    assert "isn't made from this network: reinstall live_classify (it has 224x224 pixels and 1000 classes)" in fault


def test_a_stale_conversion_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "own.keras"
    small_model().save(path)
    network = load_network(str(path))
    findings = check(network, "litert", "float32")
    assert faults(findings) == {}
    assert len(findings) == 2

    (converted,) = cache_folder().glob("own-float32-*.tflite")
    shutil.copyfile(asset("efficientnet-lite0-float32.tflite"), converted)
    converted.with_suffix(".sha256").write_text(sha256(converted), encoding="ascii")
    found = faults(check(network, "litert", "float32"))
    assert found["litert float32, frame"] == f"{converted} isn't made from this network: delete it, and it is made anew"
    assert found.keys() == {"litert float32, frame", "litert float32, file"}


def test_an_int8_file_that_was_never_made_is_not_made_for_the_check(tmp_path: Path) -> None:
    path = tmp_path / "own.keras"
    small_model().save(path)
    (finding,) = check(load_network(str(path)), "litert", "int8")
    assert (finding.outcome, finding.remark) == ("skipped", "not converted yet: a run with --precision int8 does it")


def catalogued(tmp_path: Path, preprocessing: str, scale: float = 0.05) -> Network:
    """A network that goes by the name of one of keras.applications, which takes -1..1."""
    weights = tmp_path / "weights.h5"
    weights.write_bytes(b"any")
    return replace(
        NETWORKS["mobilenetv2"],
        weights=LocalFile(weights),
        construct=lambda _: small_model(scale=scale),
        preprocessing=MODES[preprocessing],
    )


def test_preprocessing_is_compared_with_that_of_keras_applications(tmp_path: Path) -> None:
    right = check(catalogued(tmp_path, "tf", scale=6.0), "keras", "float32")
    assert faults(right) == {}
    wrong = check(catalogued(tmp_path, "unit", scale=6.0), "keras", "float32")
    assert faults(wrong)["keras float32, frame"] == (
        "its pixels are scaled wrongly: with preprocessing tf the answers are right"
    )


def test_names_are_checked_where_the_weights_are_the_published_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = catalogued(tmp_path, "tf", scale=6.0)
    assert "names" not in {finding.what for finding in check(network, "keras", "float32")}
    monkeypatch.setitem(NETWORKS, "mobilenetv2", network)
    found = faults(check(network, "keras", "float32"))
    assert found.keys() == {"names"}
    assert "of 4 photographs named rightly, not " in found["names"]
    assert "other weights, or damaged ones" in found["names"]


def test_a_network_that_sees_nothing_is_not_called_right(tmp_path: Path) -> None:
    findings = check(catalogued(tmp_path, "tf", scale=0.0), "keras", "float32")
    first = findings[0]
    assert (first.what, first.outcome) == ("sensitivity", "skipped")
    assert "mistakes of colour or scale can't be seen" in first.remark


def test_a_model_file_is_checked_by_comparing_engines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "own.tflite"
    shutil.copyfile(asset("efficientnet-lite0-float32.tflite"), model)
    assert run_here(["models", "--check", str(model), "--engine", "litert"]) == 0
    first, second, *_, last = capsys.readouterr().out.splitlines()
    assert first == f"{model}: the answers to 4 photographs, compared with each other"
    assert "it isn't known which answers are right" in second
    assert last == f"{model}: no fault found"


def test_weights_that_cannot_be_had_are_a_fault_of_that_network_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIVE_CLASSIFY_OFFLINE", "1")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert run_here(["models", "--check", "vgg16", "efficientnet-lite0", "--engine", "litert"]) == 1
    out = capsys.readouterr().out
    assert "FAULT    cannot fetch vgg16_weights_tf_dim_ordering_tf_kernels.h5 (528 MB)" in out
    assert out.splitlines()[-1] == "efficientnet-lite0: no fault found"
