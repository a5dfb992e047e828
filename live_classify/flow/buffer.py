"""The bounded buffer between two threads, with one of two policies."""

from __future__ import annotations

import itertools
import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Generic, Literal, TypeAlias, TypeVar

T = TypeVar("T")

Policy: TypeAlias = Literal["latest", "lossless"]
"""``lossless`` (recordings): a full buffer makes the writer wait, so everything is taken exactly once. ``latest``
(live): a new item pushes out the oldest waiting one of its own source, so nothing ever waits long."""


class Buffer(Generic[T]):
    """First in, first out, for any number of writers and readers.

    Args:
        size: how many items wait at the most.
        policy: what happens to an item for which there is no room.
        source_of: which source an item comes from; under ``latest``, sources don't push each other out.
        each: how many of one source wait at the most under ``latest``; None is as many as there is room for.
    """

    def __init__(
        self, size: int, policy: Policy, source_of: Callable[[T], str] = lambda _: "", each: int | None = None
    ) -> None:
        self._size = size
        self._each = each or size
        self._latest = policy == "latest"
        self._source_of = source_of
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._boundless = False
        self.dropped: Counter[str] = Counter()
        """Items that newer ones replaced, by source."""

    def put(self, item: T) -> bool:
        """Add an item, waiting for room or making it, as the policy says.

        Returns:
            False once the buffer is closed: the item wasn't taken, and none will be.
        """
        with self._changed:
            if self._latest and not (self._closed or self._boundless) and self._displace(item):
                self._changed.notify_all()
                return True
            self._changed.wait_for(lambda: self._closed or self._boundless or len(self._items) < self._size)
            if self._closed:
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def _displace(self, item: T) -> bool:
        """Put an item for which there is no room in the place of an older one; False where there is room.

        The items of a source keep the places that it has in the queue, whose turn comes however fast it sends new ones.
        """
        source = self._source_of(item)
        places = [place for place, waiting in enumerate(self._items) if self._source_of(waiting) == source]
        if len(places) < self._each and len(self._items) < self._size:
            return False
        if not places:  # the oldest of all, since none of its own source waits
            self.dropped[self._source_of(self._items.popleft())] += 1
            self._items.append(item)
            return True
        self.dropped[source] += 1
        for place, following in itertools.pairwise(places):
            self._items[place] = self._items[following]
        self._items[places[-1]] = item
        return True

    def take(self, most: int, timeout: float | None = None) -> list[T]:
        """Take what is waiting, oldest first, up to ``most`` items.

        Waits for the first item (at most ``timeout`` seconds), never for more.

        Returns:
            At least one item; an empty list when the time is over, or when the buffer is closed and empty.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._items, timeout)
            taken = [self._items.popleft() for _ in range(min(most, len(self._items)))]
            self._changed.notify_all()
            return taken

    def close(self) -> None:
        """Take no more items. What is waiting can still be taken; whoever waits to put is turned away."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def discard(self) -> list[T]:
        """Close, and forget what is waiting.

        Returns:
            What was forgotten.
        """
        with self._changed:
            forgotten = list(self._items)
            self._items.clear()
            self.close()
            return forgotten

    def release(self) -> None:
        """Make no writer wait any more, nor push anything out: whoever ends a run lets the last items through."""
        with self._changed:
            self._boundless = True
            self._changed.notify_all()

    @property
    def finished(self) -> bool:
        """Whether it is closed and empty: nothing will ever come again."""
        with self._changed:
            return self._closed and not self._items
