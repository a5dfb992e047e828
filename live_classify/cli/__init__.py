"""The command line: a client of the rest that parses, prints and returns an exit status.

Modules here import at their top only what parsing needs; each command imports the rest when it runs, so that
``--help`` and completion stay fast.
"""

from __future__ import annotations

from live_classify.cli.main import main

__all__ = ["main"]
