"""Bad input gets one clear line and the right status; nothing is lost, nothing is left behind."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from live_classify.assets import asset
from program import only_line, run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a user might have lying about."""
    shutil.copy(asset("demo.mp4"), tmp_path / "clip.mp4")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("this is no video\n" * 100)
    (tmp_path / "no_moov.mp4").write_bytes(asset("demo.mp4").read_bytes()[:3000])
    (tmp_path / "some_folder").mkdir()
    (tmp_path / "few.txt").write_text("cat\ndog\n")
    (tmp_path / "tabs.txt").write_text("n01440764\ttench\n" * 1000)
    (tmp_path / "some_folder" / "x.png").write_text("not looked at")
    (tmp_path / "exists.jsonl").write_text("kept\n")
    (tmp_path / "exists.mp4").write_text("kept\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        ("video missing.mp4", 1, "missing.mp4: no such file"),
        ("video some_folder", 1, "no .* file in folder some_folder"),
        ("video nothing*.mp4", 1, r"no file matches nothing\*.mp4"),
        ("video empty.mp4", 1, "empty.mp4: the file is empty"),
        ("video text.mp4", 1, "text.mp4 as video: not a video file"),
        ("video no_moov.mp4", 1, "no_moov.mp4"),
        ("video rtsp://user:secret@10.0.0.1/x", 2, "rtsp://user@10.0.0.1/x is a live stream: `watch` it"),
        ("video clip.mp4 --model resnet999", 2, "unknown model resnet999"),
        ("video clip.mp4 --labels few.txt", 1, "few.txt doesn't fit the network: it names 2 classes"),
        ("video clip.mp4 --labels clip.mp4", 1, "clip.mp4 is not a labels file"),
        ("video clip.mp4 --labels missing.txt", 1, "no labels file missing.txt"),
        ("video clip.mp4 --device gpu --engine litert", 2, "litert runs on the CPU"),
        ("video clip.mp4 --device tpu", 2, "unknown device tpu"),
        ("video clip.mp4 --engine keras --precision int8", 2, "keras can.t run .* in int8, only in float32"),
        ("video clip.mp4 --engine cuda", 2, "cuda"),
        ("video clip.mp4 --batch 0", 2, "--batch"),
        ("video clip.mp4 --log exists.jsonl", 1, "exists.jsonl exists already; --overwrite"),
        ("video clip.mp4 --output exists.mp4", 1, "exists.mp4 exists already; --overwrite"),
        ("video clip.mp4 --output clip.mp4", 2, "clip.mp4 is an input"),
        ("video clip.mp4 --output ./clip.mp4 --overwrite", 2, "clip.mp4 is an input"),
        ("video clip.mp4 --output out.avi", 2, "out.avi: its name must end in .mp4"),
        ("video clip.mp4 --log out.xml", 2, "out.xml: its name must end in .jsonl or .csv"),
        ("video clip.mp4 --log nowhere/log.jsonl", 1, "there is no folder nowhere"),
        ("video clip.mp4 --log clip.mp4/log.jsonl", 1, "there is no folder clip.mp4"),
        ("video clip.mp4 --stats some_folder", 1, "some_folder: it is a folder"),
        ("video clip.mp4 --log x.csv --stats x.csv", 2, "--log and --stats are the same file"),
        ("video clip.mp4 clip.mp4 --output out.mp4", 2, "--output takes one recording"),
        ("video --unknown", 2, "--unknown"),
        ("video", 2, "PATH"),
        ("image missing.png", 1, "missing.png: no such file"),
        ("image text.mp4", 1, "text.mp4: not a picture"),
        ("image few.txt", 1, "few.txt"),
        ("watch 57 --no-window --log log.jsonl", 1, "camera 57"),
        ("watch /dev/video57 --no-window --log log.jsonl", 1, "/dev/video57"),
        ("watch missing.mp4 --no-window --log log.jsonl", 1, "missing.mp4: no such file"),
        ("watch synthetic:?fps=fast --no-window --log log.jsonl", 2, "cannot make out synthetic:"),
        ("watch synthetic:", 1, "no display"),
        ("watch synthetic: --no-window", 2, "nothing would come of this"),
        ("watch synthetic:clip.mp4 --output clip.mp4 --overwrite --no-window", 2, "clip.mp4 is an input"),
        ("watch synthetic:some_folder --stats some_folder/x.png --overwrite --no-window", 2, "x.png is an input"),
        ("video clip.mp4 --labels few.txt --stats few.txt --overwrite", 2, "few.txt is an input"),
        ("video clip.mp4 --labels tabs.txt", 1, "tabs.txt, line 1: tabs or control characters"),
        ("video clip.mp4 --smooth nan", 2, "nan is not a number"),
        ("watch clip.mp4 --no-window --log log.jsonl --duration inf", 2, "inf is not in the range"),
        ("watch 99999999999999999999 --no-window --log log.jsonl", 1, "9999: no such file"),
        ("video clip.mp4 --top 999999999", 2, "--top"),
        ("watch synthetic: synthetic: --no-window --output out.mp4", 2, "--output takes one source, 2 were given"),
        ("watch synthetic: missing.mp4 --no-window --log log.jsonl", 1, "missing.mp4: no such file"),
        ("watch synthetic: --no-window --log log.jsonl --stall 0", 2, "--stall"),
        ("dance", 2, "No such command 'dance' "),
    ],
)
def test_one_line_says_what_is_wrong(arguments: str, status: int, says: str, folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    done = run(*arguments.split(), cwd=folder)
    assert done.returncode == status, done.stderr
    line = only_line(done.stderr)
    assert re.search(says, line), line
    assert "secret" not in line
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_an_existing_output_is_not_emptied_by_an_input_that_turns_out_to_be_unreadable(folder: Path) -> None:
    done = run("video", "text.mp4", "--log", "exists.jsonl", "--overwrite", "--quiet", cwd=folder)
    assert done.returncode == 1
    assert (folder / "exists.jsonl").read_text() == "kept\n"


def test_overwrite_replaces_outputs(folder: Path) -> None:
    assert run("video", "clip.mp4", "--log", "exists.jsonl", "--overwrite", cwd=folder).returncode == 0
    assert (folder / "exists.jsonl").read_text().startswith('{"source"')


def test_an_unwritable_folder_is_said_before_any_work(folder: Path) -> None:
    (folder / "some_folder").chmod(0o555)
    # Root may write anywhere but where nobody can.
    target = "/proc/log.jsonl" if os.geteuid() == 0 else "some_folder/log.jsonl"
    done = run("video", "clip.mp4", "--log", target, "--quiet", cwd=folder)
    assert done.returncode == 1
    assert target in only_line(done.stderr)
