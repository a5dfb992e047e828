"""Segments as subtitles, to be shown beside the untouched recording: SubRip (.srt) or WebVTT (.vtt)."""

from __future__ import annotations

import html
from pathlib import Path

from live_classify.answers.segments import Segment
from live_classify.core.errors import UsageError
from live_classify.outputs.files import RowFile
from live_classify.sources.container import picture_start_s

# SubRip has no way to write as text what would be a tag, such as "<i>" or "{\\an8}".
_SRT_STAND_INS = str.maketrans("<>{}", "()()")


class Subtitles:
    """Writes one cue for each segment: its label with its mean probability."""

    def __init__(self, path: Path, offset_s: float = 0.0) -> None:
        """Create or empty the file.

        Args:
            path: a ``.srt`` or ``.vtt`` file.
            offset_s: where a player's clock stands when the picture begins, whose clock media times are.

        Raises:
            UsageError: another suffix.
            OutputError: the file can't be created.
        """
        kind = path.suffix.lower()
        if kind not in {".srt", ".vtt"}:
            raise UsageError(f"subtitles go to a .srt or a .vtt file, not {path}")
        self._vtt = kind == ".vtt"
        self._offset_s = offset_s
        self._cues = 0
        self._file = RowFile(path)
        if self._vtt:
            self._file.write_row("WEBVTT\n\n")

    def write_segment(self, source: str, segment: Segment) -> None:  # noqa: ARG002 (one recording has one file)
        """Write one cue; see :class:`~live_classify.outputs.segments.SegmentWriter`."""
        self._cues += 1
        start_ms = max(0, round((segment.start_s + self._offset_s) * 1000))
        end_ms = max(start_ms + 1, round((segment.end_s + self._offset_s) * 1000))
        name = " ".join(segment.label.text.split()) or "(no name)"
        name = html.escape(name, quote=False) if self._vtt else name.translate(_SRT_STAND_INS)
        heading = "" if self._vtt else f"{self._cues}\n"
        times = f"{self._time(start_ms)} --> {self._time(end_ms)}"
        self._file.write_row(f"{heading}{times}\n{name} {segment.label.probability:.0%}\n\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _time(self, ms: int) -> str:
        seconds, ms = divmod(ms, 1000)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours:02}:{minutes:02}:{seconds:02}{'.' if self._vtt else ','}{ms:03}"


def picture_offset_s(recording: Path) -> float:
    """How long after the recording's beginning (that of its sound, say) its picture begins; 0 where it isn't said."""
    import av

    try:
        with av.open(str(recording.absolute())) as container:
            start_s = picture_start_s(container) or 0.0
            return max(0.0, start_s - (container.start_time or 0) / av.time_base)
    except (OSError, ValueError):
        return 0.0
