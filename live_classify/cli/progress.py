"""The progress bar of recorded work, on a terminal only."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from live_classify.pipeline.pipeline import Pipeline


@contextlib.contextmanager
def progress_of(pipeline: Pipeline, quiet: bool) -> Iterator[Callable[[], None]]:
    """Show a bar with the recording's name, frames, frames a second and the time left.

    Yields:
        A function that brings the bar up to date.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[fps]:.0f} fps"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,  # results belong to standard output even while the bar is there
    )
    sources = {source.name: (number, source) for number, source in enumerate(pipeline.sources, start=1)}
    with bar:
        task = bar.add_task("opening", total=None, fps=0.0)
        shown = ""

        def update() -> None:
            nonlocal shown
            result = pipeline.newest_result.get()
            if result is None:
                return
            frame, _ = result
            number, source = sources[frame.source]
            if frame.source != shown:  # each recording has its own speed, and so its own time left
                shown = frame.source
                position = f" ({number} of {len(sources)})" if len(sources) > 1 else ""
                bar.reset(task, total=source.frame_count, description=f"{shown}{position}")
            bar.update(task, completed=frame.index + 1, fps=pipeline.answer_meter.fps)

        yield update
