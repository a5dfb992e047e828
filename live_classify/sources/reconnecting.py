"""A live source that is connected again whenever its signal is gone."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

from live_classify.core.errors import SourceError, SourceOpenError, SourceReadError
from live_classify.core.protocols import Source, SourceStatus
from live_classify.core.reading import read_frames
from live_classify.core.values import Frame
from live_classify.flow.buffer import Buffer

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
_JITTER = 0.2  # so that the cameras of one house aren't all called at once
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

    A thread that hangs in a driver or in FFmpeg is left behind. Frames keep counting across connections; none is given
    twice. A source that ends without an error is done.

    Args:
        name: as the user gave it, without a password.
        connect: makes the source anew for each connection.
        patience: how long it may be silent.
        tell: told in one line, on the thread that reads, when the signal is lost and when it is back.
        pauses: makes the waits in seconds between attempts, for one outage.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], Source],
        patience: Patience | None = None,
        tell: Callable[[str], None] = lambda _: None,
        pauses: Callable[[], Iterator[float]] | None = None,
    ) -> None:
        self.name = name
        self._reconnects = 0
        self._lost_since_s: float | None = None
        self._connect = connect
        self._patience = patience or Patience()
        self._tell = tell
        self._pauses = pauses or _growing_pauses
        self._source = connect()
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

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Read, and connect again, until stopped; see :class:`~live_classify.core.protocols.Source`.

        Raises:
            SourceOpenError: it gave no frame at all.
        """
        following = _Numbering()
        last_s, pauses = time.monotonic(), self._pauses()
        failure: SourceError | None = None
        while not stop.is_set():
            connected_s = time.monotonic()
            try:
                for frame in self._read_once(stop):
                    if self._lost_since_s is not None:
                        self._reconnects += following.begun  # the first signal of all isn't one that came back
                        self._regain(self._lost_since_s)
                    last_s = frame.captured_s
                    yield following.renumbered(frame)
                if stop.is_set():
                    break
                return
            except SourceError as error:
                if not following.begun and not self._patience.unopened:
                    raise
                failure = error
            if last_s > connected_s + _STEADY_S:
                pauses = self._pauses()
            self._lose(last_s, failure)
            if stop.wait(next(pauses)):
                break
            following.connect()
        if not following.begun:
            raise failure or SourceOpenError(f"cannot open {self.name}: no answer yet")

    def _read_once(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Connect, and read until the source ends, fails or falls silent."""
        self._hanging = [reader for reader in self._hanging if reader.alive]
        if len(self._hanging) >= _MOST_HANGING:
            raise SourceOpenError(f"cannot open {self.name}: it still hangs")
        self._former_errors += self._source.status().decode_errors
        self._source = self._connect()
        reader = _Reader(self._source)
        try:
            yield from reader.frames(stop, self._patience)
        finally:
            if not reader.let_go():
                self._hanging.append(reader)

    def _lose(self, since_s: float, failure: SourceError) -> None:
        if self._lost_since_s is None:
            self._lost_since_s = since_s
            self._tell(f"no signal: {failure}; connecting again")

    def _regain(self, since_s: float) -> None:
        self._lost_since_s = None
        self._tell(f"{self.name}: the signal is back after {time.monotonic() - since_s:.1f} s")


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

    def __init__(self, source: Source) -> None:
        self._source = source
        self._stop = threading.Event()
        self._arrived: Buffer[Frame] = Buffer(2, "lossless")
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._read, name=f"reader of {source.name}", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def frames(self, stop: threading.Event, patience: Patience) -> Generator[Frame, None, None]:
        """Give what arrives.

        Raises:
            SourceError: what the source ended with, or that it fell silent.
        """
        allowed_s, opened = patience.open_s + patience.stall_s, False
        silent_since_s = time.monotonic()
        while not stop.is_set():
            if taken := self._arrived.take(1, _LOOK_S):
                silent_since_s, allowed_s, opened = time.monotonic(), patience.stall_s, True
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
            with closing(read_frames(self._source, self._stop)) as frames:
                for frame in frames:
                    if not self._arrived.put(frame):
                        break
        except BaseException as error:  # noqa: BLE001 (carried to the thread that waits for frames)
            self._error = error
        finally:
            self._arrived.close()


def _growing_pauses() -> Iterator[float]:
    pause_s = _FIRST_PAUSE_S
    while True:
        yield pause_s * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 (no secret depends on it)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
