"""Which engine, precision and layout runs a network fastest here, and whether they agree. ``auto`` goes by it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

import numpy as np
import numpy.typing as npt

from live_classify.core.cores import usable_cores
from live_classify.core.errors import EngineError
from live_classify.core.protocols import Engine, Goal, Head
from live_classify.engines.litert_files import file_precision
from live_classify.engines.processor import MAX_WORKERS
from live_classify.engines.registry import engines, find_engine
from live_classify.engines.select import Wishes, usable
from live_classify.engines.stored import Choice
from live_classify.measure.rounds import Clocks, Rate, in_turns, rate_of
from live_classify.models.convert.cache import find_converted
from live_classify.models.records.network import Network, Precision
from live_classify.models.weights.origin import Progress, no_progress

if TYPE_CHECKING:
    from live_classify.models.convert.cache import Calibration

ROUNDS = 3
LEAST_AGREEMENT = 0.9
"""Of the pictures on which a faster candidate must answer as float32 does, or it isn't recommended."""

_NEARLY = 0.2
"""What the probability of a class may differ by. A sound int8 network stays within it on every photograph; one that the
processor computes wrongly still names the class on nine of ten, but stays within it on two of three."""


class Row(Rate):
    """One line of the table of engines, as it is written: pictures a second, by goal."""

    goal: Goal
    model: str
    engine: str
    precision: Precision
    device: str
    batch: int
    workers: int
    ms: float
    """For ``latency`` milliseconds of one call with one picture, for ``throughput`` a picture."""
    agreement: float
    """Part of the pictures on which it answers as the first candidate, in float32, does: see :func:`agreement`."""
    best: bool
    """Whether it is the fastest for its goal and model of those that agree."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What came of one candidate."""

    goal: Goal
    choice: Choice
    """With batch and workers as they were run."""
    rate: Rate
    """Pictures a second."""
    agreement: float
    """Part of the pictures on which it answers as the first candidate, in float32, does: see :func:`agreement`."""

    @property
    def ms(self) -> float:
        """Milliseconds: for ``latency`` of one call with one picture, for ``throughput`` per picture."""
        return 1000 / self.rate["fps"]


def candidates(network: Network, wishes: Wishes, goal: Goal) -> Iterator[Choice]:
    """The engines, precisions and layouts worth trying, those that answer exactly first.

    Args:
        network: what is to run.
        wishes: what the user narrowed it down to.
        goal: what it shall be fast at.
    """
    possible = [(spec, usable(network, spec), ("gpu", "cpu") if spec.gpu_usable else ("cpu",)) for spec in engines()]
    precisions: tuple[Precision, ...] = get_args(Precision)
    for precision, (spec, offered, devices) in itertools.product(precisions, possible):
        for device in devices:
            if precision not in offered or (device == "cpu" and precision in spec.slow_on_cpu):
                continue
            choice = Choice(spec.name, precision, device)
            if wishes.allow(choice):
                yield from _layouts(choice, goal, wishes.batch)


def measure(
    choices: Sequence[tuple[Goal, Choice]],
    open_engines: Callable[[Goal, Choice], list[Engine]],
    head: Head,
    pictures: npt.NDArray[np.uint8],
    round_s: float,
    *,
    progress: Progress = no_progress,
    after_round: Callable[[list[Timing]], None] = lambda _: None,
    clocks: Clocks | None = None,
) -> list[Timing]:
    """Time candidates in turns, several rounds of fixed work each, after a warm-up.

    All of them are in memory at the same time.

    Args:
        choices: the candidates, as :func:`candidates` gives them.
        open_engines: makes the engines of one ready.
        head: turns what they give into probabilities; its work is timed, too.
        pictures: ``(N, H, W, 3)`` uint8 RGB at the network's size, what is classified; a few dozen are enough.
        round_s: about how long a round of one candidate is to take.
        progress: told of a candidate that can't run.
        after_round: given what is known after each round.
        clocks: what time is taken from.

    Returns:
        A timing for each candidate, in the same order; one that can't run is left out.

    Raises:
        ModelFileError: the network's weights can't be had.
    """
    clock = (clocks or Clocks()).wall
    with ExitStack() as stack:
        ready: list[_Ready] = []
        for goal, choice in choices:
            try:
                engines = open_engines(goal, choice)
            except EngineError as error:
                progress(f"{choice.engine} {choice.precision} is left out: {error}", 0, 0)
                continue
            for engine in {id(engine): engine for engine in engines}.values():
                stack.callback(engine.close)
            made = replace(choice, batch=engines[0].batch, workers=len(engines))
            answers = classify_all(engines[0], head, pictures)
            agreeing = agreement(answers, ready[0].answers) if ready else 1.0
            ready.append(_Ready(goal, made, engines, answers, agreeing))
        works = [_Work(one, head, pictures, round_s, clock) for one in ready]

        def timings() -> list[Timing]:
            return [
                Timing(one.goal, one.choice, rate_of(work.rates), one.agreement)
                for one, work in zip(ready, works, strict=True)
            ]

        in_turns([work.run_round for work in works], ROUNDS, lambda: after_round(timings()))
        return timings()


