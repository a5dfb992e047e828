"""All outlets of a run: answers go to some, events to others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from live_classify.core.events import Event, OutletFailed
from live_classify.core.protocols import EventSink, Sink
from live_classify.core.values import Answered
from live_classify.flow.buffer import Buffer
from live_classify.flow.outlet import Delivery, EventOutlet, FailureRule, Outlet, OutletPolicy
from live_classify.flow.threads import Body

_RECORDED_WAITING = 4
_LIVE_WAITING = 32
"""Frames that wait for an outlet: of one camera, those of a disk's pause of a second. Each holds its picture."""
_EVENTS_WAITING = 1000


class Deliveries:
    """The outlets of one run.

    Args:
        sinks: what takes answers.
        event_sinks: what takes events.
        live: whether a slow outlet misses answers, or the answers wait for it.
        sources: the names of the sources.
        fail: called with a failure that ends the run.
        clock: of the meters.
    """

    def __init__(
        self,
        sinks: Sequence[Sink | Outlet],
        event_sinks: Sequence[EventSink | EventOutlet],
        live: bool,
        sources: Sequence[str],
        fail: Callable[[BaseException], None],
        clock: Callable[[], float],
    ) -> None:
        self._live = live
        self._sources = sources
        self._pulled: list[Buffer[Answered]] = []
        make = partial(_delivery, fail=fail, report=self._report, clock=clock)
        outlets = [sink if isinstance(sink, Outlet) else Outlet(sink) for sink in sinks]
        self._answers: list[Delivery[Answered]] = [
            make(outlet.name, outlet.sink, outlet.sink.write, self._queue(outlet.policy), outlet.on_failure)
            for outlet in outlets
        ]
        event_outlets = [sink if isinstance(sink, EventOutlet) else EventOutlet(sink) for sink in event_sinks]
        self._events: list[Delivery[Event]] = [
            make(
                outlet.name,
                outlet.sink,
                outlet.sink.handle,
                Buffer[Event](_EVENTS_WAITING, "latest" if live else "lossless"),
                outlet.on_failure,
            )
            for outlet in event_outlets
        ]
        self.all: Sequence[Delivery[Any]] = [*self._answers, *self._events]
        """One for each outlet that has a thread."""
        self._threads = {f"outlet-{number}-{delivery.name}": delivery for number, delivery in enumerate(self.all)}

    def bodies(self) -> Mapping[str, Body]:
        """What the outlets' threads run, by the threads' names."""
        return {name: delivery.run for name, delivery in self._threads.items()}

    def required(self, threads: Sequence[str]) -> list[str]:
        """Of the outlets with these threads, the names of those without which the run has failed."""
        return [self._threads[name].name for name in threads if self._threads[name].on_failure == "end"]

    def pulled(self) -> Buffer[Answered]:
        """A queue of answers that somebody outside takes."""
        queue = self._queue("newest" if self._live else "every")
        self._pulled.append(queue)
        return queue

    def put(self, answered: Answered) -> None:
        """Queue an answered frame for everyone who takes answers; waits where it must not be lost."""
        for delivery in self._answers:
            delivery.put(answered)
        for queue in self._pulled:
            queue.put(answered)

    def tell(self, event: Event) -> None:
        """Queue an event for everyone who takes events."""
        for delivery in self._events:
            delivery.put(event)

    def finish(self) -> None:
        """Let the outlets take what waits, and end."""
        for delivery in self.all:
            delivery.finish()
        for queue in self._pulled:
            queue.close()

    def release(self) -> None:
        """Let nobody wait for an outlet any more."""
        for delivery in self.all:
            delivery.release()
        for queue in self._pulled:
            queue.release()

    def cut(self) -> None:
        """Have the outlets take no more than what they are taking."""
        for delivery in self.all:
            delivery.cut()

    def close(self) -> None:
        """Close what takes answers and events, where its thread hasn't done it."""
        for delivery in self.all:
            delivery.close()

    def _report(self, name: str, reason: str) -> None:
        """Tell the others that an outlet fails."""
        event = OutletFailed(outlet=name, reason=reason)
        for delivery in self._events:
            if delivery.name != name:
                delivery.put(event)

    def _queue(self, policy: OutletPolicy) -> Buffer[Answered]:
        if policy == "newest":
            return Buffer(len(self._sources), "latest", lambda answered: answered.frame.source, each=1)
        if self._live:
            return Buffer(_LIVE_WAITING, "latest")
        return Buffer(_RECORDED_WAITING, "lossless")


def _delivery(
    name: str,
    sink: Sink | EventSink,
    take: Callable[[Any], None],
    queue: Buffer[Any],
    on_failure: FailureRule,
    *,
    fail: Callable[[BaseException], None],
    report: Callable[[str, str], None],
    clock: Callable[[], float],
) -> Delivery[Any]:
    return Delivery(
        name or type(sink).__name__,
        take,
        sink.close,
        queue,
        on_failure=on_failure,
        fail=fail,
        report=report,
        clock=clock,
    )
