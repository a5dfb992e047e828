"""Stand-ins for the Python that converts networks: quick, or slow, or doomed, as a test wants it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from live_classify.assets import asset

PYTHON = sys.executable
"""The real one."""

# Takes the job as the real one does, and "converts" any network to the one that ships.
_BEGINNING = """
import json, os, pathlib, shutil, signal, sys
job = json.loads(sys.argv[3])
output, shipped = pathlib.Path(job["output"]), pathlib.Path({shipped!r})
with open({log!r}, "a") as log:
    print(os.getpid(), file=log)
"""


class StandIn:
    """An executable that takes the place of ``sys.executable``.

    Args:
        folder: to put it into.
        body: what it does, in Python: ``job``, ``output`` and ``shipped`` are at hand.
    """

    def __init__(self, folder: Path, body: str = "shutil.copy(shipped, output)") -> None:
        self.executable = str(folder / "python")
        self._log = folder / "started.txt"
        program = folder / "stand_in.py"
        shipped = str(asset("efficientnet-lite0-int8.tflite"))
        program.write_text(_BEGINNING.format(shipped=shipped, log=str(self._log)) + body, encoding="utf-8")
        command = shlex.join([PYTHON, str(program)])
        Path(self.executable).write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        Path(self.executable).chmod(0o755)

    @property
    def started(self) -> list[int]:
        """Process ids of those that were started."""
        return [int(line) for line in self._log.read_text(encoding="utf-8").split()] if self._log.exists() else []

    def program(self, *arguments: str | Path) -> list[str]:
        """A command line of the program that would convert with it."""
        start = "import sys; sys.executable = sys.argv.pop(1); from live_classify.cli import main; sys.exit(main())"
        return [PYTHON, "-c", start, self.executable, *map(str, arguments)]
