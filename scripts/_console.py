"""How the set-up scripts talk: to the person who runs them, and to the programs they start.

The scripts import this module first, and it ends them on a Python that is too old. It and they are therefore written so
that Python 3.6 can still parse them: no ``from __future__ import annotations``, no later syntax.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - it is an older Python that has to be told
    sys.exit("{}: needs Python 3.10 or newer, and this is Python {}.{}".format(sys.argv[0], *sys.version_info))

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn


class SetupError(Exception):
    """Something that set-up needs is missing or failed. The message is one line that says what, and what to do."""


def say(text: str) -> None:
    """Print a line to standard error, where it can't mix with what the command itself prints."""
    print(text, file=sys.stderr, flush=True)


def end_with(main: Callable[[], int]) -> NoReturn:
    """Run ``main`` and exit with the status it returns: 1 after a SetupError, 130 when interrupted."""
    try:
        status = main()
    except SetupError as error:
        say(f"{Path(sys.argv[0]).name}: {error}")
        status = 1
    except KeyboardInterrupt:
        say("Interrupted.")
        status = 130
    sys.exit(status)


def run_quietly(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
    worth_showing: Callable[[str], bool] = lambda _line: False,
) -> bool:
    """Run a program without input and print what it said only if it failed.

    Args:
        command: the program and its arguments.
        folder: where it runs; here by default.
        variables: environment variables set for it, besides those of this process.
        worth_showing: picks the lines of its output that are printed at once.

    Returns:
        Whether it ended with status 0.
    """
    said: list[str] = []
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **(variables or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            for line in process.stdout:
                said.append(line)
                if worth_showing(line):
                    say("  " + line.strip())
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        say("".join(said).rstrip())
    return process.returncode == 0