def agreement(rows: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> float:
    """Part of the pictures of which the same class is named with nearly the same probability, 0 to 1.

    Args:
        rows: ``(N, classes)`` probabilities.
        right: what they should be.
    """
    best, every = right.argmax(axis=1), np.arange(len(right))
    near = np.abs(rows[every, best] - right[every, best]) <= _NEARLY
    return float(np.mean(near & (rows.argmax(axis=1) == best)))


def fastest(timings: Sequence[Timing], goal: Goal) -> Timing | None:
    """The fastest candidate for a goal among those that agree with float32."""
    sound = [one for one in timings if one.goal == goal and one.agreement >= LEAST_AGREEMENT]
    return min(sound, key=lambda one: one.ms, default=None)


def fastest_rows(table: Sequence[Row], wishes: Wishes) -> list[Row]:
    """Of each network and goal the fastest line of those that agree with float32 and are what the user wants."""
    sound = [row for row in table if row["agreement"] >= LEAST_AGREEMENT and wishes.allow(choice_of(row))]
    best: dict[tuple[str, Goal], Row] = {}
    for row in sorted(sound, key=lambda row: row["fps"]):
        best[row["model"], row["goal"]] = row
    return [*best.values()]


def at_hand(network: Network, chosen: Choice, choice: Choice, calibration: Calibration) -> bool:
    """Whether a candidate can be tried at once: its file is there, and nothing that takes seconds to import is needed.

    Args:
        network: what is to run.
        chosen: what ``auto`` takes, which is made ready in any case.
        choice: the candidate.
        calibration: what an int8 network would be adapted to.
    """
    if choice.engine == chosen.engine and choice.precision == chosen.precision:
        return True
    if not find_engine(choice.engine).runs_litert:
        return choice.engine == chosen.engine
    precision = file_precision(choice.precision)
    return precision in network.litert or find_converted(network, precision, calibration) is not None


def row_of(model: str, timing: Timing, best: bool) -> Row:
    """A timing as it is written."""
    choice = timing.choice
    return Row(
        goal=timing.goal,
        model=model,
        engine=choice.engine,
        precision=choice.precision,
        device=choice.device,
        batch=choice.batch or 1,
        workers=choice.workers or 1,
        ms=round(timing.ms, 3),
        agreement=round(timing.agreement, 4),
        best=best,
        **timing.rate,
    )


def choice_of(row: Row) -> Choice:
    """What a line of the table ran."""
    return Choice(row["engine"], row["precision"], row["device"], row["batch"], row["workers"])


def _layouts(choice: Choice, goal: Goal, batch: int | None) -> Iterator[Choice]:
    """The ways to share the work of a candidate out."""
    if goal == "latency":
        yield replace(choice, batch=batch or 1)
    elif sizes := find_engine(choice.engine).batches.get(choice.device):
        for size in (batch,) if batch else sizes:
            yield replace(choice, batch=size)
    else:  # they run one picture after the other: in larger batches nothing would change
        for workers in worker_counts(usable_cores()):
            yield replace(choice, batch=batch or 1, workers=workers)


def worker_counts(cores: int) -> list[int]:
    """How many workers are worth trying on a CPU: from one with all cores to one a core, doubling."""
    counts = [1]
    while counts[-1] < min(cores, MAX_WORKERS):
        counts.append(min(2 * counts[-1], cores, MAX_WORKERS))
    return counts


def classify_all(engine: Engine, head: Head, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Classify any number of pictures, ``(N, H, W, 3)`` RGB, in batches that an engine takes; ``(N, classes)``."""
    parts = np.split(pictures, range(engine.batch, len(pictures), engine.batch))
    return np.concatenate([head.probabilities(engine.run(part)) for part in parts])


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    """A candidate whose engines are open."""

    goal: Goal
    choice: Choice
    engines: list[Engine]
    answers: npt.NDArray[np.float32]
    agreement: float


class _Work:
    """Rounds of a candidate, of the same amount each time."""

    def __init__(
        self, ready: _Ready, head: Head, pictures: npt.NDArray[np.uint8], round_s: float, clock: Callable[[], float]
    ) -> None:
        self._batch = ready.engines[0].batch if ready.goal == "throughput" else 1
        self._engines = ready.engines if ready.goal == "throughput" else ready.engines[:1]
        self._head = head
        self._count = len(pictures)
        self._pictures = np.resize(pictures, (len(pictures) + self._batch, *pictures.shape[1:]))
        self._clock = clock
        self.rates: list[float] = []
        workers = len(self._engines)
        trial = self._run(2 * workers)  # the first calls are slower; these only tell how many make a round
        self._calls = max(2 * workers, round(round_s * trial / self._batch))

    def run_round(self) -> None:
        self.rates.append(self._run(self._calls))

    def _run(self, calls: int) -> float:
        """Pictures a second."""
        numbers = itertools.count()

        def work(engine: Engine) -> None:
            while (number := next(numbers)) < calls:
                first = number * self._batch % self._count
                self._head.probabilities(engine.run(self._pictures[first : first + self._batch]))

        start_s = self._clock()
        if len(self._engines) == 1:
            work(self._engines[0])
        else:
            with ThreadPoolExecutor(len(self._engines)) as pool:
                list(pool.map(work, self._engines))
        return calls * self._batch / max(self._clock() - start_s, 1e-9)
