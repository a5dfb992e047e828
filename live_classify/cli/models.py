"""``live-classify models``: what can be used."""

from __future__ import annotations

import click

from live_classify.cli.console import say


@click.command()
def models() -> None:
    """List the networks that can be used, and what is on this machine already."""
    from live_classify.models.catalogue import DEFAULT, NETWORKS

    rows = [("network", "input", "parameters", "engines", "here already", "licence")]
    for network in NETWORKS.values():
        height, width = network.input_size
        name = f"{network.name} (default)" if network.name == DEFAULT else network.name
        engines = f"keras float32, litert {'/'.join(network.litert)}"
        rows.append((name, f"{width}x{height}", f"{network.parameters / 1e6:.1f} M", engines, "yes", network.licence))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
