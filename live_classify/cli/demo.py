"""``live-classify demo``: see it work."""

from __future__ import annotations

from pathlib import Path

import click

from live_classify.cli.console import note
from live_classify.cli.options import (
    answer_options,
    duration_option,
    loading_bar,
    network_options,
    no_window_option,
    output_options,
    quiet_option,
)
from live_classify.spec import NetworkSpec


@click.command()
@duration_option
@network_options
@answer_options(0.3, "Time over which answers are averaged; 0 is none.")
@output_options
@no_window_option
@quiet_option
def demo(
    spec: NetworkSpec,
    duration: float | None,
    smooth_s: float,
    min_confidence: float,
    output: Path | None,
    log: Path | None,
    stats: Path | None,
    overwrite: bool,
    no_window: bool,
    quiet: bool,
) -> None:
    """Classify a clip that ships with the program.

    In a window, as `watch` does; where there is none, into an annotated file. What was seen is printed either way.
    """
    from live_classify.assets import asset
    from live_classify.cli.live import LiveOptions, run_live
    from live_classify.cli.recorded import run_recorded
    from live_classify.cli.run_report import check_video_outputs
    from live_classify.cli.summary import Summary
    from live_classify.outputs.factory import Answering, Outputs, open_outlets
    from live_classify.outputs.paths import free_path
    from live_classify.sources.pace import AtOwnPace
    from live_classify.sources.recording import Recording
    from live_classify.window.display import why_no_window

    path = asset("demo.mp4")
    clip, summary = Recording(path, "demo"), Summary()
    reason = "no window, as asked" if no_window else why_no_window()
    if reason is None:
        options = LiveOptions(smooth_s, min_confidence, duration, no_window, output, log, stats, overwrite, quiet)
        run_live("demo", [AtOwnPace(clip)], [path], spec, options, [summary])
    else:
        output = output or free_path("live-classify-demo", ".mp4")
        check_video_outputs(output, log, stats, [path, *spec.files], overwrite)
        if not quiet:
            note(f"{reason}: the clip, with its labels drawn on, goes to {output}")
        classifier = spec.load(loading_bar())
        outputs = Outputs(video=output, log=log)
        outlets = open_outlets(outputs, Answering(), classifier.labels, classifier.top, clip, path)
        run_recorded(
            "demo",
            [clip],
            classifier,
            [*outlets, summary],
            smooth_s=smooth_s,
            min_confidence=min_confidence,
            written=[output, log],
            stats=stats,
            quiet=quiet,
            duration=duration,
        )
    summary.print()
