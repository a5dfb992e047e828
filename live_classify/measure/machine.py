"""What machine it is that is measured."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import TypedDict

from live_classify.core.cores import usable_cores
from live_classify.engines.processor import processor_name
from live_classify.engines.registry import engines

_PACKAGES = {"av", "numpy", "opencv-python", "tensorflow"}  # beside those of the engines


class Machine(TypedDict):
    """A machine, as far as it decides how fast something is."""

    processor: str
    cores: int
    """That this process may use."""
    memory_gb: float | None
    """None where the system doesn't tell."""
    gpus: list[str]
    """Those of NVIDIA, on Linux."""
    system: str
    python: str
    versions: dict[str, str]
    """Of the packages that decide, those that are installed."""
    load: float | None
    """Processes that wanted a processor, over the last minute, when this was asked; None where the system doesn't tell.
    """


def this_machine() -> Machine:
    """Describe the machine that this runs on."""
    return Machine(
        processor=processor_name(),
        cores=usable_cores(),
        memory_gb=_memory_gb(),
        gpus=_gpus(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        versions=_versions(),
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    )


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _gpus() -> list[str]:
    facts = Path("/proc/driver/nvidia/gpus").glob("*/information")
    lines = [line for file in sorted(facts) for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
    return [line.partition(":")[2].strip() for line in lines if line.startswith("Model:")]


def _versions() -> dict[str, str]:
    installed = {found.name.lower(): found.version for found in metadata.distributions(path=sys.path)}
    packages = _PACKAGES | {spec.package for spec in engines()}
    return {package: installed[package] for package in sorted(packages) if package in installed}
