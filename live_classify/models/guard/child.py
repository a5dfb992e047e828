"""A look into a file by a process of its own: a damaged one can crash the library that reads it, and all with it."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from live_classify.core.child_process import child_command
from live_classify.core.errors import ModelFileError
from live_classify.core.one_line import one_line

_PATIENCE_S = 120.0
_SPARE_BYTES = 2**31
"""Of memory, beside four times the file: read, mapped, unpacked, and packed anew for the processor."""


def in_child(function: Callable[[Path], Any], path: Path) -> Any:
    """Call a function in another process, which may have little memory and little time.

    Args:
        function: of a module; what it returns must be fit for JSON.
        path: what it is called with.

    Returns:
        What it returned.

    Raises:
        ModelFileError: it raised one, or crashed, or took too much memory or time.
    """
    command = child_command("live_classify.models.guard.child", function.__module__, function.__name__, str(path))
    try:
        done = subprocess.run(  # noqa: S603 (this Python, this package)
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise ModelFileError(f"{path} can't be used: it takes more than {_PATIENCE_S:.0f} s to look at") from None
    except OSError as error:
        raise ModelFileError(f"cannot look into {path}: {error.strerror}") from error
    if done.returncode != 0:
        raise ModelFileError(f"{path} is damaged: what reads it crashes on it")
    answer = json.loads(done.stdout.splitlines()[-1])
    if "refusal" in answer:
        raise ModelFileError(answer["refusal"])
    return answer["found"]


def main() -> None:
    """Be the other process: print in JSON what the named function finds."""
    import numpy as np  # noqa: F401 (takes address space for each processor: before it is limited)

    module, name, file = sys.argv[1:]
    path = Path(file)
    function = getattr(importlib.import_module(module), name)
    try:
        _limit_memory(_SPARE_BYTES + 4 * path.stat().st_size)
        answer = {"found": function(path)}
    except ModelFileError as refusal:
        answer = {"refusal": str(refusal)}
    except (OSError, MemoryError) as error:
        answer = {"refusal": f"{path} can't be used: {one_line(error)}"}
    print(json.dumps(answer))  # noqa: T201 (to the parent)


def _limit_memory(spare: int) -> None:
    """Have the system refuse this process more memory than it has and ``spare``; only Linux can."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + spare
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
