"""What a model of the user's is: found once, which may take TensorFlow's import, and remembered."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from live_classify.core.errors import ModelFileError
from live_classify.models.records.network import Output, Precision
from live_classify.models.weights.origin import content_digest

_FORMAT = 1  # to be raised when another version would find something else
_MAX_SIDE = 4096


@dataclass(frozen=True)
class Facts:
    """What must be known of a model before it is loaded."""

    input_size: tuple[int, int]
    """Height and width in pixels."""
    classes: int
    output: Output
    parameters: int
    """Weights, batch-normalisation statistics included."""
    precision: Precision
    """Of its arithmetic, as far as it shows."""


def remembered(path: Path, size: tuple[int, int] | None, inspect: Callable[[], Facts]) -> Facts:
    """What a model is, from the cache, or by having a look.

    Args:
        path: file or folder; its contents are the key.
        size: height and width, for a model that leaves them open.
        inspect: has the look. What it raises is not remembered.

    Raises:
        ModelFileError: the model can't be read.
    """
    from platformdirs import user_cache_path

    key = content_digest(path) + (f"-{size[0]}x{size[1]}" if size else "") + path.suffix
    entry = user_cache_path("live_classify") / "models" / f"{key}.json"
    facts = _read(entry)
    if facts is None:
        facts = inspect()
        _write(entry, facts)
    return facts


def image_size(shape: tuple[int | None, ...], source: str, wanted: tuple[int, int] | None = None) -> tuple[int, int]:
    """Height and width of the pictures that a model takes.

    Args:
        shape: of its input, the batch included; None where a length is open.
        source: the model's name, for messages.
        wanted: what to take where it leaves them open.

    Raises:
        ModelFileError: it takes something else than RGB pictures, their channels last, or of any size.
    """
    if len(shape) != 4:
        raise ModelFileError(f"{source} takes {_said(shape)}: no pictures, which are batch, height, width, 3")
    if shape[3] != 3:
        if shape[1] == 3:
            raise ModelFileError(f"{source} takes {_said(shape)}: channels first; export it with its channels last")
        if shape[3] == 1:
            raise ModelFileError(f"{source} takes {_said(shape)}: grey pictures; only models for colour can be used")
        raise ModelFileError(f"{source} takes {_said(shape)}: no RGB pictures, which have 3 channels")
    height, width = shape[1] or (wanted or (0, 0))[0], shape[2] or (wanted or (0, 0))[1]
    if not height or not width:
        raise ModelFileError(f"{source} takes pictures of any size: put the one it was trained on into its sidecar")
    if max(height, width) > _MAX_SIDE:
        raise ModelFileError(f"{source} takes pictures of {height} x {width}, which is more than {_MAX_SIDE}")
    return height, width


def class_count(shape: tuple[int | None, ...], source: str) -> int:
    """How many classes a model tells apart, by the shape of its output; a single score tells two.

    Raises:
        ModelFileError: it gives something else than a row of scores for each picture.
    """
    if len(shape) != 2 or not shape[1]:
        raise ModelFileError(f"{source} gives {_said(shape)}: it is no classifier, which gives batch, classes")
    return max(shape[1], 2)


def _said(shape: tuple[int | None, ...]) -> str:
    return " x ".join("?" if length is None else str(length) for length in shape) or "a single number"


def _read(entry: Path) -> Facts | None:
    """An entry of the cache; None where there is none that can be trusted."""
    try:
        stored = json.loads(entry.read_text(encoding="utf-8"))
        if stored.pop("format") != _FORMAT:
            return None
        facts = Facts(**{**stored, "input_size": tuple(stored["input_size"])})
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None
    return facts if _plausible(facts) else None


def _plausible(facts: Facts) -> bool:
    numbers: list[Any] = [*facts.input_size, facts.classes, facts.parameters]
    return (
        len(facts.input_size) == 2
        and all(type(number) is int and number >= 0 for number in numbers)
        and facts.output in get_args(Output)
        and facts.precision in get_args(Precision)
    )


def _write(entry: Path, facts: Facts) -> None:
    """Put an entry in place in one step; without a cache the program only starts later."""
    with contextlib.suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=entry.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"format": _FORMAT, **dataclasses.asdict(facts)}, file)
            Path(name).replace(entry)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
