"""Which engine, in which precision, on which device, runs a network on this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from live_classify.core.errors import UsageError
from live_classify.core.protocols import Engine, Goal
from live_classify.engines.processor import fast_at_int8
from live_classify.engines.registry import EngineSpec, engines, find_engine
from live_classify.engines.stored import Choice, stored_choice
from live_classify.models.records.network import Network, Precision
from live_classify.models.weights.origin import Progress, no_progress

if TYPE_CHECKING:
    from live_classify.models.convert.cache import Calibration

EngineChoice: TypeAlias = str
"""``auto``, or the name of an engine."""
PrecisionChoice: TypeAlias = Literal["auto", "float32", "float16", "int8"]

_ON_CPU, _ON_GPU = "litert", "keras"  # what auto is where nothing was measured


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user said of how a network is to be run; the rest is settled here."""

    engine: EngineChoice = "auto"
    precision: PrecisionChoice = "auto"
    device: str = "auto"
    """``auto``, ``cpu``, ``gpu`` or ``gpu:N``."""
    batch: int | None = None

    def check(self, network: Network) -> None:
        """Raise UsageError where wishes contradict each other or the network."""
        if not re.fullmatch(r"auto|cpu|gpu(:\d+)?", str(self.device)):
            raise UsageError(f"unknown device {self.device}: auto, cpu, gpu and gpu:N are known")
        if self.precision not in get_args(PrecisionChoice):
            known = ", ".join(get_args(PrecisionChoice))
            raise UsageError(f"unknown precision {self.precision}: {known} are known")
        if self.engine == "auto":
            return
        spec = find_engine(str(self.engine))
        if self.device.startswith("gpu") and not spec.gpu:
            others = " or ".join(f"--engine {other.name}" for other in engines() if other.gpu)
            raise UsageError(f"{self.engine} runs on the CPU; use {others} for a GPU")
        _require_offer(network, spec, self.precision)

    def allow(self, choice: Choice) -> bool:
        """Whether a choice that was stored is what the user wants now."""
        pairs = ((self.engine, choice.engine), (self.precision, choice.precision), (self.device, choice.device))
        return all(wish in ("auto", made) for wish, made in pairs)


def choose(network: Network, wishes: Wishes, goal: Goal) -> Choice:
    """Settle what the user left open.

    ``auto`` is what ``measure --save`` stored for this network and machine; else keras where a GPU is to be used and
    litert on a CPU, in int8 where an int8 network of known quality is at hand and the processor is made for it.

    Args:
        network: what is to run.
        wishes: what the user said.
        goal: what it is to be fast at.

    Raises:
        UsageError: the wishes contradict each other or this network.
    """
    wishes.check(network)
    stored = stored_choice(network.name, goal)
    if stored is not None and wishes.allow(stored) and _can_run(network, stored):
        return Choice(stored.engine, stored.precision, stored.device, wishes.batch or stored.batch, stored.workers)
    engine, device = wishes.engine, wishes.device
    if engine == "auto":
        engine = _ON_GPU if _wants_gpu(network, wishes) else _ON_CPU
    spec = find_engine(engine)
    if device == "auto":
        device = "gpu" if spec.gpu_usable else "cpu"
    _require_offer(network, spec, wishes.precision)
    precision = wishes.precision
    if precision == "auto":
        precision = _usual_precision(network, spec)
    return Choice(engine, precision, device, wishes.batch)


def open_workers(
    network: Network, choice: Choice, goal: Goal, calibration: Calibration, progress: Progress = no_progress
) -> list[Engine]:
    """Make the engines that work side by side, one for each inference thread.

    Args:
        network: what to run.
        choice: on what.
        goal: what it is to be fast at.
        calibration: what to convert to int8 with, if need be.
        progress: told of what takes long: weights that are fetched, a conversion.

    Returns:
        At least one engine. Where an engine takes several calls at a time, it stands there several times.

    Raises:
        EngineError: the runtime isn't there or refuses the network, or this machine can't compute in the precision.
        ModelFileError: a file of the network is missing or damaged.
        UsageError: there is no such device.
    """
    return find_engine(choice.engine).open_engines(network, choice, goal, calibration, progress)


def offers(network: Network, spec: EngineSpec) -> tuple[Precision, ...]:
    """The precisions in which an engine can run a network."""
    if network.construct is not None:
        return spec.precisions if "keras" in spec.reads else ()
    return tuple(network.litert) if "litert" in spec.reads else ()


def usable(network: Network, spec: EngineSpec) -> tuple[Precision, ...]:
    """The precisions in which an engine can run a network here and now: installed, and not refused by the processor."""
    offered = offers(network, spec) if spec.installed else ()
    return tuple(precision for precision in offered if spec.refuses(precision) is None)


def _require_offer(network: Network, spec: EngineSpec, precision: PrecisionChoice) -> None:
    offered = offers(network, spec)
    if not offered:
        others = " or ".join(f"--engine {other.name}" for other in engines() if offers(network, other))
        form = "a LiteRT file" if network.construct is None else "no LiteRT file"
        raise UsageError(f"{network.name} is {form}, which the {spec.name} engine can't run; use {others}")
    if precision != "auto" and precision not in offered:
        others = " and ".join(other.name for other in engines() if precision in offers(network, other))
        instead = f"; {others} can" if others else ""
        raise UsageError(f"{spec.name} can't run {network.name} in {precision}, only in {', '.join(offered)}{instead}")


def _can_run(network: Network, choice: Choice) -> bool:
    try:
        return choice.precision in usable(network, find_engine(choice.engine))
    except UsageError:  # an engine that is no longer there
        return False


def _usual_precision(network: Network, spec: EngineSpec) -> Precision:
    """The precision for want of a better: int8 only where somebody has looked at what it answers."""
    offered = offers(network, spec)
    shipped = spec.runs_litert and "int8" in network.litert
    wanted: Precision = "int8" if shipped and fast_at_int8() else "float32"
    return wanted if wanted in offered else offered[0]


def _wants_gpu(network: Network, wishes: Wishes) -> bool:
    if wishes.device.startswith("gpu"):
        return True
    possible = network.construct is not None and wishes.precision != "int8"
    return wishes.device == "auto" and possible and find_engine(_ON_GPU).gpu_usable
