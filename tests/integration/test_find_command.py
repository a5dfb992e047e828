from __future__ import annotations

import csv
import shutil
from pathlib import Path

import av
import pytest

from live_classify.assets import DEMO_SCENES, asset
from program import only_line, run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo clip, and all that can be written about it."""
    folder = tmp_path_factory.mktemp("find")
    shutil.copy(asset("demo.mp4"), folder / "demo.mp4")
    outputs = ("--log", "l.csv", "--segments", "s.csv", "--subtitles", "s.vtt", "--report", "r.html")
    assert run("video", "demo.mp4", *outputs, cwd=folder).returncode == 0
    assert run("video", "demo.mp4", "--out-dir", "out", "--write", "log", cwd=folder).returncode == 0
    return folder


def test_segments_begin_and_end_with_the_scenes(folder: Path) -> None:
    with (folder / "s.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(DEMO_SCENES)
    for row, scene in zip(rows, DEMO_SCENES, strict=True):
        assert row["name"] in scene.names
        assert float(row["start_s"]) == pytest.approx(scene.start_s, abs=0.2)
        assert float(row["end_s"]) == pytest.approx(scene.end_s, abs=0.2)
    assert (folder / "s.vtt").read_text(encoding="utf-8").count(" --> ") == len(DEMO_SCENES)
    assert (folder / "r.html").read_text(encoding="utf-8").count("data:image/jpeg") == len(DEMO_SCENES)


@pytest.mark.parametrize("where", ["demo.mp4", "l.csv", "out"])
def test_recordings_logs_and_output_folders_give_the_same(where: str, folder: Path) -> None:
    done = run("find", "egyptian cat", where, "--quiet", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    source, start, end, name, probability = line.split()
    assert (source, start, end, name) == ("demo.mp4", "0:04.0", "0:08.0", "Egyptian_cat")
    assert 60 < float(probability.rstrip("%")) < 80


def test_what_was_found_is_cut_out(folder: Path) -> None:
    assert run("find", "tripod", "l.csv", "--clips", "clips", cwd=folder).returncode == 0
    (clip,) = (folder / "clips").iterdir()
    assert clip.name == "demo.mp4-tripod-8.00s.mp4"
    with av.open(str(clip)) as container:
        assert len(list(container.decode(video=0))) == pytest.approx(
            120, abs=3
        )  # those that others refer to come along
    again = run("find", "tripod", "l.csv", "--clips", "clips", cwd=folder)
    assert again.returncode == 1
    assert "exists already; --overwrite replaces it" in again.stderr


def test_what_is_not_seen_and_what_cannot_be_asked_for(folder: Path) -> None:
    unseen = run("find", "goldfish", "l.csv", cwd=folder)
    assert (unseen.returncode, unseen.stdout, only_line(unseen.stderr)) == (0, "", "goldfish wasn't seen")
    unknown = run("find", "unicorn", "demo.mp4", cwd=folder)
    assert unknown.returncode == 2
    assert "has no label with the words unicorn" in only_line(unknown.stderr)
    no_log = run("find", "cat", "s.csv", cwd=folder)
    assert no_log.returncode == 1
    assert "s.csv isn't a log" in only_line(no_log.stderr)


def test_parts_and_still_frames(folder: Path) -> None:
    arguments = ("--start", "5", "--end", "11", "--every", "10", "--skip-still", "--log", "part.jsonl")
    done = run("video", "demo.mp4", *arguments, "--stats", "part.json", cwd=folder)
    assert done.returncode == 0
    assert "of them still" in done.stderr
    rows = (folder / "part.jsonl").read_text(encoding="utf-8").splitlines()
    assert [f'"frame": {number},' in row for number, row in zip(range(150, 330, 10), rows, strict=True)] == [True] * 18
