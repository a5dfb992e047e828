"""Names that tell sources apart."""

from __future__ import annotations

from collections.abc import Iterable


def numbered(names: Iterable[str]) -> list[str]:
    """Give names that occur more than once a number: ``a``, ``a (2)``; no result equals another or a given name."""
    given = list(names)
    taken, result = set(given), list[str]()
    for name in given:
        unique, number = name, 1
        while unique in result or (number > 1 and unique in taken):
            number += 1
            unique = f"{name} ({number})"
        result.append(unique)
    return result
