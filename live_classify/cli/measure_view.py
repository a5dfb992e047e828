"""The tables of ``measure`` while they fill, on a terminal only."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

from live_classify.cli.loading import LoadingBar

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from live_classify.measure.result import Measurement


class MeasureView:
    """Shows what is measured so far, below what takes long meanwhile; silent with ``--quiet``, tables not in a pipe.

    Args:
        quiet: show nothing.
    """

    def __init__(self, quiet: bool) -> None:
        self._bar = LoadingBar(quiet)
        self._tables = not quiet and sys.stderr.isatty()
        self._live: Live | None = None

    def progress(self, what: str, done: int, total: int) -> None:
        """Say what takes long; see :data:`~live_classify.models.weights.origin.Progress`."""
        self._stop()  # two of rich's displays don't share a terminal
        self._bar(what, done, total)

    def show(self, result: Measurement) -> None:
        """Show what is known so far."""
        self._bar.close()
        if not self._tables:
            return
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True, redirect_stdout=False)
            self._live.start()
        self._live.update(_tables(result), refresh=True)

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __enter__(self) -> MeasureView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._bar.close()


def _tables(result: Measurement) -> RenderableType:
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from live_classify.measure.text import sections

    parts: list[RenderableType] = []
    for section in sections(result):
        if not section.rows:
            continue
        table = Table(*section.headings, box=box.SIMPLE, show_header=bool(section.headings), pad_edge=False)
        for row in section.rows:
            table.add_row(*map(Text, row))
        parts.append(table)
    return Group(*parts)
