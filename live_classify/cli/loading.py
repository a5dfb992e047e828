"""What is shown while a network is made ready: weights that are fetched, a conversion."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from live_classify.cli.console import note, on_one_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class LoadingBar:
    """Says what takes long: a bar on a terminal where the size is known, a line otherwise.

    Args:
        quiet: say nothing.
    """

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._what = ""
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take a word of progress; see :data:`~live_classify.models.weights.origin.Progress`."""
        if self._quiet:
            return
        if what != self._what:
            self.close()
            self._what = what
            if total and sys.stderr.isatty():
                self._open(what, total)
            else:
                note(what)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)

    def close(self) -> None:
        """Take the bar away, if there is one."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _open(self, what: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
        )
        self._task = self._bar.add_task(on_one_line(what), total=total)
        self._bar.start()
