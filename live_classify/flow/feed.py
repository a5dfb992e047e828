"""One source on its way through the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from live_classify.answers.smoothing import StableLabel
from live_classify.core.protocols import Source
from live_classify.core.values import Frame, Prediction
from live_classify.flow.meter import Meter

Result: TypeAlias = tuple[Frame, Prediction]


class Feed:
    """What is known of one source. Its capture thread and the inference threads write, others read.

    Args:
        source: the source.
        smooth_s: time constant of its stable label.
        min_confidence: below it the stable label is None.
        clock: of its meters.
    """

    def __init__(self, source: Source, smooth_s: float, min_confidence: float, clock: Callable[[], float]) -> None:
        self.source = source
        self.frame: Frame | None = None
        """Live: the newest frame."""
        self.result: Result | None = None
        """Live: the newest frame that has been classified."""
        self.capture_meter = Meter(clock)
        self.answer_meter = Meter(clock)
        self.stable_label = StableLabel(smooth_s, min_confidence)
