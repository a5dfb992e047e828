"""``live-classify video``: every frame of recordings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import click

from live_classify.cli.options import (
    answer_options,
    folder_options,
    loading_bar,
    network_options,
    output_options,
    part_options,
    quiet_option,
    segment_options,
)
from live_classify.core.errors import UsageError
from live_classify.spec import NetworkSpec


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@network_options
@answer_options(
    None, "Time over which the label is averaged.  [default: 0 for the one that is drawn, 0.3 for segments]"
)
@part_options
@output_options
@segment_options
@folder_options
@click.option("--no-window", is_flag=True, hidden=True)  # recordings open none: for scripts that always pass it
@quiet_option
def video(
    paths: Sequence[str],
    spec: NetworkSpec,
    smooth_s: float | None,
    min_confidence: float,
    every: int,
    start: float,
    end: float | None,
    skip_still: bool,
    output: Path | None,
    log: Path | None,
    stats: Path | None,
    overwrite: bool,
    segments: Path | None,
    subtitles: Path | None,
    report: Path | None,
    out_dir: Path | None,
    write: str | None,
    at_a_time: int | None,
    ray: str | None,
    split_minutes: float | None,
    no_window: bool,  # noqa: ARG001
    quiet: bool,
) -> int:
    """Classify recordings: every frame, in order, as fast as the machine can.

    PATH is a video file, a folder of them (searched to its bottom), or a glob. What was seen is summed up on standard
    output. A recording that can't be read, or not to its end, is reported, the others go on, and the exit status is 1.

    With --out-dir each recording gets outputs of its own, named after it. A run that was interrupted, by whatever, is
    finished by the same command.
    """
    from live_classify.cli.folder import FolderOptions, run_folder
    from live_classify.cli.recorded import run_recorded
    from live_classify.cli.summary import Summary
    from live_classify.outputs.factory import Answering, Outputs, open_outlets
    from live_classify.outputs.paths import check_outputs
    from live_classify.sources.excerpt import Part
    from live_classify.sources.files import VIDEO_SUFFIXES, expand
    from live_classify.sources.open import recorded_source, recording_file

    part = Part(start, math.inf if end is None else end, every)
    answering = Answering(smooth_s, min_confidence, part, skip_still)
    outputs = Outputs(output, log, segments, subtitles, report)
    if out_dir is not None:
        single = {**outputs.by_option(), "--stats": stats}
        for option in (option for option, path in single.items() if path is not None):
            raise UsageError(f"{option} is for a single set of outputs; with --out-dir say --write")
        if ray is not None and at_a_time is not None:
            raise UsageError("--jobs is for this machine; with --ray the cluster has its own workers")
        if ray is None and split_minutes is not None:
            raise UsageError("--split goes with --ray")
        options = FolderOptions(out_dir, write, at_a_time, ray, split_minutes, overwrite, quiet)
        return run_folder(paths, spec, answering, options)
    for option, value in (("--write", write), ("--jobs", at_a_time), ("--ray", ray), ("--split", split_minutes)):
        if value is not None:
            raise UsageError(f"{option} goes with --out-dir")
    names = expand(paths, VIDEO_SUFFIXES)
    sources = [recorded_source(name, part) for name in names]
    for option, path in (("--output", output), ("--subtitles", subtitles)):
        if path is not None and len(sources) > 1:
            raise UsageError(f"{option} takes one recording, {len(sources)} were given")
    outputs.check_kinds()
    inputs = [*(Path(source.name) for source in sources), *spec.files]
    check_outputs({**outputs.by_option(), "--stats": stats}, inputs, overwrite)
    classifier, summary = spec.load(loading_bar()), Summary()
    recording = recording_file(names[0])
    outlets = open_outlets(outputs, answering, classifier.labels, classifier.top, sources[0], recording)
    status = run_recorded(
        "video",
        sources,
        classifier,
        [*outlets, summary],
        smooth_s=answering.drawn_smooth_s,
        min_confidence=min_confidence,
        skip_still=skip_still,
        written=list(outputs.by_option().values()),
        stats=stats,
        quiet=quiet,
    )
    summary.print()
    return status
