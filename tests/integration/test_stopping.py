"""However a run ends: files closed and playable, rows whole, the right status, soon."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from interrupted import LOGGED, assert_whole, frames_in, rows, wait_for_rows, wait_for_video
from live_classify.assets import asset
from program import DEADLINE_S, environment, start


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["watch", "video"])
def test_a_signal_ends_the_run_in_order(command: str, number: signal.Signals, tmp_path: Path) -> None:
    log, output, stats = tmp_path / "log.jsonl", tmp_path / "out.mp4", tmp_path / "stats.json"
    where = ["synthetic:?fps=60", "--no-window"] if command == "watch" else [str(asset("demo.mp4"))]
    outputs = ["--log", str(log), "--output", str(output), "--stats", str(stats), "--quiet"]
    with start(command, *where, *outputs, cwd=tmp_path) as program:
        wait_for_rows(log, program)
        program.send_signal(number)
        _, said = program.communicate(timeout=DEADLINE_S)
    assert program.returncode == 130
    assert said == "live-classify: interrupted\n"
    assert_whole(log, output, stats)


def test_a_killed_run_leaves_whole_rows_and_a_playable_video(tmp_path: Path) -> None:
    log, output = tmp_path / "log.jsonl", tmp_path / "out.mp4"
    outputs = ["--log", str(log), "--output", str(output), "--quiet"]
    with start("watch", "synthetic:?fps=60", "--no-window", *outputs, cwd=tmp_path) as program:
        wait_for_rows(log, program)
        wait_for_video(output, program)
        program.kill()
        program.communicate(timeout=DEADLINE_S)
    assert len(rows(log)) >= LOGGED
    assert frames_in(output) > 0


def test_a_full_disk_is_the_failure_that_is_read_and_what_was_written_stays(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk; the log is small enough to stay below it."""
    log, output = tmp_path / "log.jsonl", tmp_path / "out.mp4"
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000));"
        "from live_classify.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    arguments = ["video", str(asset("demo.mp4")), "--top", "1", "--log", str(log), "--output", str(output), "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", limited, *arguments],
        env=environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert "out.mp4" in done.stderr
    assert rows(log)
    assert frames_in(output) > 0


@pytest.mark.skipif(sys.platform == "win32", reason="an open file can't be removed there")
@pytest.mark.parametrize("output", ["--log results/log.jsonl", "--output results/out.mp4"])
def test_a_folder_that_is_removed_meanwhile_is_said_at_the_end(output: str, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    outputs = [*output.split(), "--stats", "results/stats.json", "--quiet"]
    with start("watch", "synthetic:", "--no-window", "--duration", "2", *outputs, cwd=tmp_path) as program:
        path = tmp_path / output.split()[1]
        while not path.exists():
            assert program.poll() is None
        shutil.rmtree(tmp_path / "results")
        _, said = program.communicate(timeout=DEADLINE_S)
    assert program.returncode == 1
    assert said == f"live-classify: cannot finish {output.split()[1]}: it was removed while it was being written\n"


def test_a_closed_pipe_ends_the_run(tmp_path: Path) -> None:
    """Standard output is a pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "live_classify", "video", str(asset("demo.mp4")), "--log", "log.jsonl", "--quiet"],
        env=environment(),
        cwd=tmp_path,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    os.close(writer)
    assert done.returncode == 1
    assert done.stderr == "live-classify: standard output was closed before everything was written\n"
    assert len(rows(tmp_path / "log.jsonl")) > 400


def test_a_log_whose_reader_goes_away_ends_the_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log.jsonl")
    with start("watch", "synthetic:", "--no-window", "--log", "log.jsonl", "--quiet", cwd=tmp_path) as program:
        with (tmp_path / "log.jsonl").open(encoding="utf-8") as reader:
            assert json.loads(reader.readline())["frame"] >= 0  # the first ones may have been dropped
        _, said = program.communicate(timeout=DEADLINE_S)
    assert program.returncode == 1
    assert said.count("\n") == 1
    assert "log.jsonl" in said


def test_an_output_that_nobody_reads_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log.jsonl")
    arguments = ["watch", "synthetic:", "--no-window", "--log", "log.jsonl", "--duration", "1", "--quiet"]
    with start(*arguments, cwd=tmp_path) as program:
        _, said = program.communicate(timeout=DEADLINE_S)
    assert program.returncode == 1
    assert said == "live-classify: log.jsonl takes no more data; what it had not taken by now is lost\n"


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-", ">/dev/full"])
@pytest.mark.parametrize("arguments", ["image picture.png", "--help"])
def test_without_standard_streams_there_is_no_traceback(arguments: str, redirection: str, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "picture.png"), np.zeros((48, 64, 3), np.uint8))
    command = f"{sys.executable} -m live_classify {arguments} {redirection}"
    done = subprocess.run(
        ["sh", "-c", command], env=environment(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    lost = redirection != "2>&-"
    assert done.returncode == (1 if lost else 0), done.stderr
    assert "Traceback" not in done.stderr
    if redirection in {">&-", ">/dev/full"}:
        assert "standard output" in done.stderr.splitlines()[-1]


def test_a_process_that_forgets_a_stream_still_ends(tmp_path: Path) -> None:
    script = (
        "from live_classify import load_classifier, stream; from live_classify.assets import asset;"
        "frames = stream(asset('demo.mp4'), load_classifier()); next(frames); raise SystemExit(7)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), cwd=tmp_path, timeout=DEADLINE_S, check=False
    )
    assert done.returncode == 7
