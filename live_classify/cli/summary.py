"""What was seen in recordings, in words."""

from __future__ import annotations

from live_classify.answers.tally import Tally
from live_classify.cli.console import counted, say
from live_classify.core.values import Answered

_MOST_LABELS = 5


class Summary:
    """A sink that counts labels, recording by recording."""

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}
        self._last_s: dict[str, float] = {}

    def write(self, answered: Answered) -> None:
        """Count one frame; see :class:`~live_classify.core.protocols.Sink`."""
        frame = answered.frame
        self._tallies.setdefault(frame.source, Tally()).add(answered.prediction)
        self._last_s[frame.source] = frame.time_s

    def close(self) -> None:
        """Nothing is left open; see :class:`~live_classify.core.protocols.Sink`."""

    def print(self) -> None:
        """Print the labels of each recording with their share of its frames, the most frequent first."""
        for source, tally in self._tallies.items():
            say(f"{source}: {counted(tally.frames, 'frame')}, {self._last_s[source]:.1f} s")
            shares = tally.shares()
            for share in shares[:_MOST_LABELS]:
                part = f"{100 * share.frames / tally.frames:6.1f}%"
                if share.name is None:
                    say(f"{part}  not sure")
                else:
                    say(f"{part}  {share.name} (mean probability {100 * share.mean_probability:.1f}%)")
            if len(shares) > _MOST_LABELS:
                rest = sum(share.frames for share in shares[_MOST_LABELS:])
                say(f"{100 * rest / tally.frames:6.1f}%  {counted(len(shares) - _MOST_LABELS, 'other label')}")
