"""A place for the newest value, looked at by a thread that has no time for the older ones."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Newest(Generic[T]):
    """Holds the value that was set last."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._value: T | None = None
        self._version = 0

    def set(self, value: T) -> None:
        """Put a value in the place of the last one; never waits for a reader."""
        with self._changed:
            self._value = value
            self._version += 1
            self._changed.notify_all()

    def get(self) -> T | None:
        """The newest value, None before the first."""
        with self._changed:
            return self._value

    def wait(self, seen: int, timeout: float) -> tuple[int, T | None]:
        """Wait for a value newer than version ``seen`` (0: any), at most ``timeout`` seconds.

        Returns:
            The newest version and its value; the version is ``seen`` if the time ran out.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._version != seen, timeout)
            return self._version, self._value
