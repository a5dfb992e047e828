"""The small file beside a model of the user's that says what the model itself doesn't.

``flowers.json`` beside ``flowers.keras``::

    {"size": [224, 224], "preprocessing": "tf", "labels": "flowers.txt", "fit": "crop"}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from live_classify.core.errors import ModelFileError, UsageError
from live_classify.core.one_line import one_line
from live_classify.imaging.resize import RESIZE_MODES, ResizeMode
from live_classify.models.records.labels import Labels, named_labels, read_labels
from live_classify.models.records.preprocessing import MODES, NONE, Channels, Colour, Preprocessing

_KEYS = ("size", "scale", "offset", "colour", "preprocessing", "labels", "fit")
_MAX_BYTES = 2**20
_MAX_SIDE = 4096
_SUFFIXES = frozenset({".keras", ".h5", ".hdf5", ".tflite"})


@dataclass(frozen=True)
class Sidecar:
    """What it says; None where it is silent."""

    path: Path
    size: tuple[int, int] | None = None
    """Height and width of the pictures that the model takes."""
    preprocessing: Preprocessing | None = None
    labels: Path | tuple[str, ...] | None = None
    """A labels file, or the names themselves."""
    resize: ResizeMode | None = None

    def read_labels(self, classes: int) -> Labels | None:
        """The names of the classes.

        Raises:
            ModelFileError: they can't be read, or don't fit the network.
        """
        if isinstance(self.labels, Path):
            return read_labels(self.labels, classes)
        return None if self.labels is None else named_labels(self.labels, str(self.path), classes)


def find_sidecar(model: Path) -> Path | None:
    """The sidecar of a model: the one that carries its name, or ``model.json`` where no other model can be meant.

    Beside ``x.keras``: ``x.keras.json``, ``x.json``. For a folder: ``model.json`` in it, or the folder's name and
    ``.json`` beside it. ``model.json`` in the folder of a file, if that file is the only model there.
    """
    candidates = [model / "model.json"] if model.is_dir() else []
    candidates += [model.with_name(f"{model.name}.json"), model.with_suffix(".json")]
    if not model.is_dir() and _is_alone(model):
        candidates.append(model.with_name("model.json"))
    return next((path for path in candidates if path.is_file()), None)


def read_sidecar(path: Path) -> Sidecar:
    """Read a sidecar.

    Raises:
        ModelFileError: it can't be read, or says something that makes no sense.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES + 1)
        if len(text) > _MAX_BYTES:
            raise ModelFileError(f"{path} is too large for a sidecar")
        said = json.loads(text.decode("utf-8-sig"))
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror}") from error
    except ModelFileError:
        raise
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is no JSON: {one_line(error)}") from error
    if not isinstance(said, dict):
        raise _complaint(path, "it must hold an object with names and values")
    for key in said:
        if key not in _KEYS:
            raise _complaint(path, f"{one_line(key)} is unknown; known are {', '.join(_KEYS)}")
    fit = said.get("fit")
    if fit is not None and fit not in RESIZE_MODES:
        raise _complaint(path, f"fit must be one of {', '.join(RESIZE_MODES)}")
    return Sidecar(path, _size(path, said), _preprocessing(path, said), _labels(path, said), fit)


def parse_preprocessing(text: str) -> Preprocessing:
    """Read what ``--preprocessing`` names: one of ``MODES`` of the records, or the name of a sidecar file.

    Raises:
        UsageError: it is neither.
        ModelFileError: the sidecar can't be used.
    """
    if text in MODES:
        return MODES[text]
    path = Path(text)
    if path.suffix != ".json":
        raise UsageError(f"unknown preprocessing {text}: {', '.join(MODES)} and .json files are known")
    return read_sidecar(path).preprocessing or NONE


def _is_alone(model: Path) -> bool:
    """Whether a folder holds no model but this one."""

    def others() -> Iterator[Path]:
        for path in model.parent.iterdir():
            if path.name != model.name and (path.suffix in _SUFFIXES or (path / "saved_model.pb").is_file()):
                yield path

    try:
        return next(others(), None) is None
    except OSError:
        return False


def _size(path: Path, said: dict[str, Any]) -> tuple[int, int] | None:
    if "size" not in said:
        return None
    sides = said["size"] if isinstance(said["size"], list) else [said["size"]] * 2
    if len(sides) != 2 or not all(type(side) is int and 1 <= side <= _MAX_SIDE for side in sides):
        raise _complaint(path, f"size must be one whole number or [height, width], each from 1 to {_MAX_SIDE}")
    return sides[0], sides[1]


def _preprocessing(path: Path, said: dict[str, Any]) -> Preprocessing | None:
    single = [key for key in ("scale", "offset", "colour") if key in said]
    if "preprocessing" in said:
        mode = said["preprocessing"]
        if single:
            raise _complaint(path, f"preprocessing and {single[0]} exclude each other")
        if not isinstance(mode, str) or mode not in MODES:
            raise _complaint(path, f"preprocessing must be one of {', '.join(MODES)}")
        return MODES[mode]
    if not single:
        return None
    colour = said.get("colour", NONE.colour)
    if colour not in get_args(Colour):
        raise _complaint(path, f"colour must be one of {', '.join(get_args(Colour))}")
    scale, offset = _channels(path, said, "scale", NONE.scale), _channels(path, said, "offset", NONE.offset)
    if 0 in scale:
        raise _complaint(path, "scale must not be 0")
    return Preprocessing(scale, offset, colour)


def _channels(path: Path, said: dict[str, Any], key: str, usual: Channels) -> Channels:
    if key not in said:
        return usual
    given = said[key] if isinstance(said[key], list) else [said[key]] * 3
    # Far more than any network wants; NaN is never less.
    if len(given) != 3 or not all(type(n) in {int, float} and abs(n) < 1e9 for n in given):
        raise _complaint(path, f"{key} must be a number, or a list of three, one a channel")
    return float(given[0]), float(given[1]), float(given[2])


def _labels(path: Path, said: dict[str, Any]) -> Path | tuple[str, ...] | None:
    labels = said.get("labels")
    if isinstance(labels, list) and all(isinstance(name, str) for name in labels):
        return tuple(labels)
    if isinstance(labels, str) and labels and "\0" not in labels:
        file = Path(labels)
        if file.is_absolute() or ".." in file.parts:
            raise _complaint(path, "labels must name a file in the sidecar's own folder")
        return path.parent / file
    if "labels" in said:
        raise _complaint(path, "labels must be the name of a file or a list of names")
    return None


def _complaint(path: Path, what: str) -> ModelFileError:
    return ModelFileError(f"{path} can't be used as the model's sidecar: {what}")
