"""What happens in a run, as typed values with the wall-clock time at which it happened.

Event
├── SourceEvent         of one source
│   ├── SignalLost          no frames come any more; it is connected again
│   ├── SignalRestored      frames come again
│   └── SourceFailed        the source broke off, and is given up
├── LabelEvent          of one region of a source
│   ├── LabelBegan          a stable label where there was none
│   ├── LabelChanged        another stable label
│   └── LabelEnded          no stable label any more
└── OutletFailed        an outlet that may fail could not take something
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone

from live_classify.core.errors import SourceError
from live_classify.core.values import WHOLE_PICTURE, Label, Region


def now() -> datetime:
    """The wall-clock time, in UTC."""
    return datetime.now(timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened."""

    at: datetime = field(default_factory=now)
    """Wall-clock time in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEvent(Event):
    """Something that happened to a source. Sources leave ``source`` empty: the pipeline stamps it."""

    source: str = ""
    """Name of the source, without a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalLost(SourceEvent):
    """No frames come any more; the source is being connected again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRestored(SourceEvent):
    """Frames come again after an outage."""

    outage_s: float
    """Seconds without a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailed(SourceEvent):
    """The source broke off, and is given up."""

    error: SourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelEvent(Event):
    """The stable label of a region of a source became another."""

    source: str
    time_s: float
    """Media time of a recording; seconds since the start of a live source."""
    region: Region = WHOLE_PICTURE


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelBegan(LabelEvent):
    """There is a stable label where there was none."""

    label: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChanged(LabelEvent):
    """There is another stable label."""

    before: Label
    label: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelEnded(LabelEvent):
    """There is no stable label any more: not sure, or the source has ended."""

    label: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletFailed(Event):
    """An outlet whose failures don't end the run could not take something."""

    outlet: str
    reason: str
