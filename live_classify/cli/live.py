"""What ``watch`` and ``demo`` share: a live run, in a window or without."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.cli.announce import SignalNotes, announcement
from live_classify.cli.console import note
from live_classify.cli.options import loading_bar
from live_classify.cli.run_report import RunReport, check_video_outputs
from live_classify.core.errors import UsageError, WindowError
from live_classify.outputs.factory import Answering, Outputs, open_outlets
from live_classify.spec import NetworkSpec

if TYPE_CHECKING:
    from live_classify.core.protocols import Sink, Source
    from live_classify.flow.pipeline import Pipeline


_LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """How a live run goes, and what it leaves behind."""

    smooth_s: float
    min_confidence: float
    duration: float | None
    no_window: bool
    output: Path | None
    log: Path | None
    stats: Path | None
    overwrite: bool
    quiet: bool

    @property
    def leaves_something(self) -> bool:
        """Whether it makes sense without a window."""
        return any(path is not None for path in (self.output, self.log, self.stats))


def run_live(
    command: str,
    sources: Sequence[Source],
    inputs: Sequence[Path],
    spec: NetworkSpec,
    options: LiveOptions,
    more_sinks: Sequence[Sink] = (),
) -> None:
    """Classify live sources until they end, the user quits, or the time is over.

    Args:
        command: which command this is, for the statistics.
        sources: what to watch.
        inputs: files that they read, which no output may be.
        spec: which network.
        options: the rest.
        more_sinks: told of every classified frame beside the outputs.

    Raises:
        LiveClassifyError: the first failure of any part. Of a source: after the others have ended.
    """
    if options.output is not None and len(sources) > 1:
        raise UsageError(f"--output takes one source, {len(sources)} were given")
    windowed = _can_show(options)
    check_video_outputs(options.output, options.log, options.stats, [*inputs, *spec.files], options.overwrite)
    from live_classify.flow.pipeline import Pipeline, goal_of

    classifier = spec.load(loading_bar())
    announcements = [] if options.quiet else [announcement(classifier.describe(goal_of(len(sources), live=True)))]
    outputs = Outputs(video=options.output, log=options.log)
    outlets = open_outlets(outputs, Answering(), classifier.labels, classifier.top, sources[0], None)
    pipeline = Pipeline(
        sources,
        classifier,
        live=True,
        sinks=[*announcements, *outlets, *more_sinks],
        event_sinks=[] if options.quiet else [SignalNotes()],
        smooth_s=options.smooth_s,
        min_confidence=options.min_confidence,
    )
    report = RunReport(command, [options.output, options.log], options.stats, options.quiet)
    until_s = math.inf if options.duration is None else time.monotonic() + options.duration
    with report.of(classifier, pipeline.monitor), pipeline:
        if windowed:
            _show(pipeline, until_s)
        else:
            # In steps: of a wait without an end, Python now and then doesn't notice that a signal has come.
            while (left_s := until_s - time.monotonic()) > 0 and not pipeline.wait(min(_LOOK_EVERY_S, left_s)):
                pass
    errors = pipeline.monitor.snapshot().errors
    for error in errors[1:]:
        note(f"live-classify: {error}")
    if errors:
        raise errors[0]


def _can_show(options: LiveOptions) -> bool:
    """Whether there will be a window.

    Raises:
        UsageError: there shall be none, and nothing else would come of the run.
        WindowError: there can be none, and nothing else would come of the run.
    """
    if options.no_window:
        if not options.leaves_something:
            raise UsageError("without a window nothing would come of this: add --output, --log or --stats")
        return False
    from live_classify.cli.quiet import prepare_windows
    from live_classify.window.display import why_no_window

    prepare_windows()
    reason = why_no_window()
    if reason is None:
        return True
    if not options.leaves_something:
        raise WindowError(f"{reason}; --output, --log or --stats work without one")
    note(f"live-classify: {reason}; going on without a window")
    return False


def _show(pipeline: Pipeline, until_s: float) -> None:
    from live_classify.window.display_loop import DisplayLoop
    from live_classify.window.window import Window

    names = ", ".join(source.name for source in pipeline.monitor.snapshot().sources)
    window = Window(f"{names} - live_classify")
    try:
        DisplayLoop(pipeline, window).run(until_s)
    finally:
        window.close()
