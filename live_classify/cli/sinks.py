"""From the options that name outputs to the sinks that write them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.cli.console import closing_line, note
from live_classify.core.errors import OutputError
from live_classify.core.protocols import Sink
from live_classify.core.whole_file import write_whole
from live_classify.outputs.factory import Outputs, log_sink, video_sink
from live_classify.outputs.paths import check_outputs

if TYPE_CHECKING:
    from live_classify.core.protocols import Source
    from live_classify.flow.pipeline import Pipeline


def check_video_outputs(
    output: Path | None, log: Path | None, stats: Path | None, inputs: Iterable[Path], overwrite: bool
) -> None:
    """Refuse outputs of video that can't be written, before any work is done; see :func:`check_outputs`."""
    Outputs(video=output, log=log).check_kinds()
    check_outputs({"--output": output, "--log": log, "--stats": stats}, inputs, overwrite)


def make_sinks(output: Path | None, log: Path | None, top: int, source: Source, recording: Path | None) -> list[Sink]:
    """The sinks for an annotated video and a log.

    Args:
        output: the video, if any.
        log: the log, if any.
        top: how many labels a row of it holds.
        source: of the frames; its rate is a hint.
        recording: the file that the source reads, for its sound; None where there is none.
    """
    sinks: list[Sink] = []
    if log is not None:
        sinks.append(log_sink(log, top))
    if output is not None:
        sinks.append(video_sink(output, source, recording))
    return sinks


@contextlib.contextmanager
def summed_up(
    command: str, pipeline: Pipeline, written: Sequence[Path | None], stats: Path | None, quiet: bool
) -> Iterator[None]:
    """Write the statistics when the block that runs the pipeline ends, however it ends; say what came of a good run.

    Args:
        command: which command it is.
        pipeline: what runs.
        written: what its sinks write, to be named.
        stats: the statistics' file, if any.
        quiet: say nothing.

    Raises:
        OutputError: the statistics could not be written, and nothing else had failed.
    """
    try:
        yield
    except BaseException:
        with contextlib.suppress(OutputError):  # the first failure is the one to report
            save_stats(stats, command, pipeline)
        raise
    save_stats(stats, command, pipeline)
    if not quiet and pipeline.answer_meter.frames:
        note(closing_line(pipeline, [*written, stats]))


def save_stats(path: Path | None, command: str, pipeline: Pipeline) -> None:
    """Write ``--stats``, if asked for.

    Raises:
        OutputError: it could not be written.
    """
    if path is None:
        return
    from live_classify.outputs.stats import run_stats

    text = json.dumps(run_stats(command, pipeline), indent=2, ensure_ascii=False) + "\n"
    write_whole(path, text)
