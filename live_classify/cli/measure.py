"""``live-classify measure``: how fast this machine is."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click

from live_classify.cli.console import note, say
from live_classify.cli.options import ModelOptions, loading_bar, model_options, quiet_option

if TYPE_CHECKING:
    from live_classify.engines.base import Engine, Goal
    from live_classify.engines.stored import Choice
    from live_classify.measure import Measurement

_PICTURES = 32  # that are classified, and on which answers are compared
_NOISY = 0.15  # rounds that differ by more say something of the machine, not of the candidate


@click.command()
@model_options
@click.option("--save", is_flag=True, help="Store the fastest for this machine, for `auto` to take from now on.")
@quiet_option
def measure(model_options: ModelOptions, save: bool, quiet: bool) -> None:
    """Time every engine of this machine with a network, and say which is the fastest.

    Two things are measured apart: the time to one answer, which counts for a camera, and answers a second, which count
    for recordings. `agree` is the part of pictures on which an engine names the same class as the first line does.
    """
    from live_classify.calibration import Calibration
    from live_classify.engines.base import Goal
    from live_classify.engines.select import Wishes, gpu_usable, open_workers
    from live_classify.engines.stored import choices_file, store_choice
    from live_classify.measure import candidates, fastest
    from live_classify.measure import measure as measured
    from live_classify.models.load import load_network

    wish = model_options
    network = load_network(wish.model, weights=wish.weights, preprocessing=wish.preprocessing)
    wishes = Wishes(wish.engine, wish.precision, wish.device, wish.batch)
    wishes.check(network)
    goals: tuple[Goal, ...] = get_args(Goal)
    has_gpu = gpu_usable()
    choices = [(goal, choice) for goal in goals for choice in candidates(network, wishes, goal, has_gpu)]
    calibration = Calibration(wish.calibration, wish.fit or network.fit)
    progress = loading_bar()

    def open_engines(goal: Goal, choice: Choice) -> list[Engine]:
        return open_workers(network, choice, goal, calibration, progress)

    pictures = calibration.pictures(network.input_size)
    sample = pictures[:: -(-len(pictures) // _PICTURES)]
    measurements = measured(choices, open_engines, sample, progress)
    best = {goal: fastest(measurements, goal) for goal in goals}
    for line in _table(measurements, [one for one in best.values() if one is not None]):
        say(line)
    if any(one.spread > _NOISY for one in measurements) and not quiet:
        note(f"this machine is busy or noisy: rounds of the same work differ by more than {_NOISY:.0%}")
    if save:
        for goal, one in best.items():
            if one is not None:
                store_choice(network.name, goal, one.choice)
        if not quiet:
            note(f"stored in {choices_file()}")


def _table(measurements: list[Measurement], best: list[Measurement]) -> list[str]:
    rows = [("for", "engine", "precision", "device", "batch", "workers", "ms", "a second", "spread", "agree", "")]
    for one in measurements:
        choice = one.choice
        layout = (str(choice.batch), str(choice.workers))
        figures = (f"{one.ms:.2f}", f"{one.rate:.1f}", f"{one.spread:.0%}", f"{one.agreement:.0%}")
        mark = "fastest" if one in best else ""
        rows.append((one.goal, choice.engine, choice.precision, choice.device, *layout, *figures, mark))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
