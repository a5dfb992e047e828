"""Which engine, in which precision and layout, runs a network on this machine."""

from __future__ import annotations

import os
import platform
import re
from ctypes.util import find_library
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeAlias

from live_classify.engines.base import Engine, EngineName, Goal
from live_classify.errors import UsageError
from live_classify.models.catalogue import Network, Precision

EngineChoice: TypeAlias = Literal["auto", "litert", "keras"]
PrecisionChoice: TypeAlias = Literal["auto", "float32", "float16", "int8"]

_MAX_INTERPRETERS = 8  # together they outrun the one thread that decodes; each takes tens of megabytes
_MAX_THREADS = 8  # a network of a few milliseconds gains nothing beyond
_CALLS_IN_FLIGHT = 2  # on a GPU, so that one batch is uploaded while another runs
_GPU_BATCH = 32

# Instructions that multiply and add 8-bit integers: with them int8 is 2 to 3 times as fast as float32 in XNNPACK,
# without them no faster (as on AVX2 alone). Names as Linux lists them.
_INT8_INSTRUCTIONS = frozenset({"avx512_vnni", "avx_vnni", "amx_int8", "asimddp"})


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine settled on."""

    engine: EngineName
    precision: Precision
    device: str


def choose(network: Network, engine: EngineChoice, precision: PrecisionChoice, device: str) -> Choice:
    """Settle what the user left open.

    ``auto`` is keras where a GPU is to be used, litert on a CPU; int8 where the processor is made for it.

    Args:
        network: what is to run.
        engine: as the user said.
        precision: as the user said.
        device: ``auto``, ``cpu``, ``gpu`` or ``gpu:N``.

    Raises:
        UsageError: the wishes contradict each other or this network.
    """
    if device not in {"cpu", "auto"} and not re.fullmatch(r"gpu(:\d+)?", device):
        raise UsageError(f"unknown device {device}: auto, cpu, gpu and gpu:N are known")
    if engine == "auto":
        wants_gpu = device.startswith("gpu") or (device == "auto" and precision != "int8" and _gpu_usable())
        engine = "keras" if wants_gpu else "litert"
    if engine == "keras":
        if precision not in ("auto", "float32"):
            raise UsageError(f"the keras engine runs in float32, not {precision}; litert runs int8 too")
        if device == "auto":
            device = "gpu" if _gpu_usable() else "cpu"
        return Choice("keras", "float32", device)
    if device.startswith("gpu"):
        raise UsageError("litert runs on the CPU; use --engine keras for a GPU")
    if precision == "auto":
        precision = "int8" if "int8" in network.litert and _fast_at_int8() else "float32"
    if precision not in network.litert:
        raise UsageError(f"{network.name} has no litert {precision}; it has {', '.join(network.litert)}")
    return Choice("litert", precision, "cpu")


def open_workers(network: Network, choice: Choice, goal: Goal, batch: int | None = None) -> list[Engine]:
    """Make the engines that work side by side, one for each inference thread.

    Args:
        network: what to run.
        choice: on what.
        goal: on a CPU, ``throughput`` means an interpreter a core with one thread each, ``latency`` one with all cores.
        batch: frames a call; None is what suits the engine.

    Returns:
        At least one engine. Where an engine takes several calls at a time, it stands there several times.

    Raises:
        EngineError: the runtime isn't there or refuses the network.
        ModelFileError: a file of the network is missing or damaged.
        UsageError: there is no such device.
    """
    if choice.engine == "keras":
        from live_classify.engines.keras import KerasEngine

        on_gpu = choice.device.startswith("gpu")
        size = batch or (_GPU_BATCH if on_gpu and goal == "throughput" else 1)
        shared = KerasEngine(network, choice.device, size)
        return [shared] * (_CALLS_IN_FLIGHT if on_gpu else 1)

    from live_classify.assets import asset
    from live_classify.engines.litert import LiteRTEngine

    path, cores = asset(network.litert[choice.precision]), usable_cores()
    workers, threads = (min(cores, _MAX_INTERPRETERS), 1) if goal == "throughput" else (1, min(cores, _MAX_THREADS))
    return [LiteRTEngine(path, choice.precision, threads, batch or 1) for _ in range(workers)]


def usable_cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _gpu_usable() -> bool:
    """Whether TensorFlow can use a GPU of this machine.

    TensorFlow's import takes seconds: it is asked only where an NVIDIA driver is, and the CUDA libraries that
    TensorFlow loads.
    """
    driver = Path("/dev/nvidia0").exists() and os.environ.get("CUDA_VISIBLE_DEVICES") not in ("", "-1")
    if not driver or not (find_spec("nvidia") or find_library("cudnn")):
        return False
    try:
        import tensorflow as tf
    except ImportError:
        return False
    return bool(tf.config.list_physical_devices("GPU"))


def _fast_at_int8() -> bool:
    """Whether the processor has instructions for 8-bit integers."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    try:
        listed = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        import numpy as np

        # NumPy groups what it finds; this group includes VNNI.
        found: list[str] = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
        return "AVX512_ICL" in found
    return not _INT8_INSTRUCTIONS.isdisjoint(listed.split())
