"""A terminal that is closed, a connection that is lost: an interruption like the others, but for what it takes away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from interrupted import assert_whole, wait_for_rows
from live_classify.assets import asset
from program import COMMAND, DEADLINE_S, environment, start

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no hang-ups")

OUTPUTS = ["--log", "log.jsonl", "--output", "out.mp4", "--stats", "stats.json"]
CAMERA = ["watch", "synthetic:?fps=60", "--no-window", *OUTPUTS]

ON_A_TERMINAL = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.executable, [sys.executable, '-m', 'live_classify', *sys.argv[1:]])"
)


def assert_all_whole(folder: Path) -> None:
    assert_whole(folder / "log.jsonl", folder / "out.mp4", folder / "stats.json")


def test_a_hang_up_ends_the_run_in_order_however_often_it_comes(tmp_path: Path) -> None:
    """A shell that is hung up tells its jobs, and the kernel tells them again when the shell has ended."""
    with start(*CAMERA, "--quiet", cwd=tmp_path) as program:
        wait_for_rows(tmp_path / "log.jsonl", program)
        program.send_signal(signal.SIGHUP)
        while program.poll() is None:
            program.send_signal(signal.SIGHUP)
        _, said = program.communicate(timeout=DEADLINE_S)
    assert (program.returncode, said) == (129, "live-classify: interrupted\n")
    assert_all_whole(tmp_path)


@pytest.mark.parametrize("command", [[*CAMERA, "--quiet"], CAMERA, ["video", str(asset("demo.mp4")), *OUTPUTS]])
def test_a_terminal_that_is_closed_keeps_nothing_from_being_finished(command: list[str], tmp_path: Path) -> None:
    """It is gone before anything can be said, and whoever writes to it gets an error."""
    terminal, slave = os.openpty()
    started = [sys.executable, "-c", ON_A_TERMINAL, *command]
    with subprocess.Popen(started, cwd=tmp_path, env=environment(), stdin=slave, stdout=slave, stderr=slave) as program:
        try:
            os.close(slave)
            wait_for_rows(tmp_path / "log.jsonl", program)
            os.close(terminal)
            assert program.wait(DEADLINE_S) == 129
        finally:
            program.kill()
    assert_all_whole(tmp_path)


def test_a_hang_up_that_was_to_be_ignored_is_ignored(tmp_path: Path) -> None:
    """As ``nohup`` has it."""
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *COMMAND, *CAMERA, "--quiet"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True) as program:
        try:
            wait_for_rows(tmp_path / "log.jsonl", program)
            program.send_signal(signal.SIGHUP)
            before = len((tmp_path / "log.jsonl").read_bytes().splitlines())
            while len((tmp_path / "log.jsonl").read_bytes().splitlines()) < before + 20:
                assert program.poll() is None
            program.send_signal(signal.SIGTERM)
            _, said = program.communicate(timeout=DEADLINE_S)
        finally:
            program.kill()
    assert (program.returncode, said) == (130, "live-classify: interrupted\n")
    assert_all_whole(tmp_path)
