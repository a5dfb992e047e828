"""Why a video file can't be read, and how long it says it is: what OpenCV keeps to itself, asked of FFmpeg."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import InputContainer

_TOLERANCE_S = 0.5


def why_unreadable(path: Path) -> str:
    """Say in a few words why OpenCV could not read the file as video."""
    import av

    try:
        with av.open(str(path.absolute())) as container:
            if not container.streams.video:
                return "it holds no video" + (", only sound" if container.streams.audio else "")
            return "no frame of it can be decoded"
    except av.error.FFmpegError as error:
        return _reason(error.strerror)
    except (OSError, ValueError) as error:  # PyAV raises plain errors of its own for a few containers
        return str(error)


def duration_s(path: Path) -> float | None:
    """How long the video should be by the file's header, in seconds from its start; None where it doesn't say.

    Where the header gives one duration for all that the file holds, and the sound goes on to that end, it says nothing
    about the video.
    """
    import av

    try:
        with av.open(str(path.absolute())) as container:
            stream = container.streams.video[0]
            if stream.duration is not None and stream.time_base is not None:
                return float(stream.duration * stream.time_base)
            if container.duration is None:
                return None
            promised_s = container.duration / av.time_base
            if "matroska" in container.format.name:  # it gives the end, on a clock that need not begin at 0
                promised_s -= (container.start_time or 0) / av.time_base
            others_whole = len(container.streams) > 1 and _end_s(container) + _TOLERANCE_S > promised_s
            return None if others_whole else promised_s
    except (OSError, ValueError, IndexError):
        return None


def _end_s(container: InputContainer) -> float:
    """When the last packet of any stream is due, in seconds."""
    end_s = 0.0
    with contextlib.suppress(OSError):  # a file that is cut short gives the packets before the cut
        for packet in container.demux():
            if packet.pts is not None and packet.time_base is not None:
                end_s = max(end_s, float(packet.pts * packet.time_base))
    return end_s


def _reason(ffmpeg: str | None) -> str:
    if ffmpeg is None or ffmpeg.startswith("Invalid data found"):
        return "not a video file, or damaged at its start"
    if ffmpeg == "End of file":
        return "it is cut short, before its first frame"
    return ffmpeg[:1].lower() + ffmpeg[1:]
