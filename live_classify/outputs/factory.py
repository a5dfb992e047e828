"""What is written about recordings: from file names to outlets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.core.errors import OutputError
from live_classify.core.protocols import Sink
from live_classify.flow.outlet import Outlet
from live_classify.outputs.deferred import Deferred
from live_classify.outputs.paths import require_suffix
from live_classify.sources.excerpt import WHOLE, Part

if TYPE_CHECKING:
    from live_classify.core.protocols import Source
    from live_classify.core.values import Answered, BgrImage
    from live_classify.models.records.labels import Labels

AND = " and "
"""Parts the names of files that one outlet writes."""

SEGMENTS_SMOOTH_S = 0.3
"""Time constant of segments where none is asked for: that of the label that is shown live."""


@dataclass(frozen=True, slots=True)
class Answering:
    """How recordings are answered."""

    smooth_s: float | None = None
    """Time constant of the stable label; None: 0 for the one that is drawn, 0.3 for segments and what they become."""
    min_confidence: float = 0.0
    part: Part = WHOLE
    skip_still: bool = False

    @property
    def drawn_smooth_s(self) -> float:
        """Time constant of the label that is drawn: by default each frame says what it shows itself."""
        return self.smooth_s or 0.0

    @property
    def segments_smooth_s(self) -> float:
        """Time constant of segments, subtitles and the report."""
        return SEGMENTS_SMOOTH_S if self.smooth_s is None else self.smooth_s


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files to write; None where one isn't wanted."""

    video: Path | None = None
    log: Path | None = None
    segments: Path | None = None
    subtitles: Path | None = None
    report: Path | None = None
    answers: Path | None = None
    """Every frame's probabilities, for another job to go on with; no option names it."""

    @property
    def paths(self) -> Sequence[Path]:
        """The files that are wanted."""
        return [path for path in astuple(self) if path is not None]

    def renamed(self, rename: Callable[[Path], Path]) -> Outputs:
        """The same outputs in other files."""
        return Outputs(*(None if path is None else rename(path) for path in astuple(self)))

    def by_option(self) -> Mapping[str, Path | None]:
        """The files by the option that names each."""
        return {
            "--output": self.video,
            "--log": self.log,
            "--segments": self.segments,
            "--subtitles": self.subtitles,
            "--report": self.report,
        }

    def check_kinds(self) -> None:
        """Refuse files whose names say another format than they would have.

        Raises:
            UsageError: the wrong ending.
            OutputError: a video can't be written to a pipe or device.
        """
        require_suffix("--output", self.video, ".mp4")
        require_suffix("--log", self.log, ".jsonl", ".csv")
        require_suffix("--segments", self.segments, ".csv", ".jsonl")
        require_suffix("--subtitles", self.subtitles, ".srt", ".vtt")
        require_suffix("--report", self.report, ".html", ".htm")
        video = self.video
        if video is not None and video.exists() and not (video.is_file() or video.is_dir()):
            raise OutputError(
                f"cannot write a video to {video}: it must be a file, whose beginning can be written last"
            )


def open_outlets(
    outputs: Outputs, answering: Answering, labels: Labels, top: int, source: Source, recording: Path | None
) -> list[Outlet]:
    """The outlets that write the outputs. Files are created when there is something to write.

    Args:
        outputs: the files.
        answering: how the frames are answered.
        labels: the names of the network's classes.
        top: how many labels a row of the log holds.
        source: of the frames; its rate is a hint.
        recording: the file that the source reads, for its sound and its clock; None where there is none.
    """
    outlets: list[Outlet] = []
    if outputs.log is not None:
        outlets.append(log_outlet(outputs.log, top))
    if outputs.video is not None:
        outlets.append(video_outlet(outputs.video, source, recording, answering.part))
    if outputs.answers is not None:
        from live_classify.outputs.answers import AnswersSink

        outlets.append(Outlet(AnswersSink(outputs.answers), name=str(outputs.answers)))
    if outputs.segments or outputs.subtitles or outputs.report:
        outlets.append(_segments_outlet(outputs, answering, labels, recording))
    return outlets


def annotated(answered: Answered) -> BgrImage:
    """A copy of the frame with its label drawn on."""
    from live_classify.imaging.overlay import Caption, draw

    picture: BgrImage = answered.frame.bgr.copy()
    draw(picture, Caption(answered.prediction.stable))
    return picture


def log_outlet(path: Path, top: int) -> Outlet:
    """A log, with ``top`` labels in a row."""
    from live_classify.outputs.log import open_log

    return Outlet(Deferred(lambda: open_log(path, top)), name=str(path))


def video_outlet(path: Path, source: Source, recording: Path | None, part: Part = WHOLE) -> Outlet:
    """An annotated video of a source, or of a part of it, with the sound of its recording if that has any."""
    from live_classify.outputs.video import VideoSink

    def open_video() -> Sink:
        rate = source.status().frame_rate or 30.0  # known once the source is open
        return VideoSink(path, annotated, rate / part.every, recording, part.start_s, part.end_s)

    return Outlet(Deferred(open_video), name=str(path))


def _segments_outlet(outputs: Outputs, answering: Answering, labels: Labels, recording: Path | None) -> Outlet:
    """One outlet for all that is made of segments, each found once."""
    from live_classify.answers.segments import Segmenter
    from live_classify.outputs.report import Report
    from live_classify.outputs.segments import SegmentSink, SegmentTable, SegmentWriter
    from live_classify.outputs.subtitles import Subtitles, picture_offset_s

    def segmenter() -> Segmenter:
        return Segmenter(answering.segments_smooth_s, answering.min_confidence, labels.label)

    def sink() -> Sink:
        writers: list[SegmentWriter] = []
        report = None if outputs.report is None else Report(outputs.report)
        if outputs.segments is not None:
            writers.append(SegmentTable(outputs.segments))
        if outputs.subtitles is not None:
            offset_s = 0.0 if recording is None else picture_offset_s(recording)
            writers.append(Subtitles(outputs.subtitles, offset_s))
        if report is not None:
            writers.append(report)
        return SegmentSink(segmenter, writers, [] if report is None else [report])

    names = [str(path) for path in (outputs.segments, outputs.subtitles, outputs.report) if path is not None]
    return Outlet(Deferred(sink), name=AND.join(names))
