"""The pipeline as a loop over frames and predictions."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from live_classify.core.errors import UsageError
from live_classify.core.protocols import Recognizer, Source
from live_classify.core.values import BgrImage, Frame, Prediction
from live_classify.flow.pipeline import Pipeline
from live_classify.sources.open import live_source, recorded_source
from live_classify.sources.pictures import Pictures

if TYPE_CHECKING:
    from live_classify.classifier import Classifier

OneSource: TypeAlias = int | str | Path | Source

_LOOK_EVERY_S = 0.1  # a wait without an end can't be interrupted by signals on every system

LIVE_SMOOTH_S = 0.3
"""Long enough to calm a label that flickers, short enough not to be noticed when the view changes."""


def stream(
    source: OneSource | Iterable[OneSource] | Iterable[BgrImage],
    classifier: Classifier,
    *,
    live: bool = False,
    smooth_s: float | None = None,
    min_confidence: float = 0.0,
) -> Generator[tuple[Frame, Prediction], None, None]:
    """Classify what sources show, frame by frame.

    Decoding and inference run ahead in threads of their own; leaving the loop ends them.

    Args:
        source: a camera number, a device or file name, an address (``rtsp://``, ``http://``), ``synthetic:``, or a
            source object of your own; a list of several such; or pictures, ``(H, W, 3)`` uint8 BGR arrays: a list, an
            ``(N, H, W, 3)`` array, or anything that yields them. Recordings are read one after the other, live sources
            side by side; ``frame.source`` says whose a frame is, and of two with one name the second has a number.
        classifier: from :func:`~live_classify.load_classifier`.
        live: False: a recording, every frame, in order, however long the loop takes. True: the newest frame of each
            source, those in between are dropped; a file then plays at its own pace.
        smooth_s: time constant of ``prediction.stable`` in seconds; None is 0.3 live, and 0 recorded: every frame for
            itself.
        min_confidence: below it ``prediction.stable`` is None.

    Yields:
        The frame and the network's answer.

    Raises:
        UsageError: there is nothing that could be read.
        SourceError: a source can't be opened (at the first step), or broke off (after the last frame of all).
        EngineError: the runtime failed.
    """
    if not isinstance(classifier, Recognizer):
        raise UsageError(f"a {type(classifier).__name__} is no classifier: load_classifier() makes one")
    sources = _sources(source, live)
    if smooth_s is None:
        smooth_s = LIVE_SMOOTH_S if live else 0.0
    pipeline = Pipeline(sources, classifier, live=live, smooth_s=smooth_s, min_confidence=min_confidence)
    answers = pipeline.answers()
    with pipeline:
        while not answers.finished:
            for answered in answers.take(1, _LOOK_EVERY_S):
                yield answered.frame, answered.prediction
    for error in pipeline.monitor.snapshot().errors:
        raise error


def _sources(source: OneSource | Iterable[OneSource] | Iterable[BgrImage], live: bool) -> Sequence[Source]:
    if isinstance(source, (int, str, Path, Source)):
        return [_source(source, live)]
    if isinstance(source, np.ndarray):
        return [Pictures(source)]
    if not isinstance(source, Iterable):
        raise UsageError(f"a {type(source).__name__} is no source: name a camera, a file or an address, or give arrays")
    if isinstance(source, (list, tuple)) and not all(isinstance(one, np.ndarray) for one in source):
        return [_source(one, live) for one in source]
    if isinstance(source, (list, tuple)) and not source:
        raise UsageError("there is no source in the list")
    return [Pictures(source)]  # type: ignore[arg-type]  # each is looked at when it comes


def _source(source: OneSource, live: bool) -> Source:
    if isinstance(source, Source):
        return source
    if not isinstance(source, (int, str, Path)):
        raise UsageError(f"a {type(source).__name__} is no source: name a camera, a file or an address")
    return live_source(str(source)) if live else recorded_source(str(source))
