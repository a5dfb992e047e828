"""What an interrupted run leaves behind."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import av

LOGGED = 40


def rows(path: Path) -> list[dict[str, object]]:
    """The rows of a log; each must be whole."""
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def frames_in(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def wait_for_rows(path: Path, program: subprocess.Popen[Any]) -> None:
    """Wait until the program has logged some frames, by following the log."""
    while program.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= LOGGED:
            return
    raise AssertionError(f"ended too early: {program.communicate()}")


def wait_for_video(path: Path, program: subprocess.Popen[Any]) -> None:
    """Wait until what is written of a video can be played."""
    while program.poll() is None:
        if path.exists() and path.stat().st_size and playable(path):
            return
    raise AssertionError(f"ended too early: {program.communicate()}")


def playable(path: Path) -> bool:
    """Whether a frame of a video can be read."""
    try:
        return frames_in(path) > 0
    except av.FFmpegError:
        return False


def assert_whole(log: Path, video: Path, stats: Path) -> None:
    """Rows, video and statistics are there and agree: what isn't in a file is said to be lost to it."""
    counted = json.loads(stats.read_text(encoding="utf-8"))
    taken = {Path(one["output"]).name: one["taken"] for one in counted["outputs"]}
    assert taken == {log.name: len(rows(log)), video.name: frames_in(video)}
    assert len(rows(log)) >= LOGGED
    for one in counted["outputs"]:
        assert one["taken"] + one["lost"] == counted["frames_classified"]
