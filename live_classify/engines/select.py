"""Which engine, in which precision and layout, runs a network on this machine."""

from __future__ import annotations

import os
import re
from ctypes.util import find_library
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from live_classify.core.errors import UsageError
from live_classify.core.protocols import Engine, Goal
from live_classify.engines.processor import fast_at_int8, usable_cores
from live_classify.engines.stored import Choice, stored_choice
from live_classify.models.records.network import Network, Precision
from live_classify.models.records.preprocessing import NONE
from live_classify.models.weights.origin import Progress, no_progress

if TYPE_CHECKING:
    from live_classify.models.convert.cache import Calibration

EngineChoice: TypeAlias = str
"""``auto``, or the name of an engine."""
PrecisionChoice: TypeAlias = Literal["auto", "float32", "float16", "int8"]

MAX_INTERPRETERS = 8
"""Workers on a CPU: together they outrun the one thread that decodes, and each takes tens of megabytes."""

_MAX_THREADS = 8  # a network of a few milliseconds gains nothing beyond
_CALLS_IN_FLIGHT = 2  # on a GPU, so that one batch is uploaded while another runs
_KERAS_BATCH = {"gpu": 32, "cpu": 8}  # for recordings; larger ones gain little

_OFFERS: dict[str, tuple[Precision, ...]] = {
    "litert": ("float32", "int8"),
    "keras": ("float32", "float16"),
    "openvino": ("float32", "float16", "int8"),
}


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
        if self.device not in {"cpu", "auto"} and not re.fullmatch(r"gpu(:\d+)?", self.device):
            raise UsageError(f"unknown device {self.device}: auto, cpu, gpu and gpu:N are known")
        for value, known, what in (
            (self.engine, ("auto", *_OFFERS), "engine"),
            (self.precision, get_args(PrecisionChoice), "precision"),
        ):
            if value not in known:
                raise UsageError(f"unknown {what} {value}: {', '.join(known)} are known")
        if self.engine in {"litert", "openvino"} and self.device.startswith("gpu"):
            raise UsageError(f"{self.engine} runs on the CPU; use --engine keras for a GPU")
        if self.engine != "auto":
            _require_offer(network, self.engine, self.precision)

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
        engine = "keras" if _wants_gpu(network, wishes) else "litert"
    if engine == "keras" and device == "auto":
        device = "gpu" if gpu_usable() else "cpu"
    elif device == "auto":
        device = "cpu"
    _require_offer(network, engine, wishes.precision)
    precision = wishes.precision
    if precision == "auto":
        precision = _usual_precision(network, engine)
    return Choice(engine, precision, device, wishes.batch)


def open_workers(
    network: Network, choice: Choice, goal: Goal, calibration: Calibration, progress: Progress = no_progress
) -> list[Engine]:
    """Make the engines that work side by side, one for each inference thread.

    Args:
        network: what to run.
        choice: on what.
        goal: on a CPU, ``throughput`` means an interpreter a core with one thread each, ``latency`` one with all cores.
        calibration: what to convert to int8 with, if need be.
        progress: told of what takes long: weights that are fetched, a conversion.

    Returns:
        At least one engine. Where an engine takes several calls at a time, it stands there several times.

    Raises:
        EngineError: the runtime isn't there or refuses the network.
        ModelFileError: a file of the network is missing or damaged.
        UsageError: there is no such device.
    """
    if choice.engine == "keras":
        from live_classify.engines.keras import find_devices, open_keras

        kind = choice.device.partition(":")[0]
        batch = choice.batch or (_KERAS_BATCH[kind] if goal == "throughput" else 1)
        calls = choice.workers or (_CALLS_IN_FLIGHT if kind == "gpu" else 1)
        return [*open_keras(network, find_devices(choice.device), batch, calls, choice.precision, progress)]

    cores, batch = usable_cores(), choice.batch or 1
    if choice.engine == "openvino":
        from live_classify.engines.openvino import import_openvino, open_openvino

        import_openvino()  # if it isn't there, that is said before minutes go into a conversion
        path = litert_file(network, "int8" if choice.precision == "int8" else "float32", calibration, progress)
        workers = 1 if goal == "latency" else choice.workers
        return [*open_openvino(path, choice.precision, cores, batch, workers)]

    from live_classify.engines.litert import LiteRTEngine

    path = litert_file(network, choice.precision, calibration, progress)
    workers = choice.workers or (min(cores, MAX_INTERPRETERS) if goal == "throughput" else 1)
    threads = max(1, min(cores // workers, _MAX_THREADS))
    # A converted file holds the preprocessing; the user's own doesn't.
    preprocessing = NONE if network.construct is not None else network.preprocessing
    return [LiteRTEngine(path, choice.precision, threads, batch, preprocessing=preprocessing) for _ in range(workers)]


def litert_file(network: Network, precision: Precision, calibration: Calibration, progress: Progress) -> Path:
    """The LiteRT file of a network, converted if there is none.

    Raises:
        EngineError: it can't be converted.
        ModelFileError: a file of the network is missing or damaged.
    """
    ready = network.litert.get(precision)
    if ready is not None:
        return ready()
    from live_classify.models.convert.cache import converted

    return converted(network, precision, calibration, progress)


def installed(engine: str) -> bool:
    """Whether an engine's runtime is installed; what comes with live_classify always is."""
    return engine != "openvino" or find_spec("openvino") is not None


def offers(network: Network, engine: str) -> tuple[Precision, ...]:
    """The precisions in which an engine can run a network."""
    if network.construct is not None:
        return _OFFERS[engine]
    # The user's own LiteRT file: only the litert engine prepares pixels for one, and knows 8-bit inputs of every scale.
    return tuple(network.litert) if engine == "litert" else ()


def _require_offer(network: Network, engine: str, precision: PrecisionChoice) -> None:
    offered = offers(network, engine)
    if not offered:
        raise UsageError(f"{network.name} is a LiteRT file, which the {engine} engine can't run; use --engine litert")
    if precision != "auto" and precision not in offered:
        others = [name for name in _OFFERS if precision in offers(network, name)]
        instead = f"; {' and '.join(others)} can" if others else ""
        raise UsageError(f"{engine} can't run {network.name} in {precision}, only in {', '.join(offered)}{instead}")


def _can_run(network: Network, choice: Choice) -> bool:
    return choice.precision in offers(network, choice.engine) and installed(choice.engine)


def _usual_precision(network: Network, engine: str) -> Precision:
    """The precision for want of a better: int8 only where somebody has looked at what it answers."""
    offered = offers(network, engine)
    wanted: Precision = "int8" if engine != "keras" and "int8" in network.litert and fast_at_int8() else "float32"
    return wanted if wanted in offered else offered[0]


def _wants_gpu(network: Network, wishes: Wishes) -> bool:
    if wishes.device.startswith("gpu"):
        return True
    possible = network.construct is not None and wishes.precision != "int8"
    return wishes.device == "auto" and possible and gpu_usable()


def gpu_usable() -> bool:
    """Whether Keras can use a GPU of this machine.

    Its import takes seconds: it is asked only where an NVIDIA driver is, and the CUDA libraries that it loads.
    """
    driver = Path("/dev/nvidia0").exists() and os.environ.get("CUDA_VISIBLE_DEVICES") not in ("", "-1")
    if not driver or not (find_spec("nvidia") or find_library("cudnn")):
        return False
    from live_classify.core.errors import EngineError
    from live_classify.engines.keras_backends import find_backend

    try:
        return find_backend().count("gpu") > 0
    except EngineError:
        return False
