"""``python -m live_classify``, the same as the command ``live-classify``."""

from __future__ import annotations

import sys

from live_classify.cli import main

if __name__ == "__main__":
    sys.exit(main())
