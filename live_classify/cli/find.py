"""``live-classify find``: where and when a label was seen."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from live_classify.cli.console import counted, note, say, shown
from live_classify.cli.options import (
    answer_options,
    loading_bar,
    network_options,
    overwrite_option,
    part_options,
    quiet_option,
)
from live_classify.spec import NetworkSpec

if TYPE_CHECKING:
    from live_classify.jobs.find import Sighting
    from live_classify.outputs.factory import Answering


@click.command()
@click.argument("label")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--clips",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Cut the stretches out of the recordings, sound included, into this folder.",
)
@network_options
@answer_options(0.3, "Time over which the label is averaged.")
@part_options
@overwrite_option
@quiet_option
def find(
    label: str,
    paths: Sequence[str],
    clips: Path | None,
    spec: NetworkSpec,
    smooth_s: float,
    min_confidence: float,
    every: int,
    start: float,
    end: float | None,
    skip_still: bool,
    overwrite: bool,
    quiet: bool,
) -> int:
    """Say where and when LABEL is seen.

    LABEL is a word or several of a label's name (`bottle` finds water_bottle) or its WordNet id. PATH is a recording,
    which is classified, a log of an earlier run (.jsonl, .csv), a folder of recordings, a folder written by
    `video --out-dir`, whose logs are read, or a glob.
    """
    from live_classify.jobs.find import find_in_log, inputs_of
    from live_classify.outputs.factory import Answering
    from live_classify.sources.excerpt import Part

    part = Part(start, math.inf if end is None else end, every)
    answering = Answering(smooth_s, min_confidence, part, skip_still)
    recordings, logs = inputs_of(list(paths))
    sightings = [sighting for log in logs for sighting in find_in_log(label, log, answering)]
    status = 0
    if recordings:
        status, more = _classify(label, recordings, spec, answering, quiet)
        sightings += more
    _print(sightings)
    if clips is not None:
        _cut(sightings, clips, overwrite, quiet)
    if not sightings and not quiet:
        note(f"{label} wasn't seen")
    return status


def _classify(
    label: str, recordings: Sequence[str], spec: NetworkSpec, answering: Answering, quiet: bool
) -> tuple[int, list[Sighting]]:
    from live_classify.answers.segments import Segmenter
    from live_classify.cli.recorded import run_recorded
    from live_classify.core.names import numbered
    from live_classify.jobs.find import Sightings, require_known
    from live_classify.outputs.segments import SegmentSink
    from live_classify.sources.open import recorded_source

    classifier = spec.load(loading_bar())
    require_known(label, classifier)
    sources = [recorded_source(name, answering.part) for name in recordings]
    names = numbered(source.name for source in sources)  # as the frames come
    found = Sightings(label, dict(zip(names, map(Path, recordings), strict=True)))

    def segmenter() -> Segmenter:
        return Segmenter(answering.segments_smooth_s, answering.min_confidence, classifier.labels.label)

    status = run_recorded(
        "find",
        sources,
        classifier,
        [SegmentSink(segmenter, [found])],
        smooth_s=answering.drawn_smooth_s,
        min_confidence=answering.min_confidence,
        skip_still=answering.skip_still,
        written=[],
        stats=None,
        quiet=quiet,
    )
    return status, found.kept


def _print(sightings: Sequence[Sighting]) -> None:
    """Print a table of source, from, to, label and mean probability."""
    from live_classify.outputs.report_page import clock

    rows = [
        (
            sighting.source,
            clock(sighting.segment.start_s),
            clock(sighting.segment.end_s),
            sighting.segment.label.name,
            f"{sighting.segment.label.probability:.1%}",
        )
        for sighting in sightings
    ]
    shown_rows = [tuple(map(shown, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown_rows, strict=True)]
    for source, start, end, name, probability in shown_rows:
        cells = (f"{source:{widths[0]}}", f"{start:>{widths[1]}}", f"{end:>{widths[2]}}", f"{name:{widths[3]}}")
        say("  ".join([*cells, f"{probability:>{widths[4]}}"]))


def _cut(sightings: Sequence[Sighting], folder: Path, overwrite: bool, quiet: bool) -> None:
    from live_classify.core.errors import OutputError
    from live_classify.outputs.clips import clip_ending, cut_clip
    from live_classify.outputs.paths import check_output

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot create folder {folder}: {error.strerror}") from error
    paths: list[Path] = []
    for sighting in sightings:
        recording, segment = sighting.recording, sighting.segment
        label = re.sub(r"[^\w-]+", "_", segment.label.name)
        stem = f"{recording.name}-{label}-{segment.start_s:.2f}s"
        suffixes = ("" if number == 1 else f"-{number}" for number in range(1, len(sightings) + 1))
        names = (folder / f"{stem}{suffix}{clip_ending(recording)}" for suffix in suffixes)
        path = next(path for path in names if path not in paths)
        check_output(path, overwrite)
        paths.append(path)
    for sighting, path in zip(sightings, paths, strict=True):
        cut_clip(sighting.recording, sighting.segment.start_s, sighting.segment.end_s, path)
    if paths and not quiet:
        note(f"wrote {counted(len(paths), 'clip')} to {folder}")
