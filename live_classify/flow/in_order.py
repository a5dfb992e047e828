"""Work that is finished out of order, put back into order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class InOrder(Generic[T]):
    """Puts numbered work that is finished out of order back into order.

    Args:
        hand_on: takes the work, number 0 first; called by one thread at a time.
        ahead: how far ahead of a missing one finished work may be; so a slow thread bounds the memory of the others.
    """

    def __init__(self, hand_on: Callable[[T], None], ahead: int) -> None:
        self._hand_on = hand_on
        self._ahead = ahead
        self._changed = threading.Condition()
        self._finished: dict[int, T] = {}
        self._next = 0
        self._aborted = False

    def put(self, number: int, work: T) -> None:
        """Give finished work; returns once it was handed on, or is kept for whoever brings what is missing."""
        with self._changed:
            self._changed.wait_for(lambda: self._aborted or number < self._next + self._ahead)
            self._finished[number] = work
            while not self._aborted and self._next in self._finished:
                self._hand_on(self._finished.pop(self._next))
                self._next += 1
                self._changed.notify_all()

    def abort(self) -> None:
        """Hand nothing more on, and wake all that wait."""
        self._aborted = True  # before the lock: whoever holds it may be waiting inside hand_on
        with self._changed:
            self._changed.notify_all()
