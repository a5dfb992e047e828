"""From stable labels to events: a label began, changed, ended in a region of a source."""

from __future__ import annotations

from typing import TypedDict

from live_classify.core.events import LabelBegan, LabelChanged, LabelEnded, LabelEvent
from live_classify.core.values import Label, Region


class _Place(TypedDict):
    source: str
    time_s: float
    region: Region


class LabelEvents:
    """Watches the stable label of one region of one source.

    Args:
        source: name of the source.
        region: what is looked at.
    """

    def __init__(self, source: str, region: Region) -> None:
        self._source = source
        self._region = region
        self._label: Label | None = None
        self._time_s = 0.0

    def update(self, label: Label | None, time_s: float) -> LabelEvent | None:
        """Take the stable label of the next frame.

        Args:
            label: None when not sure.
            time_s: the frame's time in seconds.

        Returns:
            What has happened; None where the label stayed the same, whatever its probability.
        """
        before, self._label, self._time_s = self._label, label, time_s
        if before is None:
            return None if label is None else LabelBegan(**self._place, label=label)
        if label is None:
            return LabelEnded(**self._place, label=before)
        if label.index != before.index:
            return LabelChanged(**self._place, before=before, label=label)
        return None

    def finish(self) -> LabelEvent | None:
        """The end of the label that is stable when the source ends, at the time of the last frame."""
        return self.update(None, self._time_s)

    @property
    def _place(self) -> _Place:
        return {"source": self._source, "time_s": self._time_s, "region": self._region}
