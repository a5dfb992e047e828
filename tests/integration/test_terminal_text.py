"""Names of files and labels can't command the terminal that they are printed on."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from live_classify.cli.console import say, shown
from live_classify.cli.image import _copies
from media import write_clip
from program import only_line, run

HOSTILE = "\x1b[2J\u202eclip\x07\r.mp4"  # clears the screen, turns the direction of writing, rings
TAMED = " [2J clip  .mp4"


def assert_harmless(text: str) -> None:
    for line in text.splitlines():
        assert not [letter for letter in line if unicodedata.category(letter) in {"Cc", "Cf"}], repr(line)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of such a name, names of classes that turn the direction, and a log whose labels clear the screen."""
    folder = tmp_path_factory.mktemp("hostile")
    write_clip(folder / HOSTILE, 10)
    (folder / "turning.txt").write_text("\n".join(f"\u202ename {number}" for number in range(1000)), encoding="utf-8")
    (folder / "clearing.txt").write_text("\n".join(f"\x1b[2Jname {number}" for number in range(1000)))
    rows = [
        {"source": source, "frame": 0, "time_s": 0.0, "latency_ms": 0.0, "labels": [label]}
        for source in (HOSTILE, "short.mp4", "no\udcfftext.mp4")
        for label in [{"index": 0, "id": "n0", "name": "\x1b[2Jgrey\ncat", "probability": 0.9}]
    ]
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_what_was_seen_is_printed_without_commands(folder: Path) -> None:
    done = run("video", HOSTILE, "--labels", "turning.txt", "--min-confidence", "0", cwd=folder)
    assert done.returncode == 0
    assert_harmless(done.stdout + done.stderr)
    first, *labels = done.stdout.split("\n")[:-1]
    assert first == f"{TAMED}: 10 frames, 0.4 s"
    assert labels
    assert all("%   name " in line for line in labels)
    done = run("video", HOSTILE, "--out-dir", "out", "--labels", "turning.txt", "--min-confidence", "0", cwd=folder)
    assert done.returncode == 0
    assert_harmless(done.stdout + done.stderr)
    assert done.stdout.startswith(f"{TAMED}: 10 frames, 0.4 s;  name ")


def test_names_of_classes_that_hold_commands_are_refused_without_printing_them(folder: Path) -> None:
    done = run("video", HOSTILE, "--labels", "clearing.txt", cwd=folder)
    assert done.returncode == 1
    assert_harmless(done.stderr)
    assert only_line(done.stderr).endswith("clearing.txt, line 1: tabs or control characters in a name")


def test_what_is_found_is_a_table_without_commands(folder: Path) -> None:
    done = run("find", "cat", "log.jsonl", "--quiet", cwd=folder)
    assert done.returncode == 0
    assert_harmless(done.stdout)
    widest = r"no\udcfftext.mp4"
    assert done.stdout.split("\n")[:-1] == [
        f"{source:{len(widest)}}  0:00.0  0:00.0   [2Jgrey cat  90.0%" for source in (TAMED, "short.mp4", widest)
    ]


def test_each_line_that_is_said_stays_one(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\ntwo\x9b31m", "three \u2028\u2066four", "")
    assert capsys.readouterr().out == "one two 31m\nthree   four\n\n"


def test_what_is_shown_is_as_wide_as_it_is_printed() -> None:
    assert shown("a\udcff\x1bb\u200bc") == "a\\udcff b c"


def test_a_picture_that_is_given_twice_has_one_copy(tmp_path: Path) -> None:
    assert _copies(["x.png", "y.png", "x.png"], tmp_path) == {
        "x.png": tmp_path / "x.png",
        "y.png": tmp_path / "y.png",
        "x.png (2)": tmp_path / "x.png",
    }
