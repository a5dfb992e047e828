from __future__ import annotations

import itertools
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
import numpy.typing as npt
import pytest

from doubles import GreyEngine, ListSource, grey_classifier, grey_frame
from live_classify import Classifier, EngineError, stream
from live_classify.core.protocols import Engine, Goal
from live_classify.core.values import Activations
from live_classify.engines.shared import SharedEngines

DEADLINE_S = 20.0
PIXELS = np.zeros((1, 4, 4, 3), np.uint8)
PICTURE = np.full((6, 8, 3), 7, np.uint8)
CLOSED = "^the classifier is closed$"


class ClosableEngine(GreyEngine):
    """Fails where it is called while, or after, it is closed, and where it is closed twice or during a call."""

    def __init__(self, before: Callable[[npt.NDArray[np.uint8]], None] = lambda _: None) -> None:
        super().__init__(before=before)
        self.closed = 0
        self._calls = 0
        self._counting = threading.Lock()
        self._turn = threading.Lock()

    def run(self, rgb: npt.NDArray[np.uint8]) -> Activations:
        with self._counting:
            self._calls += 1
        assert not self.closed, "a call of a closed engine"
        try:
            with self._turn:
                return super().run(rgb)
        finally:
            with self._counting:
                self._calls -= 1

    def close(self) -> None:
        assert not self._calls, "closed during a call"
        self.closed += 1


def shared(*engines: Engine, patience_s: float = DEADLINE_S) -> SharedEngines:
    return SharedEngines(lambda _: [*engines], patience_s)


@pytest.fixture
def tiny_switch_interval() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_they_are_opened_once_for_each_goal_and_closed_once() -> None:
    engine, opened = ClosableEngine(), list[Goal]()

    def open_engines(goal: Goal) -> list[Engine]:
        opened.append(goal)
        return [engine, engine]

    engines = SharedEngines(open_engines)
    assert not opened
    assert engines.of("latency") is engines.of("latency")
    assert len(engines.of("throughput")) == 2
    assert opened == ["latency", "throughput"]
    engines.of("latency")[0].close()
    assert engine.closed == 0
    engines.close()
    engines.close()
    assert engine.closed == 1


def test_an_engine_looks_like_itself() -> None:
    engine = GreyEngine(batch=3)
    (one,) = shared(engine).of("latency")
    for name in ("name", "precision", "device", "input_size", "batch"):
        assert getattr(one, name) == getattr(engine, name)


def test_what_was_never_opened_is_closed_without_being_opened() -> None:
    def open_engines(_: Goal) -> list[Engine]:
        pytest.fail("it was opened")

    engines = SharedEngines(open_engines)
    engines.close()
    with pytest.raises(EngineError, match=CLOSED):
        engines.of("latency")


def is_closed(engines: SharedEngines) -> bool:
    try:
        engines.of("latency")
    except EngineError:
        return True
    return False


def test_a_call_under_way_finishes_before_the_engines_are_released() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def before(_: object) -> None:
        inside.set()
        assert go_on.wait(DEADLINE_S)

    engine = ClosableEngine(before)
    engines = shared(engine)
    (one,) = engines.of("latency")
    with ThreadPoolExecutor(2) as pool:
        call = pool.submit(one.run, PIXELS)
        assert inside.wait(DEADLINE_S)
        closing = pool.submit(engines.close)
        end_s = time.monotonic() + DEADLINE_S
        while not is_closed(engines) and time.monotonic() < end_s:
            pass
        assert not closing.done()
        assert engine.closed == 0
        with pytest.raises(EngineError, match=CLOSED):
            one.run(PIXELS)
        go_on.set()
        assert call.result(DEADLINE_S).scores.shape == (1, 256)
        closing.result(DEADLINE_S)
    assert engine.closed == 1


