"""Threads with one owner."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

Body = Callable[[], None]


class ThreadGroup:
    """Threads that do one stage's work side by side.

    Args:
        bodies: thread name to what it does.
        then: called by the last of them to end, however they ended.
        on_error: called with whatever a body raised.

    They are daemons, because they may hang where nobody can wake them: their owner joins them, but neither one that
    hangs nor an owner that was forgotten keeps the process alive.
    """

    def __init__(
        self,
        bodies: Mapping[str, Body],
        then: Body,
        on_error: Callable[[BaseException], None],
    ) -> None:
        self._then = then
        self._on_error = on_error
        self._running = len(bodies)
        self._ended = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(body,), name=name, daemon=True) for name, body in bodies.items()
        ]

    def start(self) -> None:
        """Start them all."""
        for thread in self._threads:
            thread.start()

    def join(self, timeout: float | None = None) -> list[str]:
        """Wait for them, at most ``timeout`` seconds in all.

        Returns:
            The names of those that still run.
        """
        until_s = None if timeout is None else time.monotonic() + timeout
        for thread in self._threads:
            if thread.ident is not None:  # joining one that was never started is an error
                thread.join(None if until_s is None else max(0.0, until_s - time.monotonic()))
        return [thread.name for thread in self._threads if thread.is_alive()]

    def owns_current_thread(self) -> bool:
        """Whether the calling thread is one of them."""
        return threading.current_thread() in self._threads

    def _run(self, body: Body) -> None:
        try:
            body()
        except BaseException as error:  # noqa: BLE001 (carried to the thread that owns the group)
            self._on_error(error)
        finally:
            with self._ended:
                self._running -= 1
                last = self._running == 0
            if last:
                self._then()
