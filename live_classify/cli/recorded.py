"""What ``video``, ``image`` and ``demo`` share: a run over recorded sources, to their end."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.cli.announce import SourceFailures, announcement
from live_classify.cli.progress import progress_of
from live_classify.cli.run_report import RunReport

if TYPE_CHECKING:
    from live_classify.classifier import Classifier
    from live_classify.core.protocols import Sink, Source
    from live_classify.flow.outlet import Outlet

_PROGRESS_EVERY_S = 0.1


def run_recorded(
    command: str,
    sources: Sequence[Source],
    classifier: Classifier,
    sinks: Sequence[Sink | Outlet],
    *,
    smooth_s: float,
    min_confidence: float,
    written: Sequence[Path | None],
    stats: Path | None,
    quiet: bool,
    duration: float | None = None,
    skip_still: bool = False,
) -> int:
    """Classify every frame of the sources, one after the other.

    Args:
        command: which command this is, for the statistics.
        sources: what to read.
        classifier: what says what they show.
        sinks: what is written.
        smooth_s: time constant of the stable label.
        min_confidence: below it the stable label is None.
        written: what the sinks write, to be named at the end.
        stats: the statistics' file, if any.
        quiet: say nothing but errors.
        duration: seconds after which to end as if done.
        skip_still: frames that look like the last classified one take its answer.

    Returns:
        The exit status: 1 when a source could not be read, or not to its end; each has been reported.

    Raises:
        LiveClassifyError: the first failure of any other part.
    """
    from live_classify.flow.pipeline import Pipeline
    from live_classify.imaging.still_frames import StillFrames

    announcements = [] if quiet else [announcement(classifier.describe("throughput"))]
    pipeline = Pipeline(
        sources,
        classifier,
        live=False,
        sinks=[*announcements, *sinks],
        event_sinks=[SourceFailures()],
        smooth_s=smooth_s,
        min_confidence=min_confidence,
        fresh_filter=StillFrames() if skip_still else None,
    )
    report = RunReport(command, written, stats, quiet)
    with (
        report.of(classifier, pipeline.monitor),
        pipeline,
        progress_of(pipeline.monitor, quiet) as show_progress,
    ):
        until_s = math.inf if duration is None else time.monotonic() + duration
        while not pipeline.wait(_PROGRESS_EVERY_S) and time.monotonic() < until_s:
            show_progress()
    return 1 if pipeline.monitor.snapshot().errors else 0
