"""A live source that is connected again whenever its signal is gone."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

from live_classify.core.errors import SourceError, SourceOpenError, SourceReadError
from live_classify.core.events import SignalLost, SignalRestored
from live_classify.core.protocols import Signal, Source, SourceStatus
from live_classify.core.reading import read_frames
from live_classify.core.values import Frame
from live_classify.flow.buffer import Buffer
from live_classify.sources.probe import PROBE_S

# From one attempt's beginning to that of the next. The longest one, and the opening of the camera, which may have come
# back just after an attempt had begun, are less than ten seconds together.
_FIRST_INTERVAL_S, _LONGEST_INTERVAL_S = 1.0, 4.0
_LEAST_PAUSE_S = 1.0  # from an attempt's end to the next one's beginning
_JITTER = 0.2  # so that the cameras of one house aren't all called at once
_USUAL_OPENING_S = 5.0  # of a camera that was there a minute ago
_FULL_PATIENCE_EVERY = 4
"""Of so many attempts in an outage one may take as long as the first one: a camera may have become slower."""
_STEADY_S = 10.0  # a connection that held for so long is no sign of a worse one to come
_LOOK_S = 0.1  # how soon a wait for a frame notices that it shall stop
_LET_GO_S = 0.5
_MOST_HANGING = 3
"""Readers that hang in a driver or in FFmpeg can't be ended; no more than these are left behind at a time."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a live source may be silent.

    Attributes:
        open_s: until it has answered.
        stall_s: from frame to frame; then it is connected anew.
        unopened: whether it is waited for if it can't be opened at first, or is an error.
    """

    open_s: float = 10.0
    stall_s: float = 5.0
    unopened: bool = False


class Reconnecting:
    """Reads a source on a thread of its own, watches that frames come, and connects again when they don't.

    However long an outage was, frames come again within ten seconds of the source's return, if it opens in less than
    two. A source that is away is called every four seconds or so.

    A thread that hangs in a driver or in FFmpeg is left behind. Frames keep counting across connections; none is given
    twice. A source that ends without an error is done.

    Args:
        name: as the user gave it, without a password.
        connect: makes the source anew for each connection, told how many seconds its host may be silent.
        patience: how long it may be silent.
        probe: raises SourceError where connecting makes no sense now. Asked, in an outage, once an attempt took
            :data:`~live_classify.sources.probe.PROBE_S` or longer: where a host that is away says nothing, each attempt
            takes its whole time, and doesn't notice a host that comes back meanwhile.
        intervals: makes the times in seconds from the beginning of one attempt to that of the next, for one outage.
        clock: seconds, never going back, by which attempts and outages are measured.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[float], Source],
        patience: Patience | None = None,
        probe: Callable[[], None] | None = None,
        intervals: Callable[[], Iterator[float]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._reconnects = 0
        self._lost_since_s: float | None = None
        self._connect = connect
        self._patience = patience or Patience()
        self._probe = probe
        self._intervals = intervals or _growing_intervals
        self._clock = clock
        self._opening_s = 0.0
        """The longest time that it took to give its first frame; 0 before it gave any."""
        self._source = connect(self._patience.open_s)
        self._former_errors = 0
        self._hanging: list[_Reader] = []

    def status(self) -> SourceStatus:
        """As the source of the present connection says; damaged frames are those of all connections."""
        present = self._source.status()
        return replace(
            present,
            decode_errors=self._former_errors + present.decode_errors,
            reconnects=self._reconnects,
            silent_since_s=self._lost_since_s,
        )

    def frames(self, stop: threading.Event) -> Generator[Frame | Signal, None, None]:
        """Read, and connect again, until stopped; see :class:`~live_classify.core.protocols.Source`.

        Raises:
            SourceOpenError: it gave no frame at all.
        """
        following = _Numbering()
        last_s, outage = self._clock(), _Outage(self._intervals())
        failure: SourceError | None = None
        while not stop.is_set():
            begun_s = self._clock()
            try:
                for position, frame in enumerate(self._read_once(stop, outage)):
                    last_s = self._clock()
                    if position == 0:
                        self._opening_s = max(self._opening_s, last_s - begun_s)
                        yield from self._regain(last_s, following.begun)
                    yield following.renumbered(frame)
                if stop.is_set():
                    break
                return
            except SourceError as error:
                if not following.begun and not self._patience.unopened:
                    raise
                failure = error
            now_s = self._clock()
            if last_s > begun_s + _STEADY_S:
                outage = _Outage(self._intervals())
            yield from self._lose(last_s, failure)
            if stop.wait(outage.pause_s(now_s - max(begun_s, last_s))):
                break
            following.connect()
        if not following.begun:
            raise failure or SourceOpenError(f"cannot open {self.name}: no answer yet")

    def _read_once(self, stop: threading.Event, outage: _Outage) -> Generator[Frame, None, None]:
        """Connect, and read until the source ends, fails or falls silent."""
        self._hanging = [reader for reader in self._hanging if reader.alive]
        if len(self._hanging) >= _MOST_HANGING:
            raise SourceOpenError(f"cannot open {self.name}: it still hangs")
        self._former_errors += self._source.status().decode_errors
        first_s, stall_s = self._first_frame_s(outage), self._patience.stall_s
        self._source = self._connect(min(self._patience.open_s, max(first_s, stall_s)))
        reader = _Reader(self._source, self._probe if outage.silent else None)
        try:
            yield from reader.frames(stop, first_s, stall_s)
        finally:
            if not reader.let_go():
                self._hanging.append(reader)

    def _first_frame_s(self, outage: _Outage) -> float:
        """How long the first frame of a connection may take."""
        whole_s = self._patience.open_s + self._patience.stall_s
        if self._opening_s == 0 or outage.attempts % _FULL_PATIENCE_EVERY == 0:
            return whole_s
        return min(whole_s, max(_USUAL_OPENING_S, 3 * self._opening_s))

    def _lose(self, since_s: float, failure: SourceError) -> Iterator[SignalLost]:
        if self._lost_since_s is None:
            self._lost_since_s = since_s
            yield SignalLost(reason=str(failure))

    def _regain(self, now_s: float, begun: bool) -> Iterator[SignalRestored]:
        if self._lost_since_s is not None:
            since_s, self._lost_since_s = self._lost_since_s, None
            self._reconnects += begun  # the first signal of all isn't one that came back
            yield SignalRestored(outage_s=now_s - since_s)


class _Outage:
    """The attempts to connect again."""

    def __init__(self, intervals: Iterator[float]) -> None:
        self.attempts = 0
        self.silent = False
        """Whether the last attempt took so long that the host seems to say nothing at all."""
        self._intervals = intervals

    def pause_s(self, taken_s: float) -> float:
        """Return how long to wait before the next attempt, the last one having taken ``taken_s``."""
        self.attempts += 1
        self.silent = taken_s >= PROBE_S
        interval_s = next(self._intervals)
        return max(min(interval_s, _LEAST_PAUSE_S), interval_s - taken_s)


class _Numbering:
    """Keeps numbers and times rising from one connection to the next."""

    def __init__(self) -> None:
        self.begun = False
        self._origin_s = 0.0
        self._next = self._offset = 0
        self._first_connection = True

    def connect(self) -> None:
        """Expect frames that are numbered from 0 again."""
        self._offset = self._next
        self._first_connection = not self.begun

    def renumbered(self, frame: Frame) -> Frame:
        if not self.begun:
            self.begun, self._origin_s = True, frame.captured_s - frame.time_s
        self._next = self._offset + frame.index + 1
        if self._first_connection:
            return frame
        return replace(frame, index=self._next - 1, time_s=frame.captured_s - self._origin_s)


class _Reader:
    """One connection, read on a thread that can be left behind."""

    def __init__(self, source: Source, probe: Callable[[], None] | None) -> None:
        self._source = source
        self._probe = probe
        self._stop = threading.Event()
        self._arrived: Buffer[Frame] = Buffer(2, "lossless")
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._read, name=f"reader of {source.name}", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def frames(self, stop: threading.Event, first_s: float, stall_s: float) -> Generator[Frame, None, None]:
        """Give what arrives.

        Args:
            stop: ends it.
            first_s: how long the first frame may take.
            stall_s: how long each further one may take.

        Raises:
            SourceError: what the source ended with, or that it fell silent.
        """
        allowed_s, opened = first_s, False
        silent_since_s = time.monotonic()
        while not stop.is_set():
            if taken := self._arrived.take(1, _LOOK_S):
                silent_since_s, allowed_s, opened = time.monotonic(), stall_s, True
                yield taken[0]
            elif self._arrived.finished:
                if self._error is not None:
                    raise self._error
                return
            elif time.monotonic() > silent_since_s + allowed_s:
                kind, what = (SourceReadError, "frame") if opened else (SourceOpenError, "first frame")
                raise kind(f"{self._source.name}: no {what} for {allowed_s:g} s")

    def let_go(self) -> bool:
        """Have the thread end; False where it hangs."""
        self._stop.set()
        self._arrived.discard()
        self._thread.join(_LET_GO_S)
        return not self.alive

    def _read(self) -> None:
        try:
            if self._probe is not None:
                self._probe()
            with closing(read_frames(self._source, self._stop)) as frames:
                for frame in frames:
                    if not self._arrived.put(frame):
                        break
        except BaseException as error:  # noqa: BLE001 (carried to the thread that waits for frames)
            self._error = error
        finally:
            self._arrived.close()


def _growing_intervals() -> Iterator[float]:
    interval_s = _FIRST_INTERVAL_S
    while True:
        yield interval_s * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 (no secret depends on it)
        interval_s = min(2 * interval_s, _LONGEST_INTERVAL_S)
