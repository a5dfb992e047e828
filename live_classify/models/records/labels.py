"""The names of a network's classes, and the best of them for a row of probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import category

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import ModelFileError
from live_classify.core.finite import require_finite
from live_classify.core.values import Label

_MAX_CHARACTERS = 16 * 2**20
"""More than any list of labels has: ImageNet-21k takes 1 million."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Class names in the order of a network's output."""

    ids: tuple[str, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def rank(self, probabilities: npt.NDArray[np.float32], top: int) -> tuple[Label, ...]:
        """Rank the classes of one ``(classes,)`` row.

        Returns:
            The ``top`` best, best first, at least one; of equals, the lower index first.

        Raises:
            EngineError: the probabilities aren't finite.
        """
        require_finite(probabilities)
        top = max(1, min(top, len(probabilities)))
        # All that are as good as the last one to be taken: partitioning alone picks any of several equal ones.
        best = np.flatnonzero(probabilities >= np.partition(probabilities, -top)[-top])
        order = best[np.argsort(-probabilities[best], kind="stable")][:top]
        return tuple(self.label(int(index), float(probabilities[index])) for index in order)

    def label(self, index: int, probability: float) -> Label:
        """One class as a Label."""
        return Label(index, self.ids[index], self.names[index], probability)


def read_labels(path: Path, classes: int) -> Labels:
    """Read a labels file.

    Args:
        path: one class a line, in the order of the network's output: its name, its index and name parted by a space,
            or index, id and name parted by tabs. UTF-8. Empty lines at the end don't count.
        classes: how many outputs the network has.

    Returns:
        The labels; ids are empty where the file has none.

    Raises:
        ModelFileError: it can't be read, isn't text, or doesn't fit the network.
    """
    lines = _read_lines(path)
    rows = [line.split("\t") for line in lines]
    if not rows or len(rows[0]) != 3:
        # Teachable Machine writes indices; a name may begin with a number too, but not each with its own index.
        numbered = all(line.startswith(f"{index} ") for index, line in enumerate(lines))
        names = [line.partition(" ")[2] for line in lines] if numbered else lines
        return named_labels(names, str(path), classes, what="line")
    _check_count(len(rows), str(path), classes)
    for number, row in enumerate(rows, start=1):
        if len(row) != 3 or row[0] != str(number - 1):
            raise ModelFileError(f"{path}, line {number}: expected {number - 1}, an id and a name, parted by tabs")
    ids, names = [row[1] for row in rows], [row[2] for row in rows]
    _check_names(ids, str(path), "line", may_be_empty=True)
    return Labels(tuple(ids), named_labels(names, str(path), classes, what="line").names)


def named_labels(names: Sequence[str], source: str, classes: int, *, what: str = "label") -> Labels:
    """Labels that have nothing but names.

    Args:
        names: in the order of the network's output.
        source: where they come from, for messages.
        classes: how many outputs the network has.
        what: what each of them is in the source, for messages.

    Raises:
        ModelFileError: there are too many or too few, or one is empty or has control characters.
    """
    _check_count(len(names), source, classes)
    _check_names(names, source, what)
    return Labels(("",) * classes, tuple(name.strip() for name in names))


def _check_count(count: int, source: str, classes: int) -> None:
    if count != classes:
        raise ModelFileError(f"{source} doesn't fit the network: it names {count} classes, the network has {classes}")


def _check_names(names: Sequence[str], source: str, what: str, *, may_be_empty: bool = False) -> None:
    for number, name in enumerate(names, start=1):
        if not name.strip() and not may_be_empty:
            raise ModelFileError(f"{source}, {what} {number}: the name is missing")
        if any(category(letter) == "Cc" for letter in name):
            raise ModelFileError(f"{source}, {what} {number}: tabs or control characters in a name")


def _read_lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(_MAX_CHARACTERS + 1)
    except FileNotFoundError:
        raise ModelFileError(f"there is no labels file {path}") from None
    except UnicodeDecodeError:
        raise ModelFileError(f"{path} is not a labels file: it isn't UTF-8 text") from None
    except (OSError, ValueError) as error:
        raise ModelFileError(f"cannot read labels file {path}: {getattr(error, 'strerror', None) or error}") from error
    if len(text) > _MAX_CHARACTERS:
        raise ModelFileError(f"{path} is too large for a list of labels")
    text = text.rstrip("\n")
    # Not splitlines(): a name may hold one of the rarer characters that it takes for line ends.
    return text.split("\n") if text else []
