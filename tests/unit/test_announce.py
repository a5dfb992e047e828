from __future__ import annotations

import pytest

from live_classify.cli.announce import SignalNotes, SourceFailures
from live_classify.core.errors import SourceReadError
from live_classify.core.events import Event, SignalLost, SignalRestored, SourceFailed

REASON = "rtsp://host/x broke off after 3 frames: the connection was lost"
EVENTS: list[Event] = [
    SignalLost(source="rtsp://host/x (2)", reason=REASON),
    SignalRestored(source="rtsp://host/x (2)", outage_s=41.25),
    SourceFailed(source="clip.mp4", error=SourceReadError("clip.mp4 is cut short")),
]


SIGNALS = f"""\
live-classify: no signal: {REASON}; connecting again
live-classify: rtsp://host/x (2): the signal is back after 41.2 s
"""


@pytest.mark.parametrize(
    ("sink", "said"),
    [(SignalNotes(), SIGNALS), (SourceFailures(), "live-classify: clip.mp4 is cut short\n")],
)
def test_events_become_lines(sink: SignalNotes | SourceFailures, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    for event in EVENTS:
        sink.handle(event)
    sink.close()
    assert capsys.readouterr() == ("", said)
