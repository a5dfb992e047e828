"""One recording to classify: a plain value, and the one function that does it, wherever it runs."""

from __future__ import annotations

import contextlib
import glob
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.core.errors import LiveClassifyError, OutputError
from live_classify.core.one_line import one_line
from live_classify.outputs.factory import Answering, Outputs, open_outlets

if TYPE_CHECKING:
    from live_classify.answers.tally import Tally
    from live_classify.classifier import Classifier
    from live_classify.core.values import Answered
    from live_classify.flow.monitor import RunSnapshot

_LOOK_EVERY_S = 0.1
_MOST_LABELS = 3


@dataclass(frozen=True, slots=True)
class Job:
    """A recording, how it is answered, and where what is written about it goes."""

    source: str
    """The file, as the user named it."""
    outputs: Outputs
    answering: Answering = field(default_factory=Answering)
    answered: tuple[Path, ...] = ()
    """Files of answers found before, one after the other, that take the place of the network."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job."""

    job: Job
    frames: int = 0
    media_s: float = 0.0
    """Media time of the last frame."""
    elapsed_s: float = 0.0
    written: tuple[Path, ...] = ()
    seen: tuple[tuple[str | None, float], ...] = ()
    """The most frequent labels (None: not sure) with their share of the frames, 0 to 1."""
    error: str | None = None
    """Why it failed, or what is missing of the recording."""


class StoppedError(LiveClassifyError):
    """The job was told to stop; nothing of it is left."""


def run_job(
    job: Job, classifier: Classifier, stop: threading.Event, on_progress: Callable[[float], None] = lambda _: None
) -> Outcome:
    """Classify a recording. What is written appears under its final name when it is complete, and not before.

    A recording that can't be read, or not to its end, an output that can't be written, and whatever else goes wrong
    with this recording is an outcome with an error: trying again would change nothing, and others can go on.

    Args:
        job: what to do.
        classifier: a network, which other jobs may share.
        stop: set from another thread to give up.
        on_progress: told from time to time how much is done, 0 to 1.

    Raises:
        StoppedError: it was told to.
    """
    start_s = time.monotonic()
    try:
        return _done(job, classifier, stop, on_progress, start_s)
    except StoppedError:
        raise
    except Exception as error:  # noqa: BLE001 (a fault of one recording must not end the others)
        return Outcome(job, elapsed_s=time.monotonic() - start_s, error=failure_of(job, error))


def _done(
    job: Job, classifier: Classifier, stop: threading.Event, on_progress: Callable[[float], None], start_s: float
) -> Outcome:
    with _unfinished(job.outputs) as parts:
        run, tally = _classify(job, parts, classifier, stop, on_progress)
        written = _publish(parts, job.outputs)
    seen = tuple((share.name, share.frames / tally.frames) for share in tally.shares()[:_MOST_LABELS])
    problems = "; ".join(failure_of(job, error) for error in run.errors)
    return Outcome(
        job,
        frames=run.classified,
        media_s=0.0 if run.newest is None else run.newest.frame.time_s,
        elapsed_s=time.monotonic() - start_s,
        written=written,
        seen=seen,
        error=problems or None,
    )


def _classify(
    job: Job, outputs: Outputs, classifier: Classifier, stop: threading.Event, on_progress: Callable[[float], None]
) -> tuple[RunSnapshot, Tally]:
    from live_classify.answers.tally import Tally
    from live_classify.flow.pipeline import Pipeline
    from live_classify.imaging.still_frames import StillFrames
    from live_classify.jobs.replay import replaying
    from live_classify.sources.open import recorded_source, recording_file

    answering, tally = job.answering, Tally()
    source = recorded_source(job.source, answering.part)
    if job.answered:
        classifier = replaying(classifier, job.answered)
    recording = recording_file(job.source)
    outlets = open_outlets(outputs, answering, classifier.labels, classifier.top, source, recording)
    pipeline = Pipeline(
        [source],
        classifier,
        live=False,
        sinks=[*outlets, _Count(tally)],
        smooth_s=answering.drawn_smooth_s,
        min_confidence=answering.min_confidence,
        fresh_filter=StillFrames() if answering.skip_still else None,
    )
    with pipeline:
        while not pipeline.wait(_LOOK_EVERY_S):
            if stop.is_set():
                raise StoppedError(f"{job.source}: stopped")
            run = pipeline.monitor.snapshot()
            frame_count = run.sources[0].status.frame_count
            if run.newest is not None and frame_count:
                on_progress(min(1.0, (run.newest.frame.index + 1) / frame_count))
    return pipeline.monitor.snapshot(), tally


class _Count:
    """A sink that counts labels."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def write(self, answered: Answered) -> None:
        self._tally.add(answered.prediction)

    def close(self) -> None:
        """Nothing is left open."""


@contextlib.contextmanager
def _unfinished(outputs: Outputs) -> Iterator[Outputs]:
    """Names beside the final ones for files that aren't complete; whatever is there at the end is removed.

    They are like nobody else's: of a machine that was taken for lost, the job may still run.
    """
    mark = uuid.uuid4().hex[:8]
    parts = outputs.renamed(lambda path: path.with_name(f".part-{mark}-{path.name}"))
    try:
        for path in outputs.paths:
            path.parent.mkdir(parents=True, exist_ok=True)
        yield parts
    finally:
        for path in parts.paths:
            path.unlink(missing_ok=True)


def remove_leftovers(jobs: Iterable[Job]) -> None:
    """Remove incomplete files of a run that was killed. Not while another one works on the same outputs."""
    for job in jobs:
        for path in job.outputs.paths:
            for part in path.parent.glob(f".part-*-{glob.escape(path.name)}"):
                part.unlink(missing_ok=True)


def _publish(parts: Outputs, outputs: Outputs) -> tuple[Path, ...]:
    """Give complete files their final names, once they are safely on the disk."""
    published = []
    for part, path in zip(parts.paths, outputs.paths, strict=True):
        if not part.exists():  # of a recording without a frame
            continue
        try:
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from error
        published.append(path)
    return tuple(published)


def failure_of(job: Job, error: Exception) -> str:
    """What a job failed of, in one line: an error that nobody foresaw with its class and the recording's name."""
    if isinstance(error, LiveClassifyError):
        return " ".join(str(error).split())
    words = one_line(error)
    kind = type(error).__name__
    return f"{job.source}: unexpected {kind}" + ("" if words == kind else f": {words}")
