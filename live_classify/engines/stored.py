"""What ``live-classify measure --save`` found to be fastest on this machine, for ``auto`` to go by."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from live_classify.core.errors import OutputError
from live_classify.core.protocols import Goal
from live_classify.core.whole_file import write_whole
from live_classify.models.records.network import Precision


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine settled on."""

    engine: str
    precision: Precision
    device: str
    batch: int | None = None
    """Frames a call; None is what suits the engine."""
    workers: int | None = None
    """Calls at a time; None is what suits the engine and the goal."""


def stored_choice(network: str, goal: Goal) -> Choice | None:
    """What was stored for a network on this machine; None if nothing was, or what is there can't be read.

    Args:
        network: its name.
        goal: the fastest answer and the most answers are stored apart.
    """
    try:
        entry = json.loads(choices_file().read_text(encoding="utf-8"))[machine()][network][goal]
        choice = Choice(**entry)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return choice if _is_sound(choice) else None


def store_choice(network: str, goal: Goal, choice: Choice) -> None:
    """Remember the fastest for a network on this machine, in place of what was stored before.

    Raises:
        OutputError: the file can't be written.
    """
    path = choices_file()
    try:
        stored: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        stored = {}
    stored = stored if isinstance(stored, dict) else {}
    stored.setdefault(machine(), {}).setdefault(network, {})[goal] = asdict(choice)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    write_whole(path, json.dumps(stored, indent=2) + "\n")


def choices_file() -> Path:
    """Where the choices are kept."""
    from platformdirs import user_config_path

    return user_config_path("live_classify") / "engines.json"


def machine() -> str:
    """This machine, as far as it decides what is fast: a home folder may be shared by several."""
    from live_classify.core.cores import usable_cores
    from live_classify.engines.processor import processor_name

    return f"{processor_name()}, {usable_cores()} cores, {platform.machine()}"


def _is_sound(choice: Choice) -> bool:
    counts = (choice.batch, choice.workers)
    return (
        isinstance(choice.engine, str)
        and choice.precision in get_args(Precision)
        and isinstance(choice.device, str)
        and all(count is None or (type(count) is int and 1 <= count <= 1024) for count in counts)
    )
