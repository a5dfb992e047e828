"""Lines on standard error that say what happens in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from live_classify.cli.console import note
from live_classify.core.events import Event, SignalLost, SignalRestored, SourceFailed
from live_classify.flow.outlet import Outlet

if TYPE_CHECKING:
    from live_classify.core.values import Answered


def announcement(text: str) -> Outlet:
    """An outlet that says what runs, once there is a first answer: a run that can't begin says only why."""
    return Outlet(_Announcement(text), policy="newest", name="announcement")


class _Announcement:
    def __init__(self, text: str) -> None:
        self._text: str | None = text

    def write(self, answered: Answered) -> None:  # noqa: ARG002 (the form of a sink)
        """Say it, the first time."""
        if self._text is not None:
            note(self._text)
            self._text = None

    def close(self) -> None:
        """Nothing is left open."""


class SignalNotes:
    """Says when the signal of a live source is lost, and when it is back."""

    def handle(self, event: Event) -> None:
        """Say it."""
        if isinstance(event, SignalLost):
            note(f"live-classify: no signal: {event.reason}; connecting again")
        elif isinstance(event, SignalRestored):
            note(f"live-classify: {event.source}: the signal is back after {event.outage_s:.1f} s")

    def close(self) -> None:
        """Nothing is left open."""


class SourceFailures:
    """Says at once why a source broke off, while the others go on."""

    def handle(self, event: Event) -> None:
        """Say it."""
        if isinstance(event, SourceFailed):
            note(f"live-classify: {event.error}")

    def close(self) -> None:
        """Nothing is left open."""
