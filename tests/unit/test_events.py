"""What a run tells besides its answers: events, and the answers of regions."""

from __future__ import annotations

import time

import numpy as np

from doubles import Collector, GreyEngine, ItemSource, Listener, ListSource, grey_classifier, grey_frame
from live_classify.core.errors import SourceError
from live_classify.core.events import LabelBegan, LabelChanged, LabelEnded, SignalLost, SignalRestored
from live_classify.core.protocols import Signal
from live_classify.core.values import Frame, Region
from live_classify.flow.pipeline import Pipeline

DEADLINE_S = 20.0


def frames(levels: list[int]) -> list[Frame]:
    return [grey_frame(level, index) for index, level in enumerate(levels)]


def test_events_tell_how_the_stable_label_changes_in_each_source() -> None:
    told = Listener()
    levels = [1, 1, 2, 2, 3]
    sources = [ListSource(frames(levels), "a"), ListSource(frames([9, 9]), "b")]
    with Pipeline(sources, grey_classifier(), live=False, event_sinks=[told]) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    seen = [
        (type(event), event.source, event.time_s, event.label.index)
        for event in told.events
        if isinstance(event, (LabelBegan, LabelChanged, LabelEnded))
    ]
    assert seen == [
        (LabelBegan, "a", 0.0, 1),
        (LabelChanged, "a", 2 / 25, 2),
        (LabelChanged, "a", 4 / 25, 3),
        (LabelEnded, "a", 4 / 25, 3),
        (LabelBegan, "b", 0.0, 9),
        (LabelEnded, "b", 1 / 25, 9),
    ]
    assert all(event.at.utcoffset() is not None for event in told.events)


def test_signals_of_a_source_become_events_that_bear_its_name() -> None:
    told = Listener()
    items: list[Frame | Signal] = [grey_frame(1), SignalLost(reason="gone"), SignalRestored(outage_s=4.0)]
    source = ItemSource([*items, grey_frame(1, 1)], "door")
    with Pipeline([source], grey_classifier(), live=True, event_sinks=[told]) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    signals = [event for event in told.events if isinstance(event, (SignalLost, SignalRestored))]
    assert [(type(event), event.source) for event in signals] == [(SignalLost, "door"), (SignalRestored, "door")]


def test_a_frame_has_an_answer_for_each_region() -> None:
    """The left half is of level 3, the right half of level 8."""
    bgr = np.full((6, 8, 3), 3, np.uint8)
    bgr[:, 4:] = 8
    left, right = Region("left", 0, 0, 0.5, 1), Region("right", 0.5, 0, 0.5, 1)
    for batch in (1, 2, 5):
        sink = Collector()
        source = ListSource([Frame(bgr, index, time.monotonic(), index / 25) for index in range(7)])
        classifier = grey_classifier(GreyEngine(batch), GreyEngine(batch))
        with Pipeline([source], classifier, live=False, sinks=[sink], regions=[left, right]) as pipeline:
            assert pipeline.wait(DEADLINE_S)
        assert sink.indices == list(range(7))
        for answered in sink.answered:
            assert [(one.region, one.top.index) for one in answered.predictions] == [(left, 3), (right, 8)]


def test_a_source_that_cannot_be_opened_does_not_keep_its_error_for_the_next_run() -> None:
    with Pipeline([ListSource([], then=SourceError("gone"))], grey_classifier(), live=True) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    assert [str(error) for error in pipeline.monitor.snapshot().errors] == ["gone"]
    with Pipeline([ListSource(frames([1]))], grey_classifier(), live=True) as pipeline:
        assert pipeline.wait(DEADLINE_S)
    assert pipeline.monitor.snapshot().errors == []
