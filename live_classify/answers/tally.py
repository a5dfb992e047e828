"""How much of a recording shows what."""

from __future__ import annotations

from dataclasses import dataclass, field

from live_classify.core.values import Prediction


@dataclass(slots=True)
class Share:
    """How often one label was seen."""

    name: str | None
    """None: not sure."""
    frames: int = 0
    probability_sum: float = 0.0

    @property
    def mean_probability(self) -> float:
        """Mean over the frames that show it, 0 to 1."""
        return self.probability_sum / self.frames


@dataclass(slots=True)
class Tally:
    """Counts the stable labels of one source."""

    frames: int = 0
    _shares: dict[int | None, Share] = field(default_factory=dict)

    def add(self, prediction: Prediction) -> None:
        """Count one frame."""
        label = prediction.stable
        self.frames += 1
        key, name = (None, None) if label is None else (label.index, label.name)
        share = self._shares.setdefault(key, Share(name))
        share.frames += 1
        share.probability_sum += 0.0 if label is None else label.probability

    def shares(self) -> list[Share]:
        """All labels seen, the most frequent first."""
        return sorted(self._shares.values(), key=lambda share: -share.frames)
