"""What ``measure`` finds, as ``--json`` writes it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, TypedDict, cast

from live_classify.core.errors import SourceOpenError
from live_classify.measure.cameras import Cameras
from live_classify.measure.engines import Row
from live_classify.measure.machine import Machine
from live_classify.measure.rounds import NOISY, Rate
from live_classify.measure.stages import StageFigures
from live_classify.measure.whole import LiveWhole, Whole

STAGES = ("decode", "fit", "infer", "draw", "encode")
RUNS = ("recorded", "recorded_with_output", "live")

_LARGEST_BYTES = 20_000_000  # far more than any result


class Subject(TypedDict):
    """What was measured, and on what."""

    source: str
    live: bool
    """Whether it is a camera or stream; a recording is measured as a camera, too."""
    width: int
    height: int
    model: str
    engine: str
    precision: str
    device: str


class Startup(TypedDict):
    """What comes before the first answer; nothing of it is in the other figures."""

    process_s: float
    """From the start of the process to the moment the network could be loaded."""
    ready_s: float
    """To make the network ready for one picture at a time; an engine runs once for that."""
    first_ms: float
    """The first picture after that."""


class Change(TypedDict):
    """Something to change, and what it gave when it was tried in the same rounds."""

    option: str
    gain: float
    """Frames a second with it, by those without."""


class Limit(TypedDict):
    """What stands in the way of more frames a second."""

    stage: str
    """``decoding``, ``inference``, ``writing``, or live also ``camera``."""
    text: str
    """In words, with the proof."""
    changes: list[Change]


class Limits(TypedDict):
    """What limits each way of running it; None where it wasn't run."""

    recorded: Limit | None
    live: Limit | None


class Together(TypedDict):
    """The whole program; None where a source can't be run like that."""

    recorded: Whole | None
    recorded_with_output: Whole | None
    """The same with ``--output``, an annotated video."""
    live: LiveWhole | None


class Stages(TypedDict):
    """Each stage alone."""

    decode: StageFigures | None
    """None for a camera or stream: reading it waits for it."""
    fit: StageFigures | None
    infer: StageFigures | None
    """One picture at a time, as live."""
    draw: StageFigures | None
    encode: StageFigures | None


class Measurement(TypedDict):
    """Everything; what isn't measured yet is None, or an empty list."""

    live_classify: str
    """Version of this program."""
    measured: str
    """When, ISO 8601."""
    machine: Machine
    subject: Subject
    startup: Startup | None
    stages: Stages
    together: Together
    latency_histogram: list[tuple[float, int]]
    """Live, from capture to label: milliseconds (the middle of each bin), and how many frames."""
    limit: Limits
    cameras: Cameras | None
    table: list[Row]
    """Engines, precisions and layouts."""


def rates(result: Measurement) -> dict[str, Rate]:
    """Every rate of a result, under a name for people."""
    found: dict[str, Rate] = {}
    for stage in STAGES:
        alone = cast("dict[str, Rate | None]", result["stages"]).get(stage)
        if alone is not None:
            found[f"{stage} alone"] = alone
    for run in RUNS:
        whole = cast("dict[str, Rate | None]", result["together"]).get(run)
        if whole is not None:
            found[run.replace("_", " ")] = whole
    for row in result["table"]:
        found[row_name(row)] = row
    return found


def row_name(row: Row) -> str:
    """A line of the table in one phrase: ``throughput: resnet50 on litert int8, cpu, batch 1, 2 workers``."""
    workers = f"{row['workers']} worker{'s' if row['workers'] > 1 else ''}"
    return (
        f"{row['goal']}: {row['model']} on {row['engine']} {row['precision']}, {row['device']}, "
        f"batch {row['batch']}, {workers}"
    )


def noisy(result: Measurement) -> list[str]:
    """The names of rates whose rounds differ by more than 15%."""
    return [name for name, rate in rates(result).items() if rate["spread"] > NOISY]


def read_measurement(path: Path) -> Measurement:
    """Read what ``--json`` wrote, of this version or an earlier one.

    Raises:
        SourceOpenError: it can't be read, or isn't that.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_BYTES + 1)
        if len(text) > _LARGEST_BYTES:
            raise ValueError("too large")
        result = cast("Measurement", json.loads(text))
        _check(result)
    except OSError as error:
        raise SourceOpenError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SourceOpenError(f"{path} isn't a result of `measure --json`, or is damaged") from error
    return result


def _check(result: Measurement) -> None:
    """Raise ValueError, KeyError, TypeError or AttributeError where something isn't what comparing needs."""
    subject: Any = result["subject"]
    for key in ("source", "model", "engine", "precision", "device"):
        _require(isinstance(subject[key], str))
    _require(all(type(subject[key]) is int for key in ("width", "height")))
    machine = result["machine"]
    _require(isinstance(machine["processor"], str) and type(machine["cores"]) is int)
    _require(all(isinstance(version, str) for version in machine["versions"].values()))
    _require(isinstance(result["measured"], str))
    for rate in rates(result).values():
        _require_numbers([rate["fps"], rate["spread"]])
        _require_numbers(rate["rounds"])
    live = result["together"]["live"]
    if live is not None:
        _require_numbers(live["latency_rounds"])


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError("not as it is written")


def _require_numbers(values: list[float]) -> None:
    _require(isinstance(values, list) and bool(values))
    _require(all(type(value) in (int, float) and math.isfinite(value) and value >= 0 for value in values))
