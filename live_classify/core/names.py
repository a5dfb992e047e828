"""Names that tell things apart."""

from __future__ import annotations

import itertools
from collections.abc import Iterable


def numbered(names: Iterable[str]) -> list[str]:
    """The names with a number where one occurs again: ``a``, ``a`` become ``a``, ``a (2)``.

    The first of each keeps its name, also where it looks like one with a number.

    Returns:
        As many names, in order, no two alike.
    """
    given = list(names)
    taken = set(given)
    seen: set[str] = set()
    told_apart = []
    for name in given:
        unique = name
        if name in seen:
            unique = next(other for n in itertools.count(2) if (other := f"{name} ({n})") not in taken)
        taken.add(unique)
        seen.add(name)
        told_apart.append(unique)
    return told_apart
