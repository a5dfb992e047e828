"""Where and when labels are seen, in recordings and in logs made earlier."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.answers.search import matches
from live_classify.answers.segments import Segment, Segmenter
from live_classify.core.errors import UsageError
from live_classify.jobs.manifest import NAME as MANIFEST
from live_classify.outputs.factory import Answering
from live_classify.outputs.log_reader import Log
from live_classify.sources.files import VIDEO_SUFFIXES, expand

if TYPE_CHECKING:
    from live_classify.classifier import Classifier

LOG_SUFFIXES = (".jsonl", ".csv")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A stretch of a recording that shows what was looked for."""

    source: str
    """Name of the recording, which has a number where one was given twice."""
    recording: Path
    """Its file."""
    segment: Segment


def inputs_of(names: list[str]) -> tuple[list[str], list[Path]]:
    """Recordings, and logs, that are meant by files, folders and globs.

    A folder that ``--out-dir`` wrote stands for the logs in it, any other for its recordings.

    Raises:
        SourceOpenError: a folder or glob holds nothing of the kind.
    """
    recordings: list[str] = []
    logs: list[Path] = []
    for name in names:
        if os.path.isfile(os.path.join(name, MANIFEST)):  # noqa: PTH113, PTH118 (Path raises on names that are too long)
            logs += [Path(log) for log in expand([name], (".jsonl",)) if Path(log).name != MANIFEST]
            continue
        for file in expand([name], VIDEO_SUFFIXES):
            if Path(file).suffix.lower() in LOG_SUFFIXES:
                logs.append(Path(file))
            else:
                recordings.append(file)
    return recordings, logs


def find_in_log(wanted: str, path: Path, answering: Answering) -> Iterator[Sighting]:
    """The stretches that a log tells of.

    Raises:
        SourceOpenError: it isn't a log.
    """
    log = Log(path)
    segmenter: Segmenter | None = None
    source = ""
    for row in log.rows():
        if segmenter is None or row.source != source:
            if segmenter is not None:
                yield from _of(wanted, source, Path(source), segmenter.finish())
            segmenter = Segmenter(answering.segments_smooth_s, answering.min_confidence, log.label)
            source = row.source
        yield from _of(wanted, source, Path(source), segmenter.add(row.time_s, log.probabilities(row)))
    if segmenter is not None:
        yield from _of(wanted, source, Path(source), segmenter.finish())


class Sightings:
    """Takes the segments of recordings that are being classified, and keeps what was looked for.

    Args:
        wanted: what is looked for.
        recordings: the file of each recording, by its name.
    """

    def __init__(self, wanted: str, recordings: Mapping[str, Path]) -> None:
        self._wanted = wanted
        self._recordings = recordings
        self.kept: list[Sighting] = []

    def write_segment(self, source: str, segment: Segment) -> None:
        """Take a segment; see :class:`~live_classify.outputs.segments.SegmentWriter`."""
        self.kept += _of(self._wanted, source, self._recordings[source], iter([segment]))

    def close(self) -> None:
        """Nothing is left open."""


def require_known(wanted: str, classifier: Classifier) -> None:
    """Raise UsageError unless the network has such a label."""
    names = classifier.labels
    if not any(matches(wanted, label_id, name) for label_id, name in zip(names.ids, names.names, strict=True)):
        raise UsageError(f"{classifier.network.name} has no label with the words {wanted}")


def _of(wanted: str, source: str, recording: Path, segments: Iterator[Segment]) -> Iterator[Sighting]:
    for segment in segments:
        if matches(wanted, segment.label.id, segment.label.name):
            yield Sighting(source, recording, segment)
