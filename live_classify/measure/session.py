"""A measurement from its beginning to its end."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, get_args

import numpy as np

import live_classify
from live_classify.classifier import Classifier
from live_classify.core.protocols import Engine, Goal
from live_classify.engines.select import Wishes, choose, open_workers
from live_classify.engines.stored import Choice
from live_classify.imaging.resize import resize_into
from live_classify.measure import stages
from live_classify.measure.advice import better_row, current_row, options_for
from live_classify.measure.cameras import FPS, find_sustained
from live_classify.measure.engines import Row, Timing, at_hand, candidates, choice_of, fastest, measure, row_of
from live_classify.measure.limit import limit_live, limit_recorded
from live_classify.measure.machine import this_machine
from live_classify.measure.result import Change, Limits, Measurement, Stages, Startup, Subject, Together
from live_classify.measure.rounds import Clocks, in_turns
from live_classify.measure.stages import Stage
from live_classify.measure.whole import Live, Recorded
from live_classify.models.convert.calibration import Calibration

if TYPE_CHECKING:
    from live_classify.measure.subject import Material
    from live_classify.measure.whole import Whole
    from live_classify.models.records.network import Network
    from live_classify.models.weights.origin import Progress
    from live_classify.sources.recorded import RecordedSource

Tell: TypeAlias = Callable[[Measurement], None]

GOALS: tuple[Goal, ...] = get_args(Goal)
_AS_IT_IS, _WITH_OUTPUT = "as it is", "with output"

_STAGE_ROUNDS, _STAGE_ROUND_S = 5, 0.2
_WHOLE_ROUNDS, _WHOLE_ROUND_S = 3, 1.0
_TABLE_ROUND_S, _SWEEP_ROUND_S = 0.25, 0.5
_LIVE_S, _CAMERAS_S = 1.3, 1.5
_FEWEST_FRAMES = 8  # in a round of the whole
_MOST_CAMERAS = 64
_PICTURES = 32  # that are classified for the table, and on which answers are compared


@dataclass(frozen=True, slots=True)
class Setup:
    """A network, and how the user wants it run."""

    network: Network
    wishes: Wishes
    calibration: Calibration
    classifier: Classifier

    def engines(self, goal: Goal, choice: Choice, progress: Progress) -> list[Engine]:
        """Make the engines of a choice ready."""
        return open_workers(self.network, choice, goal, self.calibration, progress)

    def with_choice(self, choice: Choice, progress: Progress) -> Classifier:
        """The classifier, with another engine."""
        mine = self.classifier

        def open_engines(goal: Goal) -> list[Engine]:
            return self.engines(goal, choice, progress)

        return Classifier(self.network, mine.labels, open_engines, mine.top, mine.resize, mine.head)


class Session:
    """Measures one network on one source, stage by stage, then as a whole.

    Args:
        setup: what classifies.
        material: what is classified.
        progress: told of what takes long before anything is measured.
        tell: given what is known so far, after each round.
        process_s: seconds from the start of the process to the moment where there was nothing left to import.
    """

    def __init__(self, setup: Setup, material: Material, progress: Progress, tell: Tell, process_s: float) -> None:
        self._setup = setup
        self._material = material
        self._progress = progress
        self._tell = tell
        start_s = time.perf_counter()
        self._engine = setup.classifier.engines("latency")[0]
        ready_s = time.perf_counter() - start_s
        row = np.empty((1, *self._engine.input_size, 3), np.uint8)
        resize_into(material.frames[0].bgr, row[0], setup.classifier.resize)
        start_s = time.perf_counter()
        setup.classifier.head.probabilities(self._engine.run(row))
        first_ms = 1000 * (time.perf_counter() - start_s)
        self.result = Measurement(
            live_classify=live_classify.__version__,
            measured=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            machine=this_machine(),
            subject=Subject(
                source=material.name,
                live=material.live,
                width=material.size[0],
                height=material.size[1],
                model=setup.network.name,
                engine=self._engine.name,
                precision=self._engine.precision,
                device=self._engine.device,
            ),
            startup=Startup(process_s=round(process_s, 3), ready_s=round(ready_s, 3), first_ms=round(first_ms, 2)),
            stages=Stages(decode=None, fit=None, infer=None, draw=None, encode=None),
            together=Together(recorded=None, recorded_with_output=None, live=None),
            latency_histogram=[],
            limit=Limits(recorded=None, live=None),
            cameras=None,
            table=[],
        )

    def run(self, sweep: Sequence[Setup]) -> Measurement:
        """Measure everything.

        Args:
            sweep: networks of which every engine, precision and layout is timed; without any, what is at hand for the
                network measured.

        Raises:
            LiveClassifyError: the source or an engine failed.
        """
        round_s = _SWEEP_ROUND_S if sweep else _TABLE_ROUND_S
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            self._measure_stages(folder)
            self._measure_table(self._setup, round_s, at_hand_only=not sweep)
            self._measure_together(folder, stack)
        self._measure_cameras()
        for setup in sweep:
            if setup is not self._setup:
                self._measure_table(setup, round_s, at_hand_only=False)
        return self.result

    def _measure_stages(self, folder: Path) -> None:
        material, resize, engine = self._material, self._setup.classifier.resize, self._engine
        frames, begin = material.frames, dict[str, Callable[[], stages.Steps]]()
        if material.open_recorded is not None:
            begin["decode"] = partial(stages.decoding, material.open_recorded, single=len(frames) == 1)
        begin["fit"] = partial(stages.fitting, frames, engine.input_size, resize)
        begin["infer"] = partial(stages.inferring, engine, self._setup.classifier.head, frames, resize)
        begin["draw"] = partial(stages.drawing, frames)
        begin["encode"] = partial(stages.encoding, frames, folder / "stage.mp4")
        measured = {name: Stage(steps, _STAGE_ROUND_S, Clocks()) for name, steps in begin.items()}

        def after_round() -> None:
            for name, stage in measured.items():
                self.result["stages"][name] = stage.figures()  # type: ignore[literal-required]
            self._tell(self.result)

        in_turns([stage.run_round for stage in measured.values()], _STAGE_ROUNDS, after_round)

    def _measure_table(self, setup: Setup, round_s: float, at_hand_only: bool) -> None:
        """Add the rows of a network to the table."""
        network, wishes, before = setup.network, setup.wishes, list(self.result["table"])
        # Unless all that was asked for is timed, what else there is may be what to change.
        tried = Wishes(device=wishes.device, batch=wishes.batch) if at_hand_only else wishes
        choices: list[tuple[Goal, Choice]] = []
        for goal in GOALS:
            chosen = choose(network, wishes, goal)
            choices += [
                (goal, choice)
                for choice in candidates(network, tried, goal)
                if not at_hand_only or at_hand(network, chosen, choice, setup.calibration)
            ]
        pictures = setup.calibration.pictures(network.input_size)

        def after_round(measured: list[Timing]) -> None:
            best = [fastest(measured, goal) for goal in GOALS]
            self.result["table"] = before + [row_of(network.name, one, one in best) for one in measured]
            self._tell(self.result)

        measure(
            choices,
            lambda goal, choice: setup.engines(goal, choice, self._progress),
            setup.classifier.head,
            pictures[:: -(-len(pictures) // _PICTURES)],
            round_s,
            progress=self._progress,
            after_round=after_round,
        )

    def _measure_together(self, folder: Path, stack: ExitStack) -> None:
        material, classifier = self._material, self._setup.classifier
        live = Live(lambda: [material.open_live()], classifier, _LIVE_S)
        works = [live.run_round]
        recorded: dict[str, Recorded] = {}
        if material.open_recorded is not None:
            recorded = self._recorded_runs(material.open_recorded, folder, stack)
            works += [run.run_round for run in recorded.values()]

        def after_round() -> None:
            together = self.result["together"]
            together["live"] = live.figures()
            self.result["latency_histogram"] = [
                (round(1000 * seconds, 3), count) for seconds, count in live.latency.histogram()
            ]
            if recorded:
                together["recorded"] = recorded[_AS_IT_IS].figures()
                together["recorded_with_output"] = recorded[_WITH_OUTPUT].figures()
            self._tell(self.result)

        in_turns(works, _WHOLE_ROUNDS, after_round)
        self._find_limits({name: run.figures() for name, run in recorded.items() if name.startswith("--")})

    def _recorded_runs(
        self, open_source: Callable[[], RecordedSource], folder: Path, stack: ExitStack
    ) -> dict[str, Recorded]:
        """What is run through the whole program, by name; changes to try by the options that make them."""
        classifier, current = self._setup.classifier, self._current_row("throughput")
        better = better_row(self.result["table"], current)
        frames = max(_FEWEST_FRAMES, round(current["fps"] * _WHOLE_ROUND_S))
        runs = {
            _AS_IT_IS: Recorded(open_source, classifier, frames, folder),
            _WITH_OUTPUT: Recorded(open_source, classifier, frames, folder, video=True),
        }
        if better is not None:
            tried = stack.enter_context(self._setup.with_choice(choice_of(better), self._progress))
            runs[options_for(better, current)] = Recorded(open_source, tried, frames, folder)
        if self._material.open_every_second is not None:
            half = self._material.open_every_second
            runs["--every 2"] = Recorded(half, classifier, frames // 2, folder, every=2)
        return runs

    def _find_limits(self, tried: Mapping[str, Whole]) -> None:
        result, limit = self.result, self.result["limit"]
        recorded, live = result["together"]["recorded"], result["together"]["live"]
        if recorded is not None:
            changes = [Change(option=name, gain=round(one["fps"] / recorded["fps"], 2)) for name, one in tried.items()]
            limit["recorded"] = limit_recorded(recorded, result["machine"]["cores"], changes)
        if live is not None:
            current = self._current_row("latency")
            better = better_row(result["table"], current)
            changes = []
            if better is not None:
                gain = round(better["fps"] / current["fps"], 2)
                changes = [Change(option=options_for(better, current), gain=gain)]
            limit["live"] = limit_live(live, self._network_fps(), changes)
        self._tell(result)

    def _measure_cameras(self) -> None:
        material = self._material

        def run(cameras: int) -> float:
            names = [f"camera {number}" for number in range(1, cameras + 1)]
            live = Live(lambda: [material.open_camera(name) for name in names], self._setup.classifier, _CAMERAS_S)
            live.run_round()
            return min(live.slowest) / FPS

        recorded = self.result["together"]["recorded"]
        guess = round((recorded["fps"] if recorded is not None else self._network_fps()) / FPS)
        self.result["cameras"] = find_sustained(run, min(guess, _MOST_CAMERAS))
        self._tell(self.result)

    def _network_fps(self) -> float:
        """Frames a second that the network could answer one at a time, fitting included."""
        alone = self.result["stages"]
        return 1 / sum(1 / figures["fps"] for figures in (alone["fit"], alone["infer"]) if figures is not None)

    def _current_row(self, goal: Goal) -> Row:
        """The line of the table that is as the setup runs it."""
        return current_row(self.result["table"], goal, self._setup.classifier.engines(goal))
