"""Set up all that is needed, and run the tests.

    python3 scripts/test.py [option of pytest ...]

The first run makes an environment in .venv; the next ones find it there and start at once.
"""

import os
import sys

from _console import end_with
from _environment import ROOT, Environment
from _system import BROWSER_TESTS, OPENCV, RTSP_TESTS, WINDOW_TESTS, provide

# More would want more memory than a laptop has: each process holds TensorFlow.
# The tests of a file share a process, as they share its fixtures. Files begin in the order of their names, so that the
# many quick tests of single parts come last, and neither process waits long for the other.
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")


def main() -> int:
    """Set up, then become pytest."""
    provide((*OPENCV, *WINDOW_TESTS, *BROWSER_TESTS, *RTSP_TESTS))
    environment = Environment()
    environment.ensure(["test"])
    os.chdir(ROOT)
    return environment.hand_over("pytest", *SIDE_BY_SIDE, *sys.argv[1:])


if __name__ == "__main__":
    end_with(main)
