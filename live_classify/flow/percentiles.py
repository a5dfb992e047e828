"""Percentiles of durations, in constant memory."""

from __future__ import annotations

import math


class Percentiles:
    """Percentiles of any number of durations in constant memory: a histogram of bins that grow by 1%."""

    _SMALLEST_S = 1e-5
    _GROWTH = math.log(1.01)

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._total = 0

    def add(self, seconds: float) -> None:
        """Count one duration; below 10 microseconds counts as 10."""
        number = round(math.log(max(seconds, self._SMALLEST_S) / self._SMALLEST_S) / self._GROWTH)
        self._counts[number] = self._counts.get(number, 0) + 1
        self._total += 1

    def percentile(self, percent: float) -> float | None:
        """The duration in seconds that ``percent`` of all don't exceed, within 1%; None when there are none."""
        rank = math.ceil(self._total * percent / 100)
        seen = 0
        for number in sorted(self._counts):
            seen += self._counts[number]
            if seen >= rank:
                return self._seconds(number)
        return None

    def copy(self) -> Percentiles:
        """One with the same durations, to which no more are added."""
        copied = Percentiles()
        copied._counts, copied._total = self._counts.copy(), self._total
        return copied

    def merge(self, other: Percentiles) -> None:
        """Count the durations of another one, too."""
        for number, count in other._counts.items():
            self._counts[number] = self._counts.get(number, 0) + count
        self._total += other._total

    def histogram(self) -> list[tuple[float, int]]:
        """The bins that aren't empty, smallest first: the duration in their middle, in seconds, and how many it has."""
        return [(self._seconds(number), self._counts[number]) for number in sorted(self._counts)]

    def _seconds(self, number: int) -> float:
        return self._SMALLEST_S * math.exp(number * self._GROWTH)
