"""How fast each engine of this machine runs a network, and whether they agree. ``auto`` goes by it once it is saved."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import numpy.typing as npt

from live_classify.engines.base import Engine, EngineName, Goal
from live_classify.engines.processor import fast_at_bfloat16, usable_cores
from live_classify.engines.select import Wishes, installed, offers
from live_classify.engines.stored import Choice
from live_classify.errors import EngineError
from live_classify.models.network import Network, Precision
from live_classify.models.weights import Progress, no_progress

_ROUNDS = 3
_ROUND_S = 0.5
LEAST_AGREEMENT = 0.9
"""Of the pictures on which a faster candidate must name the same class as float32 does, or it isn't recommended."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What came of one candidate."""

    goal: Goal
    choice: Choice
    """With batch and workers as they were run."""
    ms: float
    """Median milliseconds: for ``latency`` of one call with one picture, for ``throughput`` per picture."""
    spread: float
    """Range of the rounds' figures, as a part of the median: the noise of the machine."""
    agreement: float
    """Part of the pictures on which it names the same class as the first candidate in float32 does."""

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return 1000 / self.ms


def candidates(network: Network, wishes: Wishes, goal: Goal, has_gpu: bool) -> Iterator[Choice]:
    """The engines, precisions and layouts worth trying, those that answer exactly first.

    Args:
        network: what is to run.
        wishes: what the user narrowed it down to.
        goal: what it shall be fast at.
        has_gpu: whether Keras sees one.
    """
    devices = ("gpu", "cpu") if has_gpu else ("cpu",)
    precisions: tuple[Precision, ...] = get_args(Precision)
    for precision, engine, device in itertools.product(precisions, get_args(EngineName), devices):
        if precision not in offers(network, engine) or not installed(engine):
            continue
        if device == "gpu" and engine != "keras":
            continue
        if precision == "float16" and device == "cpu" and not (fast_at_bfloat16() and engine == "openvino"):
            continue
        choice = Choice(engine, precision, device)
        if wishes.allow(choice):
            yield from _layouts(choice, goal, wishes.batch)


def measure(
    choices: Sequence[tuple[Goal, Choice]],
    open_engines: Callable[[Goal, Choice], list[Engine]],
    pictures: npt.NDArray[np.uint8],
    progress: Progress = no_progress,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Measurement]:
    """Time candidates in turns, several rounds of fixed work each, after a warm-up.

    All of them are in memory at the same time.

    Args:
        choices: the candidates, as :func:`candidates` gives them.
        open_engines: makes the engines of one ready.
        pictures: ``(N, H, W, 3)`` uint8 RGB at the network's size, what is classified; a few dozen are enough.
        progress: told of a candidate that can't run.
        clock: seconds.

    Returns:
        A measurement for each candidate, in the same order; one that can't run is left out.

    Raises:
        ModelFileError: the network's weights can't be had.
    """
    with ExitStack() as stack:
        ready: list[tuple[Goal, Choice, list[Engine], npt.NDArray[np.intp]]] = []
        for goal, choice in choices:
            try:
                engines = open_engines(goal, choice)
            except EngineError as error:
                progress(f"{choice.engine} {choice.precision} is left out: {error}", 0, 0)
                continue
            for engine in {id(engine): engine for engine in engines}.values():
                stack.callback(engine.close)
            made = replace(choice, batch=engines[0].batch, workers=len(engines))
            ready.append((goal, made, engines, classify_all(engines[0], pictures).argmax(axis=1)))
        works = [_work(goal, engines, pictures, clock) for goal, _, engines, _ in ready]
        rounds = [[work() for work in works] for _ in range(_ROUNDS)]
    measurements = []
    for (goal, made, _, answers), seconds in zip(ready, zip(*rounds, strict=True), strict=True):
        median = statistics.median(seconds)
        spread = (max(seconds) - min(seconds)) / median
        agreement = float(np.mean(answers == ready[0][3]))
        measurements.append(Measurement(goal, made, 1000 * median, spread, agreement))
    return measurements


def fastest(measurements: Sequence[Measurement], goal: Goal) -> Measurement | None:
    """The fastest candidate for a goal among those that agree with float32."""
    sound = [one for one in measurements if one.goal == goal and one.agreement >= LEAST_AGREEMENT]
    return min(sound, key=lambda one: one.ms, default=None)


def _layouts(choice: Choice, goal: Goal, batch: int | None) -> Iterator[Choice]:
    """The ways to share the work of a candidate out."""
    if goal == "latency":
        yield replace(choice, batch=batch or 1)
    elif choice.engine == "keras":
        for size in [batch] if batch else [8, 32, 128] if choice.device == "gpu" else [1, 8]:
            yield replace(choice, batch=size)
    elif choice.engine == "litert":
        for workers in sorted({1, usable_cores()}):  # all threads for one picture, or a picture for each
            yield replace(choice, batch=batch or 1, workers=workers)
    else:
        yield replace(choice, batch=batch or 1)


def classify_all(engine: Engine, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Classify any number of pictures, ``(N, H, W, 3)`` RGB, in batches that an engine takes; ``(N, classes)``."""
    parts = np.split(pictures, range(engine.batch, len(pictures), engine.batch))
    return np.concatenate([engine.classify(part) for part in parts])


def _work(
    goal: Goal, engines: Sequence[Engine], pictures: npt.NDArray[np.uint8], clock: Callable[[], float]
) -> Callable[[], float]:
    """A round of a candidate, of the same amount each time: it returns seconds a picture."""
    batch = engines[0].batch if goal == "throughput" else 1
    repeated = np.resize(pictures, (len(pictures) + batch, *pictures.shape[1:]))
    workers = len(engines) if goal == "throughput" else 1

    def run(calls: int) -> float:
        numbers = itertools.count()

        def work(engine: Engine) -> None:
            while (number := next(numbers)) < calls:
                first = number * batch % len(pictures)
                engine.classify(repeated[first : first + batch])

        start_s = clock()
        if workers == 1:
            work(engines[0])
        else:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(work, engines))
        return (clock() - start_s) / (calls * batch)

    trial_s = run(2 * workers)  # the first calls are slower; these only tell how many make a round
    calls = max(2 * workers, round(_ROUND_S / max(trial_s * batch, 1e-6)))
    return lambda: run(calls)
