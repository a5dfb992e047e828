"""Set up all that is needed, and run ``live-classify demo``.

    python3 scripts/demo.py [option of live-classify demo ...]

The first run makes an environment in .venv; the next ones find it there and start at once.
"""

import sys

from _console import end_with
from _environment import Environment
from _system import OPENCV, provide


def main() -> int:
    """Set up, then become the demo."""
    provide(OPENCV)
    environment = Environment()
    environment.ensure()
    return environment.hand_over("live-classify", "demo", *sys.argv[1:])


if __name__ == "__main__":
    end_with(main)
