"""``live-classify image``: the rank list of still pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from live_classify.cli.console import say
from live_classify.cli.options import (
    FiniteRange,
    loading_bar,
    log_option,
    network_options,
    overwrite_option,
    quiet_option,
    stats_option,
)
from live_classify.core.errors import UsageError
from live_classify.spec import NetworkSpec

if TYPE_CHECKING:
    from live_classify.core.protocols import Sink
    from live_classify.core.values import Answered
    from live_classify.flow.outlet import Outlet


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@network_options
@click.option(
    "--min-confidence",
    metavar="P",
    type=FiniteRange(0, 1),
    default=0.0,
    show_default=True,
    help="Below this probability say “not sure”.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE|FOLDER",
    help="Write a copy with the top label drawn on; a folder for several pictures.",
)
@log_option
@stats_option
@overwrite_option
@quiet_option
def image(
    paths: Sequence[str],
    spec: NetworkSpec,
    min_confidence: float,
    output: Path | None,
    log: Path | None,
    stats: Path | None,
    overwrite: bool,
    quiet: bool,
) -> int:
    """Classify still pictures and print the best labels of each.

    PATH is a picture, a folder of them (searched to its bottom), or a glob. A picture that can't be read is reported,
    the others go on, and the exit status is 1.
    """
    from live_classify.cli.recorded import run_recorded
    from live_classify.outputs.factory import annotated, log_outlet
    from live_classify.outputs.paths import check_outputs, require_suffix
    from live_classify.outputs.pictures import PictureSink
    from live_classify.sources.address import shown_name
    from live_classify.sources.files import IMAGE_SUFFIXES, expand
    from live_classify.sources.still import Still

    names = expand(paths, IMAGE_SUFFIXES)
    inputs = [*map(Path, names), *spec.files]
    copies = {} if output is None else _copies(names, output)
    require_suffix("--log", log, ".jsonl", ".csv")
    written = {"--log": log, "--stats": stats}
    written |= {f"--output, of {name},": path for name, path in copies.items() if name in names}
    check_outputs(written, inputs, overwrite)

    classifier = spec.load(loading_bar())
    sinks: list[Sink | Outlet] = [_RankPrinter(headed=len(names) > 1)]
    if log is not None:
        sinks.append(log_outlet(log, classifier.top))
    if copies:
        sinks.append(PictureSink(copies, annotated))
    return run_recorded(
        "image",
        [Still(name, shown_name(name)) for name in names],
        classifier,
        sinks,
        smooth_s=0.0,
        min_confidence=min_confidence,
        written=[output, log],
        stats=stats,
        quiet=quiet,
    )


class _RankPrinter:
    """A sink that prints the rank list of every picture."""

    def __init__(self, headed: bool) -> None:
        self._headed = headed

    def write(self, answered: Answered) -> None:
        prediction = answered.prediction
        lines = [f"{answered.frame.source}:"] if self._headed else []
        if prediction.stable is None:
            lines.append("not sure")
        lines += [
            f"{rank}. {label.name}: {label.probability:.2%}" for rank, label in enumerate(prediction.labels, start=1)
        ]
        say(*lines)

    def close(self) -> None:
        """Nothing is left open."""


def _copies(names: Sequence[str], output: Path) -> dict[str, Path]:
    """Which file the annotated copy of each picture goes to. A picture that is given twice has one.

    Args:
        names: the pictures.
        output: a file for a single picture, a folder for several.

    Returns:
        The file by the name of the picture's frames.

    Raises:
        UsageError: there is no such folder.
    """
    from live_classify.core.names import numbered
    from live_classify.sources.address import shown_name

    if not output.is_dir() and len(set(names)) > 1:
        raise UsageError(f"--output {output}: the copies of {len(set(names))} pictures need a folder that exists")
    copies = {name: output / Path(name).name if output.is_dir() else output for name in names}
    return dict(zip(numbered(map(shown_name, names)), map(copies.__getitem__, names), strict=True))
