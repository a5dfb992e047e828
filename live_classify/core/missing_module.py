"""Importing without an installed module."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

_ONE_AT_A_TIME = threading.Lock()  # the second of two threads would find what the first one put there


@contextlib.contextmanager
def module_missing(name: str) -> Iterator[None]:
    """Make imports of a module fail as if it weren't installed; restore ``sys.modules`` afterwards."""
    with _ONE_AT_A_TIME:
        before = sys.modules.get(name)
        sys.modules[name] = None  # type: ignore[assignment]  # how Python notes that there is none
        try:
            yield
        finally:
            del sys.modules[name]
            if before is not None:
                sys.modules[name] = before
