"""What the self-check says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one thing that was checked."""

    what: str
    outcome: Literal["ok", "fault", "skipped"]
    remark: str = ""
    """What is wrong, or worth knowing."""
    difference: float | None = None
    """The largest of a probability."""
    allowed: float | None = None
    ms: float | None = None
    """From a picture to its answer."""


def judged(
    what: str,
    fault: str | None,
    difference: float | None = None,
    allowed: float | None = None,
    ms: float | None = None,
) -> Finding:
    """A finding that is a fault if there is one to tell of."""
    return Finding(what, "ok" if fault is None else "fault", fault or "", difference, allowed, ms)
