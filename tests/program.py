"""Runs the program as a user does: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import live_classify
from live_classify.cli.quiet import SETTINGS

COMMAND = [sys.executable, "-m", "live_classify"]
DEADLINE_S = 60.0  # a program that takes this long hangs


def environment(**more: str) -> dict[str, str]:
    """This process's environment without a display and what the program sets itself; the package is found in it."""
    own = {"DISPLAY", "WAYLAND_DISPLAY", *SETTINGS}
    kept = {name: value for name, value in os.environ.items() if name not in own}
    return kept | {"PYTHONPATH": str(Path(live_classify.__file__).parents[1])} | more


def run(
    *arguments: str | Path, cwd: Path, deadline_s: float = DEADLINE_S, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=deadline_s,
        check=False,
    )


@contextmanager
def start(*arguments: str | Path, cwd: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command; it is killed at the end of the block, if it still runs."""
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            yield program
        finally:
            program.kill()


def only_line(stderr: str) -> str:
    """The one line of an error; fails on a traceback or anything beside it."""
    lines = stderr.splitlines()
    assert len(lines) == 1, stderr
    return lines[0]
