"""Many recordings into one folder: which files belong to each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from live_classify.core.errors import SourceOpenError, UsageError
from live_classify.jobs.job import Job
from live_classify.outputs.factory import Answering, Outputs
from live_classify.sources.files import VIDEO_SUFFIXES, expand

ENDINGS: Mapping[str, tuple[str, str]] = {
    "log": ("log", ".jsonl"),
    "segments": ("segments", ".segments.csv"),
    "video": ("video", ".labelled.mp4"),
    "subtitles": ("subtitles", ".srt"),
    "report": ("report", ".html"),
}
"""What can be written for each recording: its field in :class:`Outputs`, and what is added to the recording's name."""

DEFAULT_KINDS = ("log", "segments")


def plan(names: Iterable[str], folder: Path, kinds: Sequence[str], answering: Answering) -> list[Job]:
    """One job for each recording. What lies in a folder that is given keeps its path below it.

    Args:
        names: files, folders and globs.
        folder: where the outputs go. Recordings in it are outputs of an earlier run, and left out.
        kinds: what to write, of :data:`ENDINGS`.
        answering: how recordings are answered.

    Raises:
        SourceOpenError: a folder or a glob holds nothing.
        UsageError: two recordings would have the same outputs.
    """
    jobs: dict[Path, Job] = {}
    inside = folder.resolve()
    for name in names:
        below = Path(name) if Path(name).is_dir() else None
        for source in expand([name], VIDEO_SUFFIXES):
            path = Path(source)
            if below is not None and inside in path.resolve().parents:
                continue
            stem = folder / (path.name if below is None else path.relative_to(below))
            known = jobs.get(stem)
            if known is not None and Path(known.source).resolve() == path.resolve():
                continue
            if known is not None:
                raise UsageError(f"{known.source} and {source} would both be written to {stem}.*")
            files = {ENDINGS[kind][0]: stem.with_name(stem.name + ENDINGS[kind][1]) for kind in kinds}
            jobs[stem] = Job(source, Outputs(**files), answering)
    if not jobs:
        raise SourceOpenError(f"no recording to classify, but for those in {folder}")
    return list(jobs.values())
