"""Logs made earlier, read again: what they say of each frame, as the network would have said it."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import SourceOpenError
from live_classify.core.values import Label

_MAX_LABELS = 100_000  # more than any network has


@dataclass(frozen=True, slots=True)
class LogRow:
    """What a log says of one frame."""

    source: str
    time_s: float
    labels: tuple[Label, ...]


class Log:
    """A log of ``--log``, JSON Lines or CSV. It holds the best labels only: what it doesn't name counts as improbable.

    Args:
        path: the file.

    Raises:
        SourceOpenError: it can't be read, or isn't a log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.labels: dict[int, Label] = {label.index: label for row in self.rows() for label in row.labels}
        """The classes that occur in it, by their number in the network's output."""
        if len(self.labels) > _MAX_LABELS:
            raise SourceOpenError(f"{path} names {len(self.labels)} classes: no network has so many")
        self._columns = {index: column for column, index in enumerate(self.labels)}
        self._names = list(self.labels.values())

    def probabilities(self, row: LogRow) -> npt.NDArray[np.float32]:
        """The row's probabilities, ``(classes that occur,)`` float32."""
        values = np.zeros(len(self._columns), np.float32)
        for label in row.labels:
            values[self._columns[label.index]] = label.probability
        return values

    def label(self, column: int, probability: float) -> Label:
        """The label of one of those classes."""
        label = self._names[column]
        return Label(label.index, label.id, label.name, probability)

    def rows(self) -> Iterator[LogRow]:
        """Read the file, row by row."""
        number = 0
        try:
            with self._path.open(encoding="utf-8", newline="") as file:
                rows = map(_of_csv, csv.DictReader(file)) if self._is_csv else map(_of_json, file)
                for row in rows:
                    number += 1
                    yield row
        except (KeyError, TypeError, AttributeError, RecursionError, ValueError) as error:
            if isinstance(error, UnicodeDecodeError):
                raise SourceOpenError(f"cannot read {self._path}: it isn't text in UTF-8") from error
            raise SourceOpenError(f"{self._path} isn't a log of --log: see row {number + 1}") from error
        except (OSError, csv.Error) as error:
            raise SourceOpenError(f"cannot read {self._path}: {getattr(error, 'strerror', None) or error}") from error

    @property
    def _is_csv(self) -> bool:
        return self._path.suffix.lower() == ".csv"


def _of_json(line: str) -> LogRow:
    row: dict[str, Any] = json.loads(line)
    labels = tuple(_label(label["index"], label["id"], label["name"], label["probability"]) for label in row["labels"])
    return LogRow(str(row["source"]), _number(row["time_s"], math.inf), labels)


def _of_csv(row: dict[str, str]) -> LogRow:
    labels = []
    rank = 1
    while row.get(f"index_{rank}"):
        labels.append(_label(*(row[f"{column}_{rank}"] for column in ("index", "id", "name", "probability"))))
        rank += 1
    return LogRow(row["source"], _number(row["time_s"], math.inf), tuple(labels))


def _label(index: Any, label_id: Any, name: Any, probability: Any) -> Label:
    return Label(int(index), str(label_id), str(name), _number(probability, 1))


def _number(value: Any, most: float) -> float:
    """A number from 0 to ``most`` and finite; raises ValueError."""
    number = float(value)
    if not 0 <= number <= most or math.isinf(number):
        raise ValueError(f"{value} isn't from 0 to {most}")
    return number
