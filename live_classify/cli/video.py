"""``live-classify video``: every frame of recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from live_classify.cli.options import ModelOptions, answer_options, model_options, output_options, quiet_option
from live_classify.errors import UsageError


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@model_options
@answer_options(0.0, "Time over which the label that is drawn is averaged; 0: each frame has its own.")
@output_options
@click.option("--no-window", is_flag=True, hidden=True)  # recordings open none: for scripts that always pass it
@quiet_option
def video(
    paths: Sequence[str],
    model_options: ModelOptions,
    smooth_s: float,
    min_confidence: float,
    output: Path | None,
    log: Path | None,
    stats: Path | None,
    overwrite: bool,
    no_window: bool,  # noqa: ARG001
    quiet: bool,
) -> int:
    """Classify recordings: every frame, in order, as fast as the machine can.

    PATH is a video file, a folder of them (searched to its bottom), or a glob. What was seen is summed up on standard
    output. A recording that can't be read, or not to its end, is reported, the others go on, and the exit status is 1.
    """
    from live_classify.cli import sinks as outputs
    from live_classify.cli.recorded import run_recorded
    from live_classify.cli.summary import Summary
    from live_classify.sources.files import VIDEO_SUFFIXES, expand
    from live_classify.sources.open import recorded_source

    sources = [recorded_source(name) for name in expand(paths, VIDEO_SUFFIXES)]
    if output is not None and len(sources) > 1:
        raise UsageError(f"--output takes one recording, {len(sources)} were given")
    outputs.check_video_outputs(
        output, log, stats, [*(Path(source.name) for source in sources), *model_options.files], overwrite
    )
    classifier, summary = model_options.load(), Summary()
    status = run_recorded(
        "video",
        sources,
        classifier,
        [*outputs.make_sinks(output, log, classifier.top, sources[0]), summary],
        smooth_s=smooth_s,
        min_confidence=min_confidence,
        written=[output, log],
        stats=stats,
        quiet=quiet,
    )
    summary.print()
    return status
