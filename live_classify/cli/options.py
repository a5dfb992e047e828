"""Options that several commands share, and what they mean together."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from live_classify.cli.engine_type import EngineType
from live_classify.spec import DEFAULT_MODEL, NetworkSpec

if TYPE_CHECKING:
    from live_classify.cli.loading import LoadingBar

Function = TypeVar("Function", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)
DEFAULT_MIN_CONFIDENCE = 0.2
_LONGEST_S = 4_000_000  # 46 days; threads can't wait much longer on every system


class FiniteRange(click.FloatRange):
    """A range that NaN isn't in."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:  # noqa: D102
        number = super().convert(value, parameter, context)
        if math.isnan(number):
            self.fail("nan is not a number.", parameter, context)
        return number


def loading_bar() -> LoadingBar:
    """What shows the progress of loading while the current command runs; silent with ``--quiet``."""
    from live_classify.cli.loading import LoadingBar

    context = click.get_current_context()
    bar = LoadingBar(quiet=bool(context.params.get("quiet")))
    context.call_on_close(bar.close)
    return bar


def network_options(function: Function) -> Function:
    """Add the options that are fields of :class:`~live_classify.spec.NetworkSpec`; the function receives ``spec``."""

    @functools.wraps(function)
    def gathered(**values: Any) -> Any:
        return function(spec=_taken_from(values), **values)

    return _with(_network_options(several=False), gathered)  # type: ignore[return-value]  # the signature is another


def several_network_options(function: Function) -> Function:
    """The same where ``--model`` may be repeated.

    The function receives ``models``, the names that were given, and ``spec`` for the first of them, or for the usual
    one.
    """

    @functools.wraps(function)
    def gathered(**values: Any) -> Any:
        models = values["model"]
        values["model"] = models[0] if models else DEFAULT_MODEL
        return function(spec=_taken_from(values), models=models, **values)

    return _with(_network_options(several=True), gathered)  # type: ignore[return-value]  # the signature is another


def _taken_from(values: dict[str, Any]) -> NetworkSpec:
    return NetworkSpec(**{field.name: values.pop(field.name) for field in fields(NetworkSpec)})


def _network_options(several: bool) -> list[Callable[[Any], Any]]:
    return [
        click.option(
            "--model",
            multiple=several,
            default=None if several else DEFAULT_MODEL,
            show_default=not several,
            metavar="NAME|PATH",
            help="Which network: a name that `live-classify models` lists, or a .keras, .h5, .tflite or SavedModel."
            + (f"  [default: {DEFAULT_MODEL}]" if several else ""),
        ),
        click.option(
            "--weights", type=_FILE, metavar="FILE", help="Weights for it (.h5), in place of those that are published."
        ),
        click.option("--labels", type=_FILE, help="Names of the classes: one a line, or index, id, name (tabs)."),
        click.option(
            "--preprocessing",
            metavar="none|unit|tf|torch|caffe|FILE.json",
            help="How a model of your own wants its pixels.  [default: its sidecar's, or none: RGB 0..255]",
        ),
        click.option(
            "--engine",
            type=EngineType(),
            default="auto",
            show_default=True,
            help="What runs the network.",
        ),
        click.option("--device", default="auto", show_default=True, metavar="auto|cpu|gpu[:N]", help="Where it runs."),
        click.option(
            "--precision",
            type=click.Choice(["auto", "float32", "float16", "int8"]),
            default="auto",
            show_default=True,
            help="Of its arithmetic; auto is what this processor is fast at.",
        ),
        click.option(
            "--calibration",
            type=_FILE,
            multiple=True,
            metavar="PATH",
            help="Pictures or recordings to adapt an int8 network to; may be repeated.",
        ),
        click.option(
            "--batch",
            type=click.IntRange(1, 1024),
            help="Frames a call at the most; many need memory.  [default: what suits]",
        ),
        click.option(
            "--top", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many labels to rank."
        ),
        click.option(
            "--fit",
            "resize",
            type=click.Choice(["crop", "squash", "pad"]),
            help="How a frame is resized to the network's square.  [default: crop]",
        ),
    ]


