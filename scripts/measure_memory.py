"""Run a command of live-classify and report how much memory it holds, and whether that grows (Linux).

    python scripts/measure_memory.py video long.mp4 --log /dev/null --quiet
    python scripts/measure_memory.py watch "synthetic:?fps=200&size=1280x720" --no-window --duration 99 --stats s.json

Memory is what the process has resident, read twice a second. Growth is the slope of a straight line through the
readings of the second half, when everything has long been allocated.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np


def resident_mb(process: int) -> float | None:
    """Resident memory in MiB; None when the process has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return None
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(lines["VmRSS"].split()[0]) / 1024 if "VmRSS" in lines else None


def main() -> int:
    """Run the command, print peak and growth; its exit status is returned."""
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 2
    readings: list[tuple[float, float]] = []
    start_s = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "live_classify", *sys.argv[1:]]) as program:
        while program.poll() is None:
            memory = resident_mb(program.pid)
            if memory is not None:
                readings.append((time.monotonic() - start_s, memory))
            time.sleep(0.5)
    seconds, memory_mb = np.array(readings).T
    late = slice(len(readings) // 2, None)
    slope = np.polyfit(seconds[late], memory_mb[late], 1)[0]
    print(
        f"{seconds[-1]:.0f} s: peak {memory_mb.max():.0f} MiB, middle {memory_mb[len(readings) // 2]:.0f} MiB, "
        f"end {memory_mb[-1]:.0f} MiB, growth in the second half {slope * 60:+.2f} MiB a minute"
    )
    return program.returncode


if __name__ == "__main__":
    sys.exit(main())
