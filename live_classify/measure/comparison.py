"""Two measurements side by side: what changed beyond the noise."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from live_classify.core.errors import UsageError
from live_classify.measure.result import RUNS, noisy, rates
from live_classify.measure.text import aligned

if TYPE_CHECKING:
    from live_classify.measure.result import Measurement

_LATENCY = "live latency, ms"
_LEAST = 0.03
"""Changes that are smaller aren't worth a word, however still the machine was."""


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """A figure before and after."""

    name: str
    before: Sequence[float]
    """Each round."""
    after: Sequence[float]
    of_time: bool = False
    """Whether it is milliseconds, of which fewer are better, and not frames a second."""

    @property
    def ratio(self) -> float:
        """How fast it is after, by how fast it was before: above 1 it is faster now."""
        before, after = statistics.median(self.before), statistics.median(self.after)
        if self.of_time:
            before, after = after, before
        return after / before if before > 0 else 0.0

    @property
    def is_beyond_noise(self) -> bool:
        """Whether it is more than the rounds before and those after lie apart, together, and more than a trifle.

        That rounds don't overlap isn't enough: from one run to the next a shared machine changes by more than in a run.
        """
        apart = sum(max(rounds) - min(rounds) for rounds in (self.before, self.after))
        changed = abs(statistics.median(self.after) - statistics.median(self.before))
        return changed > apart and abs(self.ratio - 1) > _LEAST

    @property
    def verdict(self) -> str:
        """In words."""
        return ("faster" if self.ratio > 1 else "slower") if self.is_beyond_noise else "within the noise"


class Comparison:
    """Compares what two measurements have in common.

    Args:
        before: the earlier one.
        after: the later one.

    Raises:
        UsageError: they have nothing in common that could be compared: another network, another size of picture.
    """

    def __init__(self, before: Measurement, after: Measurement) -> None:
        require_same_work(before, after)
        self.different = [*_differences(before, after)]
        """What else is different, in words."""
        earlier, later = rates(before), rates(after)
        self.figures = [
            ComparedFigure(name, rate["rounds"], later[name]["rounds"])
            for name, rate in earlier.items()
            if name in later
        ]
        lives = [one["together"]["live"] for one in (before, after)]
        if lives[0] is not None and lives[1] is not None:
            self.figures.append(
                ComparedFigure(_LATENCY, lives[0]["latency_rounds"], lives[1]["latency_rounds"], of_time=True)
            )

    def slower_than(self, ratio: float) -> list[ComparedFigure]:
        """The runs of the whole program that reach less than ``ratio`` times the rate before."""
        whole = [name.replace("_", " ") for name in RUNS]
        return [figure for figure in self.figures if figure.name in whole and figure.ratio < ratio]

    def lines(self) -> Iterator[str]:
        """A table of all figures, with what is faster or slower beyond the noise, and a sentence that sums it up."""
        yield from self.different
        rows = [("", "before", "after", "times as fast", "")]
        for figure in self.figures:
            before, after = (f"{statistics.median(rounds):.1f}" for rounds in (figure.before, figure.after))
            rows.append((figure.name, before, after, f"{figure.ratio:.2f}", figure.verdict))
        yield from aligned(rows)
        beyond = sum(figure.is_beyond_noise for figure in self.figures)
        yield f"{beyond or 'none'} of {len(self.figures)} figures changed beyond the noise"


def require_same_work(before: Measurement, after: Measurement) -> None:
    """Refuse to compare another network, or pictures of another size; it is known before anything is measured.

    Raises:
        UsageError: as said.
    """
    what = [
        f"{subject['model']} on {subject['width']}x{subject['height']}"
        for subject in (before["subject"], after["subject"])
    ]
    if what[0] != what[1]:
        raise UsageError(
            f"only the same network and picture size can be compared: it was {what[0]}, now it is {what[1]}"
        )


def _differences(before: Measurement, after: Measurement) -> Iterator[str]:
    machines = [f"{one['machine']['processor']}, {one['machine']['cores']} cores" for one in (before, after)]
    if machines[0] != machines[1]:
        yield f"on another machine: {machines[0]} before, {machines[1]} after"
    sources = [one["subject"]["source"] for one in (before, after)]
    if sources[0] != sources[1]:
        yield f"of another source: {sources[0]} before, {sources[1]} after"
    engines = [" ".join(one["subject"][key] for key in ("engine", "precision", "device")) for one in (before, after)]
    if engines[0] != engines[1]:
        yield f"on another engine: {engines[0]} before, {engines[1]} after"
    for name in sorted(before["machine"]["versions"].keys() & after["machine"]["versions"].keys()):
        versions = [one["machine"]["versions"][name] for one in (before, after)]
        if versions[0] != versions[1]:
            yield f"{name} {versions[0]} before, {versions[1]} after"
    for when, one in (("before", before), ("after", after)):
        if noisy(one):
            yield f"{when}, the machine was busy or noisy: changes may be of the machine, not of the program"
