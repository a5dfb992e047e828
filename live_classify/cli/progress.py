"""The progress bar of recorded work, on a terminal only."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.cli.console import on_one_line

if TYPE_CHECKING:
    from live_classify.flow.monitor import Monitor
    from live_classify.jobs.job import Job


@contextlib.contextmanager
def progress_of_jobs(jobs: Sequence[Job], quiet: bool) -> Iterator[Callable[[Job, float], None]]:
    """Show one bar for many recordings, each counted by its size, with the time left.

    Yields:
        A function that takes how much of a job is done, 0 to 1; any thread may call it.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    sizes = {job.source: _size(job.source) for job in jobs}
    done = dict.fromkeys(sizes, 0.0)
    bar = Progress(
        TextColumn("{task.fields[finished]} of {task.fields[all]} recordings", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # results go above the bar; what isn't shown isn't touched
    )
    with bar:
        task = bar.add_task("", total=sum(sizes.values()), finished=0, all=len(sizes))

        def update(job: Job, part: float) -> None:
            done[job.source] = part
            completed = sum(part * sizes[source] for source, part in list(done.items()))
            bar.update(task, completed=completed, finished=sum(part == 1 for part in list(done.values())))

        yield update


def _size(name: str) -> int:
    try:
        return max(1, Path(name).stat().st_size)
    except OSError:
        return 1


@contextlib.contextmanager
def progress_of(monitor: Monitor, quiet: bool) -> Iterator[Callable[[], None]]:
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
    with bar:
        task = bar.add_task("opening", total=None, fps=0.0)
        shown = ""

        def update() -> None:
            nonlocal shown
            run = monitor.snapshot()
            if run.newest is None:
                return
            frame = run.newest.frame
            if frame.source != shown:  # each recording has its own speed, and so its own time left
                shown = frame.source
                names = [source.name for source in run.sources]
                number = names.index(shown)
                position = f" ({number + 1} of {len(names)})" if len(names) > 1 else ""
                frame_count = run.sources[number].status.frame_count
                bar.reset(task, total=frame_count, description=f"{on_one_line(shown)}{position}")
            bar.update(task, completed=frame.index + 1, fps=run.answer_fps)

        yield update
