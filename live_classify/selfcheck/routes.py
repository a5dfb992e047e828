"""The ways that a picture takes to an engine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from live_classify.classifier import Classifier
from live_classify.core.values import BgrImage
from live_classify.selfcheck.expected import Rows
from live_classify.sources.still import Still
from live_classify.streaming import stream


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What came out at the end of a route."""

    rows: Rows
    ms: float
    """From a picture to its answer, the median."""


def by_frame(classifier: Classifier, pictures: Sequence[BgrImage]) -> Answers:
    """Pixels in memory, to the classifier: the Python interface's way, and that of a camera's frames."""
    rows, times = [], []
    for picture in pictures:
        start = time.perf_counter()
        rows.append(classifier.classify(picture).probabilities)
        times.append(time.perf_counter() - start)
    return Answers(np.stack(rows), 1000 * statistics.median(times))


def by_file(classifier: Classifier, paths: Sequence[Path]) -> tuple[Answers, list[BgrImage]]:
    """Files, through the source and the threads of the pipeline: the way of ``image``, and that of recordings.

    Returns:
        The answers, and the pixels that they were given to.
    """
    rows, times, pixels = [], [], []
    for path in paths:
        start = time.perf_counter()
        with closing(stream(Still(path), classifier)) as answers:
            frame, prediction = next(answers)
            times.append(time.perf_counter() - start)
        rows.append(prediction.probabilities)
        pixels.append(frame.bgr)
    return Answers(np.stack(rows), 1000 * statistics.median(times)), pixels


def pixel_fault(found: Sequence[BgrImage], right: Sequence[BgrImage]) -> str | None:
    """What is wrong with pixels that were read from files; None if nothing is."""
    if all(np.array_equal(one, other) for one, other in zip(found, right, strict=True)):
        return None
    if all(np.array_equal(one, other[..., ::-1]) for one, other in zip(found, right, strict=True)):
        return "files are read with red and blue swapped"
    return "files are read with wrong pixels"