def answer_options(smooth_s: float | None, smooth_help: str) -> Callable[[Function], Function]:
    """Add ``--smooth`` and ``--min-confidence``."""
    options = [
        click.option(
            "--smooth",
            "smooth_s",
            metavar="SECONDS",
            type=FiniteRange(0, 3600),
            default=smooth_s,
            show_default=True,
            help=smooth_help,
        ),
        click.option(
            "--min-confidence",
            metavar="P",
            type=FiniteRange(0, 1),
            default=DEFAULT_MIN_CONFIDENCE,
            show_default=True,
            help="Below this probability say “not sure”.",
        ),
    ]
    return functools.partial(_with, options)


log_option = click.option(
    "--log", type=_FILE, metavar="FILE.jsonl|.csv", help="Write a row for each frame, with the network's own answers."
)
stats_option = click.option("--stats", type=_FILE, metavar="FILE.json", help="Write what the run amounted to.")
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace outputs that exist.")
quiet_option = click.option("--quiet", is_flag=True, help="Nothing on standard error but errors.")
no_window_option = click.option("--no-window", is_flag=True, help="Open no window.")
duration_option = click.option(
    "--duration", type=FiniteRange(0, _LONGEST_S, min_open=True), metavar="SECONDS", help="End after that long."
)


def part_options(function: Function) -> Function:
    """Add what says which frames of recordings are wanted."""
    moment = FiniteRange(0, _LONGEST_S)
    options = [
        click.option("--every", type=click.IntRange(1), default=1, metavar="N", help="Only every Nth frame."),
        click.option("--start", type=moment, default=0.0, metavar="SECONDS", help="From this media time on."),
        click.option("--end", type=moment, metavar="SECONDS", help="Up to this media time."),
        click.option(
            "--skip-still",
            is_flag=True,
            help="Don't classify frames that look like the last one classified; they take its answer.",
        ),
    ]
    return _with(options, function)


def segment_options(function: Function) -> Function:
    """Add the options that name outputs made of segments."""
    options = [
        click.option(
            "--segments", type=_FILE, metavar="FILE.csv|.jsonl", help="Write from when to when each label is seen."
        ),
        click.option(
            "--subtitles", type=_FILE, metavar="FILE.srt|.vtt", help="Write the labels as subtitles of the recording."
        ),
        click.option("--report", type=_FILE, metavar="FILE.html", help="Write a page with timelines and pictures."),
    ]
    return _with(options, function)


def folder_options(function: Function) -> Function:
    """Add the options for many recordings, with a set of outputs for each."""
    options = [
        click.option(
            "--out-dir",
            type=_FILE,
            metavar="DIR",
            help="Write a set of outputs for each recording there; a second run does what is missing.",
        ),
        click.option(
            "--write",
            metavar="KIND,...",
            help="Which outputs, with --out-dir: log, segments, video, subtitles, report.  [default: log,segments]",
        ),
        click.option(
            "--jobs",
            "at_a_time",
            type=click.IntRange(1, 64),
            metavar="N",
            help="Recordings to decode at a time, with --out-dir.  [default: 1]",
        ),
        click.option(
            "--ray",
            metavar="local|auto|ADDRESS",
            help="Have a Ray cluster do the work, with --out-dir; needs the extra live_classify[ray].",
        ),
        click.option(
            "--split",
            "split_minutes",
            type=FiniteRange(0, _LONGEST_S, min_open=True),
            metavar="MINUTES",
            help="With --ray, divide recordings that are longer among the workers.  [default: 10]",
        ),
    ]
    return _with(options, function)


def output_options(function: Function) -> Function:
    """Add the options that name outputs of video."""
    video = click.option("--output", type=_FILE, metavar="FILE.mp4", help="Write the annotated video.")
    return _with([video, log_option, stats_option, overwrite_option], function)


def _with(options: list[Callable[[Any], Any]], function: Function) -> Function:
    for option in reversed(options):
        function = option(function)
    return function