def test_an_engine_that_hangs_is_left_behind_and_closed_should_it_return() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def before(_: object) -> None:
        inside.set()
        assert go_on.wait(DEADLINE_S)

    engine = ClosableEngine(before)
    engines = shared(engine, patience_s=0.01)
    (one,) = engines.of("latency")
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(one.run, PIXELS)
        assert inside.wait(DEADLINE_S)
        engines.close()  # returns, which is the test
        engines.close()
        assert engine.closed == 0
        go_on.set()
        call.result(DEADLINE_S)
    assert engine.closed == 1


def test_engines_that_are_opened_while_it_is_closed_are_released() -> None:
    inside, go_on = threading.Event(), threading.Event()
    engine = ClosableEngine()

    def open_engines(_: Goal) -> list[Engine]:
        inside.set()
        assert go_on.wait(DEADLINE_S)
        return [engine]

    engines = SharedEngines(open_engines, patience_s=0.01)
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(engines.of, "latency")
        assert inside.wait(DEADLINE_S)
        engines.close()
        go_on.set()
        (one,) = opening.result(DEADLINE_S)
    assert engine.closed == 1
    with pytest.raises(EngineError, match=CLOSED):
        one.run(PIXELS)


def test_all_are_closed_though_one_fails_to() -> None:
    class Stubborn(ClosableEngine):
        def close(self) -> None:
            super().close()
            raise EngineError("it won't close")

    first, second = Stubborn(), Stubborn()
    engines = shared(first, second)
    engines.of("latency")
    with pytest.raises(EngineError, match="it won't close"):
        engines.close()
    engines.close()
    assert (first.closed, second.closed) == (1, 1)


def answer_until_closed(classifier: Classifier, begin: threading.Barrier, answers: list[int], number: int) -> str:
    """What ended it."""
    begin.wait(DEADLINE_S)
    try:
        while True:
            assert classifier.classify(PICTURE).top.index == 7
            answers[number] += 1
    except EngineError as error:
        return str(error)


@pytest.mark.usefixtures("tiny_switch_interval")
def test_eight_threads_classify_while_the_classifier_is_closed() -> None:
    """A call either answers or says that the classifier is closed; no engine is called once it is released."""
    for answers_before in range(0, 100, 5):
        engine = ClosableEngine()
        classifier = grey_classifier(engine)
        classifier.engines("latency")
        begin, answers = threading.Barrier(9), [0] * 8
        with ThreadPoolExecutor(8) as pool:
            working = [pool.submit(answer_until_closed, classifier, begin, answers, number) for number in range(8)]
            begin.wait(DEADLINE_S)
            end_s = time.monotonic() + DEADLINE_S
            while sum(answers) < answers_before and time.monotonic() < end_s:
                pass
            classifier.close()
            done, left = wait(working, DEADLINE_S)
        assert not left
        assert {one.result() for one in done} == {"the classifier is closed"}
        assert engine.closed == 1


def test_a_classifier_that_is_closed_says_so() -> None:
    with grey_classifier() as classifier:
        assert classifier.classify(PICTURE).top.index == 7
    classifier.close()
    with pytest.raises(EngineError, match=CLOSED):
        classifier.classify(PICTURE)
    with pytest.raises(EngineError, match=CLOSED):
        classifier.engines("latency")


def test_a_pipeline_whose_classifier_is_closed_ends_with_the_reason() -> None:
    classifier = grey_classifier()
    endless = ListSource(grey_frame(1, index) for index in itertools.count())
    answers = stream(endless, classifier)
    next(answers)
    classifier.close()
    with pytest.raises(EngineError, match=CLOSED):
        deque(answers, maxlen=0)
    assert endless.released


def test_two_pipelines_may_meet_on_one_engine() -> None:
    engine = ClosableEngine()
    classifier = grey_classifier(engine)

    def levels(offset: int) -> list[int]:
        frames = [grey_frame(offset + index, index) for index in range(50)]
        return [prediction.top.index for _, prediction in stream(ListSource(frames), classifier)]

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(levels, (0, 100), timeout=DEADLINE_S)
    assert (first, second) == (list(range(50)), list(range(100, 150)))
    classifier.close()
    assert engine.closed == 1
