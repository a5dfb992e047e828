"""``live-classify measure``, and what becomes of its choice."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from live_classify.assets import asset
from measure_results import result
from program import only_line, run

DEADLINE_S = 240.0  # it runs for half a minute where nothing else does


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("measure")


@pytest.fixture(scope="module", autouse=True)
def own_settings(folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder / "settings"))
        yield


@pytest.fixture(scope="module")
def measured(folder: Path) -> subprocess.CompletedProcess[str]:
    """The shipped clip, measured in float32, so that what is stored isn't what the processor would have chosen."""
    options = ("--engine", "litert", "--precision", "float32", "--save")
    return run("measure", *options, "--json", "m.json", "--html", "m.html", cwd=folder, deadline_s=DEADLINE_S)


@pytest.fixture(scope="module")
def figures(measured: subprocess.CompletedProcess[str], folder: Path) -> Any:
    assert measured.returncode == 0, measured.stderr
    return json.loads((folder / "m.json").read_text(encoding="utf-8"))


def test_every_stage_and_the_whole_are_measured(figures: Any) -> None:
    assert set(figures["stages"]) == {"decode", "fit", "infer", "draw", "encode"}
    for stage in figures["stages"].values():
        assert stage["fps"] > 0
        assert 0 < stage["ms"]["p50"] <= stage["ms"]["p95"] <= stage["ms"]["p99"]
        assert len(stage["rounds"]) == 5
    for name in ("recorded", "recorded_with_output", "live"):
        whole = figures["together"][name]
        assert whole["fps"] > 0
        assert whole["cpu_s_per_frame"] > 0
        assert whole["latency_ms"]["p50"] <= whole["latency_ms"]["p99"]
    assert figures["together"]["live"]["captured_fps"] == pytest.approx(30, rel=0.2)
    assert figures["startup"]["first_ms"] > 0
    assert figures["machine"]["cores"] >= 1
    assert figures["subject"]["engine"] == "litert"
    assert (figures["subject"]["width"], figures["subject"]["height"]) == (640, 480)


def test_the_limit_is_said_with_its_proof(figures: Any) -> None:
    limit = figures["limit"]["recorded"]
    assert limit["stage"] in {"decoding", "inference", "writing"}
    assert re.search(r"works \d+\.\d of \d+\.\d ms a frame", limit["text"])
    assert figures["limit"]["live"]["text"]
    assert figures["cameras"]["fps"] == 30
    assert figures["cameras"]["runs"]


def test_the_text_says_the_same(measured: subprocess.CompletedProcess[str], figures: Any) -> None:
    text = measured.stdout
    for stage, alone in figures["stages"].items():
        assert re.search(rf"^{stage} +{alone['fps']:.1f} +{alone['ms']['p50']:.2f} ", text, re.MULTILINE), text
    assert f"recorded: {figures['limit']['recorded']['text']}" in text
    assert "\x1b" not in text + measured.stderr


def test_the_fastest_of_what_was_asked_for_is_stored_and_taken(figures: Any, folder: Path) -> None:
    assert [row["goal"] for row in figures["table"] if row["best"]] == ["latency", "throughput"]
    asked = [row for row in figures["table"] if (row["engine"], row["precision"]) == ("litert", "float32")]
    assert {row["agreement"] for row in asked} == {1.0}
    assert len(asked) < len(figures["table"])  # others are tried, since they may be what to change
    stats = folder / "stats.json"
    done = run("video", asset("demo.mp4"), "--stats", stats, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "efficientnet-lite0 on litert float32, cpu, batch 1" in done.stderr
    best = max((row for row in asked if row["goal"] == "throughput"), key=lambda row: row["fps"])
    assert json.loads(stats.read_text())["workers"] == best["workers"]


def test_the_page_needs_no_network(figures: Any, folder: Path) -> None:
    page = (folder / "m.html").read_text(encoding="utf-8")
    assert figures["limit"]["live"]["text"].split(":")[0] in page
    assert page.count("<svg") >= 3


def test_the_same_file_twice_differs_in_nothing(figures: Any, folder: Path) -> None:
    done = run("measure", "--compare", "m.json", "m.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "none of" in done.stdout.splitlines()[-1]
    assert str(len(figures["stages"]) + 4 + len(figures["table"])) in done.stdout.splitlines()[-1]


def test_a_camera_that_is_slower_than_the_network_limits_and_a_lost_race_is_an_error(tmp_path: Path) -> None:
    before: Any = result()
    before["subject"] |= {"model": "efficientnet-lite0", "width": 320, "height": 240}
    before["together"]["live"] |= {"fps": 1000.0, "rounds": [999.0, 1000.0, 1001.0]}
    (tmp_path / "before.json").write_text(json.dumps(before), encoding="utf-8")
    camera = "synthetic:?fps=10&size=320x240"
    options = ("--engine", "litert", "--precision", "int8", "--quiet")
    against = ("--baseline", "before.json", "--fail-under", "0.5", "--json", "after.json")
    done = run("measure", camera, *options, *against, cwd=tmp_path, deadline_s=DEADLINE_S)
    assert done.returncode == 1
    assert only_line(done.stderr) == "live-classify: live is 0.01 x the baseline, less than 0.5"
    after = json.loads((tmp_path / "after.json").read_text(encoding="utf-8"))
    assert after["stages"]["decode"] is None
    assert after["together"]["recorded"] is None
    assert after["limit"]["live"]["stage"] == "camera"
    assert re.search(
        r"^live: camera-limited: it delivers (9|10)\.\d fps, the network could do \d+$", done.stdout, re.MULTILINE
    )


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("nowhere.mp4",), 1, "cannot open nowhere.mp4: no such file"),
        (("text.json",), 1, "cannot read text.json as video: not a video file, or damaged at its start"),
        (("--compare", "text.json", "text.json"), 1, "text.json isn't a result of `measure --json`, or is damaged"),
        (("--compare", "no.json", "text.json"), 1, "cannot read no.json: No such file or directory"),
        (("--baseline", "text.json"), 1, "text.json isn't a result of `measure --json`, or is damaged"),
        (("--baseline", "other.json"), 2, "it was resnet50 on 640x480, now it is efficientnet-lite0 on 640x480"),
        (("--fail-under", "0.9"), 2, "--fail-under goes with --baseline"),
        (("--compare", "a.json", "b.json", "--sweep"), 2, "--compare reads two files and measures nothing"),
        (("--model", "resnet50", "--model", "vgg16"), 2, "one network is measured, or several with --sweep"),
        (("--model", "nothing"), 2, "unknown model nothing; known: "),
        (("--json", "text.json"), 1, "text.json exists already; --overwrite replaces it"),
        (("--json", "out.txt"), 2, "--json out.txt: its name must end in .json"),
        (("--html", "nowhere/out.html"), 1, "cannot write nowhere/out.html: there is no folder nowhere"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(
    arguments: tuple[str, ...], status: int, message: str, tmp_path: Path
) -> None:
    (tmp_path / "text.json").write_text('{"subject": 3}', encoding="utf-8")
    other: Any = result()
    other["subject"]["model"] = "resnet50"
    (tmp_path / "other.json").write_text(json.dumps(other), encoding="utf-8")
    done = run("measure", *arguments, cwd=tmp_path)
    assert done.returncode == status
    assert message in only_line(done.stderr)
    assert done.stdout == ""
