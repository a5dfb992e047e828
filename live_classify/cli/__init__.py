"""The command line: a client of the rest that parses, prints and returns an exit status.

Modules here import at their top only what parsing needs; each command imports the rest when it runs, so that
``--help`` and completion stay fast.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from live_classify.cli import interruption
from live_classify.cli.quiet import keep_libraries_quiet
from live_classify.cli.standard_streams import prepare_standard_streams


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what follows the program's name; None takes them from ``sys.argv``.

    Returns:
        The exit status.
    """
    prepare_standard_streams()
    keep_libraries_quiet()
    try:
        interruption.install()  # before the imports, during which a signal may come, too
        from live_classify.cli.commands import run

        return run(arguments)
    except interruption.Interruption as interrupted:
        print("live-classify: interrupted", file=sys.stderr)
        return interrupted.status
