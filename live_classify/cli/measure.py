"""``live-classify measure``: how fast this machine is, and what stands in the way."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from live_classify.cli.console import note, say
from live_classify.cli.options import (
    FiniteRange,
    loading_bar,
    overwrite_option,
    quiet_option,
    several_network_options,
)
from live_classify.core.errors import UsageError
from live_classify.spec import NetworkSpec

if TYPE_CHECKING:
    from live_classify.measure.result import Measurement
    from live_classify.measure.session import Setup

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("source", required=False)
@several_network_options
@click.option("--sweep", is_flag=True, help="Time every engine, precision, batch and number of workers.")
@click.option("--save", is_flag=True, help="Store the fastest for this machine, for `auto` to take from now on.")
@click.option("--json", "json_file", type=_FILE, metavar="FILE", help="Write the figures, each round's too.")
@click.option("--html", "html_file", type=_FILE, metavar="FILE", help="Write one page with plots.")
@click.option("--compare", nargs=2, type=_FILE, metavar="BEFORE AFTER", help="Compare two files of --json instead.")
@click.option("--baseline", type=_FILE, metavar="FILE", help="Compare with a file of --json afterwards.")
@click.option(
    "--fail-under",
    type=FiniteRange(0, 100, min_open=True),
    metavar="RATIO",
    help="Exit with status 1 if the whole is slower than that times the baseline.",
)
@overwrite_option
@quiet_option
def measure(
    source: str | None,
    spec: NetworkSpec,
    models: tuple[str, ...],
    sweep: bool,
    save: bool,
    json_file: Path | None,
    html_file: Path | None,
    compare: tuple[Path, Path] | None,
    baseline: Path | None,
    fail_under: float | None,
    overwrite: bool,
    quiet: bool,
) -> int:
    """Measure each stage alone, then the whole program, and say what limits it and what would change that.

    SOURCE is a recording, a camera, a stream or `synthetic:`; without one it is the clip that ships with the program.
    It takes less than a minute with the usual network. With --sweep every engine is timed in every layout, which takes
    longer; several networks may be named then (--model, more than once).

    Figures are medians of several rounds of the same work, run in turns; `spread` is how far the rounds lie apart.
    Warm-up isn't in them. `agree` is the part of pictures on which an engine names the same class as the first line
    does, with nearly the same probability.
    """
    from live_classify.core.whole_file import write_whole
    from live_classify.measure.result import read_measurement
    from live_classify.outputs.paths import check_outputs, require_suffix

    if compare is not None:
        if source is not None or any((sweep, save, json_file, html_file, baseline, fail_under)):
            raise UsageError("--compare reads two files and measures nothing: no other option goes with it")
        return _compare(read_measurement(compare[0]), read_measurement(compare[1]))
    if fail_under is not None and baseline is None:
        raise UsageError("--fail-under goes with --baseline")
    if len(models) > 1 and not sweep:
        raise UsageError(f"one network is measured, or several with --sweep; {len(models)} were given")
    if len(models) > 1 and (spec.weights or spec.labels or spec.preprocessing):
        raise UsageError("--weights, --labels and --preprocessing are for one network, but several were given")
    before = None if baseline is None else read_measurement(baseline)
    named = [replace(spec, model=name) for name in models or _at_hand(spec, sweep)]
    read = [path for one in named for path in one.files]
    read += [path for path in (baseline, None if source is None else Path(source)) if path is not None]
    require_suffix("--json", json_file, ".json")
    require_suffix("--html", html_file, ".html", ".htm")
    check_outputs({"--json": json_file, "--html": html_file}, read, overwrite)

    result = _measured(source, [_setup(one) for one in named], sweep, before, quiet)
    _print(result, quiet)
    if json_file is not None:
        write_whole(json_file, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    if html_file is not None:
        from live_classify.measure.page import page

        write_whole(html_file, page(result))
    if save:
        _store(result, spec, quiet)
    return 0 if before is None else _compare(before, result, fail_under)


def _at_hand(spec: NetworkSpec, sweep: bool) -> list[str]:
    """The networks to measure where none is named: the usual one, in a sweep all whose weights are here."""
    from live_classify.models.catalogue.networks import NETWORKS

    plain = not (spec.weights or spec.labels or spec.preprocessing)
    others = (
        [name for name, network in NETWORKS.items() if network.weights.find() is not None] if sweep and plain else []
    )
    return list(dict.fromkeys([spec.model, *others]))


def _setup(spec: NetworkSpec) -> Setup:
    from live_classify.measure.session import Setup

    classifier = spec.load(loading_bar())
    return Setup(classifier.network, spec.wishes, spec.calibration_for(classifier.network), classifier)


def _measured(
    source: str | None, setups: Sequence[Setup], sweep: bool, before: Measurement | None, quiet: bool
) -> Measurement:
    from live_classify.cli.measure_view import MeasureView
    from live_classify.measure.comparison import require_same_work
    from live_classify.measure.session import Session
    from live_classify.measure.subject import material
    from live_classify.outputs.stats import process_start_s

    process_s = time.monotonic() - process_start_s()
    with MeasureView(quiet) as view, ExitStack() as stack:
        for setup in setups:
            stack.enter_context(setup.classifier)
        session = Session(setups[0], material(source), view.progress, view.show, process_s)
        if before is not None:
            require_same_work(before, session.result)
        return session.run(setups if sweep else ())


def _print(result: Measurement, quiet: bool) -> None:
    from live_classify.measure.text import lines, noise_warning, sections

    for line in lines([*sections(result)]):
        say(line)
    warning = noise_warning(result)
    if warning is not None and not quiet:
        note(warning)


def _store(result: Measurement, spec: NetworkSpec, quiet: bool) -> None:
    from live_classify.engines.stored import choices_file, store_choice
    from live_classify.measure.engines import choice_of, fastest_rows

    for row in fastest_rows(result["table"], spec.wishes):
        store_choice(row["model"], row["goal"], choice_of(row))
    if not quiet:
        note(f"stored in {choices_file()}")


def _compare(before: Measurement, after: Measurement, fail_under: float | None = None) -> int:
    """Print what changed; returns the exit status."""
    from live_classify.measure.comparison import Comparison

    comparison = Comparison(before, after)
    for line in comparison.lines():
        say(line)
    slower = [] if fail_under is None else comparison.slower_than(fail_under)
    for figure in slower:
        note(f"live-classify: {figure.name} is {figure.ratio:.2f} x the baseline, less than {fail_under:g}")
    return 1 if slower else 0
