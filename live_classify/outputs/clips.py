"""Cutting stretches out of recordings, packet by packet: nothing is decoded, and nothing lost by encoding anew."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.core.errors import OutputError, SourceOpenError
from live_classify.sources.container import picture_start_s, video_stream

if TYPE_CHECKING:
    from av.container import InputContainer

_ENDINGS = {".mp4": ".mp4", ".m4v": ".mp4", ".mov": ".mov", ".webm": ".webm"}
"""The container of a clip by that of its recording; Matroska holds what any other may bring."""


def clip_ending(recording: Path) -> str:
    """How the name of a clip of a recording must end."""
    return _ENDINGS.get(recording.suffix.lower(), ".mkv")


def cut_clip(recording: Path, start_s: float, end_s: float, path: Path) -> None:
    """Copy a stretch of a recording, picture and sound.

    It begins at the key frame at or before its start, since decoding can begin nowhere else, and ends a few frames
    after its end where some of its frames refer to those.

    Args:
        recording: the file.
        start_s: media time, counted from the first picture.
        end_s: media time up to which it goes.
        path: the clip, its container by its ending; see :func:`clip_ending`.

    Raises:
        SourceOpenError: the recording can't be read.
        OutputError: the clip can't be written; no part of it is left behind.
    """
    import av

    part = path.with_name(f".part-{path.name}")
    try:
        source = av.open(str(recording.absolute()))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise SourceOpenError(f"cannot read {recording}: {getattr(error, 'strerror', None) or error}") from error
    try:
        with source:
            _copy(source, start_s, end_s, part)
        part.replace(path)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise OutputError(
            f"cannot cut {path} out of {recording}: {getattr(error, 'strerror', None) or error}"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _copy(source: InputContainer, start_s: float, end_s: float, path: Path) -> None:
    import av

    picture, origin_s = video_stream(source), picture_start_s(source)
    if picture is None or origin_s is None:
        raise ValueError("it holds no video")
    sound = source.streams.audio[0] if source.streams.audio else None
    wanted = [picture] if sound is None else [picture, sound]
    options = {"movflags": "faststart"} if path.suffix in {".mp4", ".mov"} else {}
    source.seek(round((origin_s + start_s) / float(picture.time_base or 1)), stream=picture)
    with av.open(str(path), "w", options=options) as clip:
        copies = {stream.index: clip.add_stream_from_template(stream) for stream in wanted}
        base_s: float | None = None
        ended: set[int] = set()
        with contextlib.suppress(
            av.error.InvalidDataError
        ):  # a recording that is damaged there gives what comes before
            for packet in source.demux(wanted):
                if packet.pts is None or packet.dts is None or packet.time_base is None:
                    continue
                time_s, of_picture = float(packet.pts * packet.time_base), packet.stream.type == "video"
                if base_s is None and of_picture and packet.is_keyframe:
                    base_s = time_s
                if base_s is None or time_s < base_s:
                    continue
                if float(packet.dts * packet.time_base) >= origin_s + end_s:
                    ended.add(packet.stream.index)
                    if len(ended) == len(wanted):
                        break
                    continue
                shift = round(base_s / packet.time_base)
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = copies[packet.stream.index]
                clip.mux(packet)
