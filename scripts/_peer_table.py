"""What contenders did, round by round; whose answers are believed; and the table of both."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

LEAST_AGREEMENT = 0.9  # with LiteRT at the same precision; who scales a picture otherwise differs in a few per cent
COLUMNS = (
    *("", "frames a second", "spread", "latency p50 / p95, ms", "CPU ms a frame", "peak MB"),
    *("agreement", "live_classify's best is"),
)


@dataclass(frozen=True, slots=True)
class Round:
    """One run over the recording, without its start."""

    fps: float
    latency_p50_ms: float
    latency_p95_ms: float
    """From a decoded frame to its answer."""
    cpu_s_per_frame: float
    """Processor seconds, of all threads."""
    peak_mb: float | None
    """Of the whole process, in MiB, its start included; None where the system doesn't tell."""
    answers: Sequence[int]
    """The best class of each frame."""


@dataclass
class Result:
    """What one contender did.

    Attributes:
        name: as the table calls it.
        precision: of the network that it ran.
        ours: whether it is live_classify.
        rounds: one after the other.
        agreement: the share of frames with the float32 reference's best class, in the worst round.
        agreement_within_precision: the same, with the reference of its own precision.
    """

    name: str
    precision: str
    ours: bool = False
    rounds: list[Round] = field(default_factory=list)
    agreement: float = 1.0
    agreement_within_precision: float = 1.0

    def add(self, one: Round, float32: Sequence[int], own: Sequence[int]) -> None:
        """Take a further round.

        Args:
            one: the round.
            float32: the answers that the float32 reference gave for the same frames.
            own: those of the reference of this precision.
        """
        self.rounds.append(one)
        self.agreement = min(self.agreement, agreement(one.answers, float32))
        self.agreement_within_precision = min(self.agreement_within_precision, agreement(one.answers, own))

    @property
    def believed(self) -> bool:
        """Whether it did the same work as the others, so that its times say something."""
        return self.agreement_within_precision >= LEAST_AGREEMENT

    def median(self, value: Callable[[Round], float]) -> float:
        """The median over the rounds."""
        return statistics.median(map(value, self.rounds))

    @property
    def fps(self) -> float:
        """The median rate."""
        return self.median(lambda one: one.fps)


def agreement(answers: Sequence[int], reference: Sequence[int]) -> float:
    """The share of frames with the same best class. A frame that only one of the two has counts as another answer."""
    same = sum(one == other for one, other in zip(answers, reference, strict=False))
    return same / max(len(answers), len(reference))


def table(results: Sequence[Result]) -> str:
    """A Markdown table with a row for each contender; no times for those whose answers differ."""
    best = max((one for one in results if one.ours and one.believed), key=lambda one: one.fps, default=None)
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(_cells(one, best) for one in results)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cells(result: Result, best: Result | None) -> tuple[str, ...]:
    if not result.believed:
        differs = f"{result.agreement:.0%}; {result.agreement_within_precision:.0%} with LiteRT {result.precision}"
        return (result.name, "answers differ", "", "", "", "", differs, "")
    rates = [one.fps for one in result.rounds]
    p50_ms, p95_ms = result.median(lambda one: one.latency_p50_ms), result.median(lambda one: one.latency_p95_ms)
    peaks_mb = [one.peak_mb for one in result.rounds if one.peak_mb is not None]
    return (
        f"**{result.name}**" if result is best else result.name,
        f"{result.fps:.1f}",
        f"{(max(rates) - min(rates)) / result.fps:.0%}",
        f"{p50_ms:.1f} / {p95_ms:.1f}",
        f"{1000 * result.median(lambda one: one.cpu_s_per_frame):.1f}",
        f"{max(peaks_mb):.0f}" if peaks_mb else "",
        f"{result.agreement:.0%}",
        f"{_ratio(best, result):.2f} x" if best else "",
    )


def _ratio(best: Result, result: Result) -> float:
    """How many times as fast, in the median round: what ran side by side is compared."""
    return statistics.median(one.fps / other.fps for one, other in zip(best.rounds, result.rounds, strict=True))
