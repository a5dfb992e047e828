"""The pipeline as a loop over frames and predictions."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from live_classify.classifier import Classifier
from live_classify.core.protocols import Source
from live_classify.core.values import Frame, Prediction
from live_classify.flow.pipeline import Pipeline
from live_classify.sources.open import live_source, recorded_source


def stream(
    source: int | str | Path | Source,
    classifier: Classifier,
    *,
    live: bool = False,
    smooth_s: float | None = None,
    min_confidence: float = 0.0,
) -> Generator[tuple[Frame, Prediction], None, None]:
    """Classify what a source shows, frame by frame.

    Decoding and inference run ahead in threads of their own; leaving the loop ends them.

    Args:
        source: a camera number, a device or file name, an address (``rtsp://``, ``http://``), ``synthetic:``, or a
            source object of your own.
        classifier: from :func:`load_classifier`.
        live: False: a recording, every frame, in order, however long the loop takes. True: the newest frame each time,
            those in between are dropped; a file then plays at its own pace.
        smooth_s: time constant of ``prediction.stable`` in seconds; None is 0.3 live, and 0 recorded: every frame for
            itself.
        min_confidence: below it ``prediction.stable`` is None.

    Yields:
        The frame and what the network says about it.

    Raises:
        SourceError: the source can't be opened (at the first step), or broke off (after its last frame).
        EngineError: the runtime failed.
    """
    if isinstance(source, (int, str, Path)):
        source = live_source(str(source)) if live else recorded_source(str(source))
    if smooth_s is None:
        smooth_s = LIVE_SMOOTH_S if live else 0.0
    with Pipeline([source], classifier, live=live, smooth_s=smooth_s, min_confidence=min_confidence) as pipeline:
        while taken := pipeline.results.take(1):
            yield taken[0]
    if pipeline.source_errors:
        raise pipeline.source_errors[0]


LIVE_SMOOTH_S = 0.3
"""Long enough to calm a label that flickers, short enough not to be noticed when the view changes."""
