"""The pipeline under random faults, waits and stops: what must be true however threads meet."""

from __future__ import annotations

import itertools
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest

from doubles import Collector, GreyEngine, Listener, ListSource, grey_classifier, grey_frame
from live_classify.core.errors import EngineError, OutputError, SourceReadError
from live_classify.core.values import Answered, Frame
from live_classify.flow.outlet import Outlet
from live_classify.flow.pipeline import Pipeline

DEADLINE_S = 30.0
CLOSED_WITHIN_S = 10.0
"""A quiet machine needs 2.5 s when something hangs; a busy one may stop every thread for a while."""

Where = Literal["source", "engine", "sink", "close", "event sink"]
PLACES: tuple[Where, ...] = ("source", "engine", "sink", "close", "event sink")


class Fault(BaseException):
    """An error of a kind that nobody catches by name."""


KINDS: tuple[Callable[[], BaseException], ...] = (
    lambda: SourceReadError("broke off"),
    lambda: EngineError("failed"),
    lambda: OutputError("disk full"),
    lambda: ZeroDivisionError("a bug"),
    MemoryError,
    lambda: KeyboardInterrupt("a key"),
    lambda: Fault("what"),
)


@dataclass
class Chance:
    """Random waits and at most one fault, from one seed."""

    seed: int
    faulty: Where | None = None
    dice: random.Random = field(init=False)
    never: threading.Event = field(default_factory=threading.Event)
    raised: list[BaseException] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def meet(self, where: Where) -> None:
        with self.lock:
            wait_s = self.dice.choice([0, 0, 0, 0.0005, 0.003])
            fails = where == self.faulty and self.dice.random() < 0.1
            error = self.dice.choice(KINDS)() if fails else None
        if wait_s:
            self.never.wait(wait_s)
        if error is not None:
            self.raised.append(error)
            raise error

    def frames(self, count: int) -> Iterator[Frame]:
        for index in range(count):
            self.meet("source")
            yield grey_frame(index % 256, index)


class Faulty(Collector):
    def __init__(self, chance: Chance) -> None:
        super().__init__(before=lambda _: chance.meet("sink"))
        self._chance = chance

    def close(self) -> None:
        super().close()
        self._chance.meet("close")


def run_once(seed: int) -> None:
    """One run of random shape, ended at a random moment."""
    dice = random.Random(seed)
    chance = Chance(seed, dice.choice([None, *PLACES]))
    live, workers, batch = dice.random() < 0.5, dice.randint(1, 4), dice.choice([1, 2, 5])
    engines = [GreyEngine(batch, before=lambda _: chance.meet("engine")) for _ in range(workers)]
    sources = [ListSource(chance.frames(dice.randint(0, 60)), f"source {n}") for n in range(dice.randint(1, 3))]
    sinks = [Faulty(chance) for _ in range(dice.randint(0, 3))]
    told = Listener(lambda _: chance.meet("event sink"))
    pipeline = Pipeline(sources, grey_classifier(*engines), live=live, sinks=sinks, event_sinks=[told])
    patience_s = dice.choice([0.0, 0.001, 0.01, 0.05, DEADLINE_S])
    raised: BaseException | None = None
    try:
        if dice.random() < 0.9:
            with pipeline:
                ended = pipeline.wait(patience_s)
                assert ended or patience_s < DEADLINE_S
        else:
            ended = False
            pipeline.close()
    except BaseException as error:  # noqa: BLE001 (any kind may be raised)
        raised = error
    run = pipeline.monitor.snapshot()
    started_sources = {frame.source for sink in sinks for frame, _ in sink.written}
    assert [sink.closed for sink in sinks] == [1] * len(sinks), "every sink is closed, once"
    assert told.closed == 1
    for sink, outlet in zip(sinks, run.outlets, strict=False):
        assert outlet.taken == len(sink.written)
        assert outlet.taken + outlet.lost == run.classified or chance.faulty in {"sink", "close"}
        for name in started_sources:
            rows = [frame.index for frame, _ in sink.written if frame.source == name]
            assert rows == sorted(set(rows)), "in order, none twice"
            assert live or rows == list(range(len(rows))), "recorded: without a gap"
    assert run.captured == run.classified + run.dropped
    if raised is not None:
        assert raised in chance.raised
    elif chance.raised and chance.faulty != "event sink":
        first = chance.raised[0]
        known = [source.error for source in run.sources]
        assert first in known or not ended, "the first failure reaches the caller"


@pytest.mark.parametrize("block", range(8))
def test_whatever_fails_and_whenever_it_is_ended_nothing_is_lost_twice_or_left_behind(block: int) -> None:
    for seed in range(block * 40, block * 40 + 40):
        run_once(seed)


@contextmanager
def switching_all_the_time() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def test_the_same_where_threads_take_turns_all_the_time() -> None:
    with switching_all_the_time():
        for seed in range(1000, 1030):
            run_once(seed)


class Hang:
    """A place where a thread can be held."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()

    def __call__(self, _: object) -> None:
        self.begun.set()
        self.let_go.wait(DEADLINE_S)


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("where", ["source", "engine", "sink", "event sink"])
def test_closing_comes_to_an_end_whatever_hangs(where: str, live: bool) -> None:
    hang = Hang()
    endless = (grey_frame(index % 256, index) for index in itertools.count())

    def frames() -> Iterator[Frame]:
        for frame in endless:
            if where == "source" and frame.index == 3:
                hang(None)
            yield frame

    def engine(rgb: npt.NDArray[np.uint8]) -> None:
        if where == "engine" and rgb[0, 0, 0, 0] >= 3:
            hang(None)

    sink, other = Collector(before=hang if where == "sink" else lambda _: None), Collector()
    told = Listener(before=hang if where == "event sink" else lambda _: None)
    engines = [GreyEngine(before=engine), GreyEngine(before=engine)]
    pipeline = Pipeline(
        [ListSource(frames())],
        grey_classifier(*engines),
        live=live,
        sinks=[Outlet(sink, name="log"), other],
        event_sinks=[told],
    )
    pipeline.start()
    before = set(threading.enumerate())
    try:
        assert hang.begun.wait(DEADLINE_S)
        began_s = time.monotonic()
        if where == "sink":
            with pytest.raises(OutputError, match="takes no more data"):
                pipeline.close()
        else:
            pipeline.close()
        assert time.monotonic() - began_s < CLOSED_WITHIN_S
        assert other.closed == 1
    finally:
        hang.let_go.set()
        for thread in before & set(threading.enumerate()):
            if thread.name.startswith(("capture", "inference", "outlet")):
                thread.join(DEADLINE_S)


class Ends(Collector):
    """Ends the run from within, from a row on."""

    def __init__(self, enough: int) -> None:
        super().__init__()
        self.pipeline: Pipeline | None = None
        self._enough = enough

    def write(self, answered: Answered) -> None:
        super().write(answered)
        if answered.frame.index >= self._enough and self.pipeline is not None:
            self.pipeline.close()


@pytest.mark.parametrize("enough", range(10))
def test_a_sink_that_ends_the_run_at_any_row_is_closed_once(enough: int) -> None:
    sink = Ends(enough)
    endless = (grey_frame(index % 256, index) for index in itertools.count())
    sink.pipeline = pipeline = Pipeline([ListSource(endless)], grey_classifier(), live=False, sinks=[sink])
    with pipeline:
        assert pipeline.wait(DEADLINE_S)
    assert sink.closed == 1
    assert sink.indices == list(range(len(sink.indices)))
