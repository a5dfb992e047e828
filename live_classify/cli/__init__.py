"""The command line: a client of the rest that parses, prints and returns an exit status.

Modules here import at their top only what parsing needs; each command imports the rest when it runs, so that
``--help`` and completion stay fast.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from live_classify.cli import interruption


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what follows the program's name; None takes them from ``sys.argv``.

    Returns:
        The exit status.
    """
    _open_standard_streams()
    try:
        interruption.install()  # before the imports, during which a signal may come, too
        from live_classify.cli.commands import run

        return run(arguments)
    except interruption.Interruption:
        print("live-classify: interrupted", file=sys.stderr)
        return interruption.STATUS


def _open_standard_streams() -> None:
    """Give the process the standard streams it was started without, so that no file it opens takes their place.

    What is written to them fails (results) or is lost (messages), as it should.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:  # noqa: PERF203 (three times)
            # The lowest free number is the missing one. Standard output can't be written to: results must not be lost.
            os.open(os.devnull, os.O_RDWR if descriptor == 2 else os.O_RDONLY)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 (a descriptor, for as long as the process)
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
