"""From the options that name outputs to the sinks that write them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.cli.console import closing_line, note
from live_classify.errors import OutputError, UsageError
from live_classify.outputs.base import Deferred, Sink
from live_classify.outputs.log import open_log
from live_classify.outputs.paths import check_outputs

if TYPE_CHECKING:
    from live_classify.frames import BgrImage, Frame, Prediction
    from live_classify.pipeline.pipeline import Pipeline
    from live_classify.sources.base import Source


def require_suffix(option: str, path: Path | None, *suffixes: str) -> None:
    """Raise UsageError unless the option's file, if one is given, has one of the endings."""
    if path is not None and path.suffix.lower() not in suffixes:
        raise UsageError(f"{option} {path}: its name must end in {' or '.join(suffixes)}")


def check_video_outputs(
    output: Path | None, log: Path | None, stats: Path | None, inputs: Iterable[Path], overwrite: bool
) -> None:
    """Refuse outputs of video that can't be written, before any work is done; see :func:`check_outputs`."""
    require_suffix("--output", output, ".mp4")
    if output is not None and output.exists() and not (output.is_file() or output.is_dir()):
        raise OutputError(f"cannot write a video to {output}: it must be a file, whose beginning can be written last")
    require_suffix("--log", log, ".jsonl", ".csv")
    check_outputs({"--output": output, "--log": log, "--stats": stats}, inputs, overwrite)


def make_sinks(output: Path | None, log: Path | None, top: int, source: Source | None = None) -> list[Sink]:
    """The sinks for an annotated video and a log.

    Args:
        output: the video, if any.
        log: the log, if any.
        top: how many labels a row of it holds.
        source: of the video's frames; its rate is a hint.
    """
    sinks: list[Sink] = []
    if log is not None:
        sinks.append(Deferred(lambda: open_log(log, top)))
    if output is not None:
        sinks.append(Deferred(lambda: _open_video(output, source)))
    return sinks


def annotated(frame: Frame, prediction: Prediction) -> BgrImage:
    """A copy of the frame with its label drawn on."""
    from live_classify.view.overlay import Caption, draw

    picture: BgrImage = frame.bgr.copy()
    draw(picture, Caption(prediction.stable))
    return picture


def _open_video(path: Path, source: Source | None) -> Sink:
    from live_classify.outputs.video import VideoSink

    return VideoSink(path, annotated, (source and source.frame_rate) or 30.0)


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
    from live_classify.pipeline.stats import run_stats

    text = json.dumps(run_stats(command, pipeline), indent=2, ensure_ascii=False) + "\n"
    try:
        if path.exists() and not path.is_file():  # a pipe or a device
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
            return
        part = path.with_name(f"{path.name}.part")  # so that a full disk doesn't cost the statistics of an earlier run
        try:
            part.write_text(text, encoding="utf-8", errors="backslashreplace")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
