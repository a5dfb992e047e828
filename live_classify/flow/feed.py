"""One source on its way through the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from live_classify.answers.label_events import LabelEvents
from live_classify.answers.smoothing import StableLabel
from live_classify.core.errors import SourceError
from live_classify.core.events import LabelEvent
from live_classify.core.protocols import Recognizer, Source
from live_classify.core.values import Answered, Frame, Prediction, Region
from live_classify.flow.inference import Answer
from live_classify.flow.meter import Meter


class Feed:
    """What is known of one source. Its capture thread and the inference threads write, others read.

    Args:
        source: the source.
        name: what its frames are stamped with.
        recognizer: names classes.
        regions: what is looked at in each frame.
        smooth_s: time constant of its stable labels.
        min_confidence: below it a stable label is None.
        clock: of its meters.
    """

    def __init__(
        self,
        source: Source,
        name: str,
        recognizer: Recognizer,
        regions: Sequence[Region],
        smooth_s: float,
        min_confidence: float,
        clock: Callable[[], float],
    ) -> None:
        self.source = source
        self.name = name
        self.frame: Frame | None = None
        """Live: the newest frame."""
        self.answered: Answered | None = None
        """Live: the newest frame that has been classified."""
        self.error: SourceError | None = None
        """What the source broke off with."""
        self.ended = False
        self.capture_meter = Meter(clock)
        self.answer_meter = Meter(clock)
        self._recognizer = recognizer
        self._regions = [
            (region, StableLabel(smooth_s, min_confidence), LabelEvents(name, region)) for region in regions
        ]

    def predict(
        self, frame: Frame, answers: Sequence[Answer], finished_s: float
    ) -> tuple[Answered, Sequence[LabelEvent]]:
        """Make predictions of a frame's answers, one for each region, and say how the stable labels changed."""
        predictions: list[Prediction] = []
        events: list[LabelEvent] = []
        for answer, (region, stable_label, label_events) in zip(answers, self._regions, strict=True):
            shown = stable_label.update(answer.probabilities, frame.time_s)
            stable = None if shown is None else self._recognizer.label(*shown)
            predictions.append(
                Prediction(answer.labels, stable, answer.probabilities, finished_s, region, answer.features)
            )
            event = label_events.update(stable, frame.time_s)
            if event is not None:
                events.append(event)
        return Answered(frame, tuple(predictions)), events

    def finish(self) -> Iterator[LabelEvent]:
        """Yield the ends of the labels that are stable when the source has ended; once."""
        for _, _, label_events in self._regions:
            event = label_events.finish()
            if event is not None:
                yield event
