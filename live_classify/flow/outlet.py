"""Outlets: what receives answers or events, each with a queue, a thread, a policy and a failure rule of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from live_classify.core.one_line import one_line
from live_classify.core.protocols import EventSink, Sink
from live_classify.flow.buffer import Buffer
from live_classify.flow.meter import Meter

T = TypeVar("T")

OutletPolicy: TypeAlias = Literal["every", "newest"]
"""``every``: each answer, in order; recorded, the answers wait for an outlet that is slow, live it misses the oldest of
those that wait for it. ``newest``: the newest answer of each source, when it has time."""

FailureRule: TypeAlias = Literal["end", "report"]
"""``end``: a failure ends the run. ``report``: it is an event, and the outlet is tried again with what comes next."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """A sink, and how it is served. A sink given without one gets every answer, and its failure ends the run."""

    sink: Sink
    policy: OutletPolicy = "every"
    on_failure: FailureRule = "end"
    name: str = ""
    """What it is called in snapshots and messages; the sink's class where empty."""


@dataclass(frozen=True, slots=True)
class EventOutlet:
    """A sink of events, and how it is served. One given without has its failures reported."""

    sink: EventSink
    on_failure: FailureRule = "report"
    name: str = ""
    """As of :class:`Outlet`."""


class Delivery(Generic[T]):
    """The running side of an outlet. Whoever delivers calls :meth:`put`; one thread runs :meth:`run`.

    Args:
        name: what it is called.
        take: gives the receiver one item.
        close: closes the receiver.
        queue: where items wait.
        on_failure: what a failure means.
        fail: called with a failure that ends the run.
        report: called with the name and the reason when it begins to fail, and that doesn't end the run.
        clock: of its meter.
    """

    def __init__(
        self,
        name: str,
        take: Callable[[T], None],
        close: Callable[[], None],
        queue: Buffer[T],
        *,
        on_failure: FailureRule,
        fail: Callable[[BaseException], None],
        report: Callable[[str, str], None],
        clock: Callable[[], float],
    ) -> None:
        self.name = name
        self.meter = Meter(clock)
        """Counts what was taken."""
        self.on_failure = on_failure
        self.failure: str | None = None
        """Why it can't take anything at the moment."""
        self._lost = 0
        self._closed = False
        self._take, self._close = take, close
        self._queue = queue
        self._fail, self._report = fail, report

    @property
    def lost(self) -> int:
        """How many items it will never take: newer ones replaced them, it failed, or the run was ended early."""
        return self._lost + self._queue.dropped.total()

    def put(self, item: T) -> None:
        """Queue an item for it."""
        if not self._queue.put(item):
            self._lost += 1

    def finish(self) -> None:
        """Let it take what waits, and end then."""
        self._queue.close()

    def release(self) -> None:
        """Let nobody wait for it any more."""
        self._queue.release()

    def cut(self) -> None:
        """Have it take no more than what it is taking now."""
        self._lost += len(self._queue.discard())

    def run(self) -> None:
        """Serve the receiver until there is nothing more, and close it: the body of its thread."""
        try:
            while taken := self._queue.take(1):
                self._serve(taken[0])
        finally:
            self.close()

    def close(self) -> None:
        """Close the receiver, the first time; a failure ends the run or is reported, as the rule says."""
        if self._closed:
            return
        self._closed = True
        try:
            self._close()
        except BaseException as error:  # noqa: BLE001 (carried to the owner of the run)
            self._failed(error)

    def _serve(self, item: T) -> None:
        try:
            with self.meter.busy():
                self._take(item)
        except BaseException as error:  # noqa: BLE001 (carried to the owner of the run)
            self._lost += 1
            self._failed(error)
        else:
            self.failure = None
            self.meter.tick()

    def _failed(self, error: BaseException) -> None:
        began, self.failure = self.failure is None, one_line(error)
        if self.on_failure == "end":
            self.cut()
            self._fail(error)
        elif began:
            self._report(self.name, self.failure)
