"""Engines that threads, loops and pipelines share, and that may be closed at any moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import EngineError
from live_classify.core.protocols import Engine, Goal
from live_classify.core.values import Activations


class SharedEngines:
    """Engines by goal, opened when first needed.

    Calls that are under way when it is closed finish, later ones fail; the engines are released after the last. Calls
    of two threads may meet on one engine, as of two pipelines: engines overlap them, or let them take turns.

    Args:
        open_engines: makes the engines for a goal ready; called once for each.
        patience_s: how long closing waits for calls under way. An engine that hangs is left behind; should its call
            ever return, that releases the engines.
    """

    def __init__(self, open_engines: Callable[[Goal], list[Engine]], patience_s: float = 2.0) -> None:
        self._open_engines = open_engines
        self._patience_s = patience_s
        self._opening = threading.Lock()
        self._opened: dict[Goal, list[Engine]] = {}
        self._shared: dict[Goal, list[Engine]] = {}
        self._changed = threading.Condition()
        self._under_way = 0
        self._closed = False
        self._released = False

    def of(self, goal: Goal) -> list[Engine]:
        """The engines for a goal, one for each inference thread; closing one of them does nothing.

        Raises:
            EngineError: they are closed; or the runtime isn't there or refuses the network.
            LiveClassifyError: what else opening them raises.
        """
        with self.call(), self._opening:
            if goal not in self._shared:
                self._opened[goal] = self._open_engines(goal)
                self._shared[goal] = [_Shared(engine, self) for engine in self._opened[goal]]
            return self._shared[goal]

    @contextmanager
    def call(self) -> Iterator[None]:
        """What keeps the engines from being released while it lasts.

        Raises:
            EngineError: they are closed.
        """
        with self._changed:
            if self._closed:
                raise EngineError("the classifier is closed")
            self._under_way += 1
        try:
            yield
        finally:
            self._end_call()

    def _end_call(self) -> None:
        with self._changed:
            self._under_way -= 1
            last = self._closed and not self._under_way
        if last:
            self._release()

    def close(self) -> None:
        """Let no more calls begin, and release the engines after those under way. Safe to call twice."""
        with self._changed:
            first, self._closed = not self._closed, True
            idle = first and not self._under_way
        if idle:
            self._release()
        with self._changed:
            self._changed.wait_for(lambda: self._released, self._patience_s)

    def _release(self) -> None:
        """Close each engine. It is called once: by whoever closes, or by the last call under way."""
        try:
            with ExitStack() as stack:
                for engine in {id(engine): engine for group in self._opened.values() for engine in group}.values():
                    stack.callback(engine.close)
        finally:
            self._opened.clear()
            self._shared.clear()
            with self._changed:
                self._released = True
                self._changed.notify_all()


class _Shared:
    """An engine that can't be called once its owner has closed it."""

    def __init__(self, engine: Engine, owner: SharedEngines) -> None:
        self.name, self.precision, self.device = engine.name, engine.precision, engine.device
        self.input_size, self.batch = engine.input_size, engine.batch
        self._engine = engine
        self._owner = owner

    def run(self, rgb: npt.NDArray[np.uint8]) -> Activations:
        """Run the network; see :class:`~live_classify.core.protocols.Engine`."""
        with self._owner.call():
            return self._engine.run(rgb)

    def close(self) -> None:
        """Leave the engine open: others use it."""
