from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from live_classify.assets import DEMO_SCENES, asset
from live_classify.sources.recording import Recording
from live_classify.sources.still import read_image
from program import only_line, run


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one picture of each scene of the demo, named after what it shows."""
    folder = tmp_path_factory.mktemp("photographs")
    middles = {round(30 * (scene.start_s + scene.end_s) / 2): scene for scene in DEMO_SCENES}
    for frame in Recording(asset("demo.mp4")).frames(threading.Event()):
        if frame.index in middles:
            cv2.imwrite(str(folder / f"{middles[frame.index].names[0]}.png"), frame.bgr)
    return folder


def test_one_picture_prints_the_rank_list_of_the_tutorial(photographs: Path, tmp_path: Path) -> None:
    done = run("image", photographs / "espresso.png", cwd=tmp_path)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [re.fullmatch(r"([1-5])\. \w+: \d+\.\d\d%", line) is not None for line in lines] == [True] * 5
    assert lines[0].startswith("1. espresso: ")
    assert done.stderr.startswith("efficientnet-lite0 on litert ")


def test_a_folder_prints_each_picture_under_its_name(photographs: Path, tmp_path: Path) -> None:
    done = run("image", photographs, "--quiet", "--top", "1", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[::2] == [f"{path}:" for path in sorted(photographs.iterdir())]
    accepted = {scene.names[0]: scene.names for scene in DEMO_SCENES}
    for path, line in zip(sorted(photographs.iterdir()), lines[1::2], strict=True):
        assert line.split()[1].rstrip(":") in accepted[path.stem]


def test_a_glob_means_the_files_it_matches(photographs: Path, tmp_path: Path) -> None:
    done = run("image", f"{photographs}/*r*.png", "--top", "1", cwd=tmp_path)
    assert len(done.stdout.splitlines()) == 2 * len(list(photographs.glob("*r*.png")))


def test_output_draws_the_label_on_a_copy(photographs: Path, tmp_path: Path) -> None:
    source = photographs / "espresso.png"
    before = source.read_bytes()
    assert run("image", source, "--output", "copy.png", cwd=tmp_path).returncode == 0
    original, copy = (read_image(path, path.name) for path in (source, tmp_path / "copy.png"))
    assert copy.shape == original.shape
    assert 0.01 < np.mean(np.any(original != copy, axis=2)) < 0.6
    assert source.read_bytes() == before


def test_copies_of_several_pictures_go_to_a_folder(photographs: Path, tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    assert run("image", photographs, "--output", "copies", cwd=tmp_path).returncode == 0
    assert {path.name for path in (tmp_path / "copies").iterdir()} == {path.name for path in photographs.iterdir()}


def test_unsure_is_said(photographs: Path, tmp_path: Path) -> None:
    done = run("image", photographs / "espresso.png", "--min-confidence", "1", "--top", "2", cwd=tmp_path)
    assert done.stdout.splitlines()[0] == "not sure"


def test_a_broken_picture_is_reported_and_the_others_are_classified(photographs: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_text("no picture")
    done = run("image", "broken.png", photographs / "espresso.png", "--quiet", cwd=tmp_path)
    assert done.returncode == 1
    assert "1. espresso" in done.stdout
    assert "broken.png" in only_line(done.stderr)


def test_log_and_statistics_are_written(photographs: Path, tmp_path: Path) -> None:
    done = run("image", photographs, "--log", "log.jsonl", "--stats", "stats.json", cwd=tmp_path)
    assert done.returncode == 0
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["source"] for row in rows] == [str(path) for path in sorted(photographs.iterdir())]
    stats = json.loads((tmp_path / "stats.json").read_text(encoding="utf-8"))
    assert stats["command"] == "image"
    assert stats["frames_classified"] == len(rows)


@pytest.mark.parametrize("engine", ["litert", "keras"])
def test_both_engines_say_the_same(engine: str, photographs: Path, tmp_path: Path) -> None:
    done = run("image", photographs / "missile.png", "--engine", engine, "--precision", "float32", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("1. missile: ")
    assert f"on {engine} float32" in done.stderr


def test_tensorflow_is_never_imported_for_the_default_network(photographs: Path, tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("raise SystemExit('tensorflow was imported')")
    (tmp_path / "keras.py").write_text("raise SystemExit('keras was imported')")
    path = f"{tmp_path}:{Path(__file__).parents[2]}"
    done = subprocess.run(
        [sys.executable, "-m", "live_classify", "image", str(photographs / "espresso.png")],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
