"""Containers: opening one, which of its streams is the video, how long it says that is, and whether it is all there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from live_classify.core.cores import usable_cores
from live_classify.core.errors import SourceOpenError, SourceReadError
from live_classify.sources.files import require_file
from live_classify.sources.reasons import why_unreadable

if TYPE_CHECKING:
    from av import Packet, VideoFrame, VideoStream
    from av.container import InputContainer

_MOST_THREADS = 16  # of one decoder, as FFmpeg sets it: each holds pictures
USUAL_FRAME_RATE = 30.0  # where the header has none
_MOST_FRAME_RATE = 1000.0  # beyond it the header gives a clock's ticks

MAX_PIXELS = 8192 * 4608
"""Larger pictures are refused (8K ones are not): such a frame takes 113 MB, and several are under way at a time."""

_TOLERANCE_S = 0.5

_START_OF_SCAN = b"\xff\xda"  # ISO/IEC 10918-1, table B.1


class Video:
    """An opened container, and the video in it.

    Args:
        container: just opened.
        name: what it is called in errors.

    Raises:
        SourceOpenError: it holds no video, none that can be decoded here, or one of pictures that are too large.
    """

    def __init__(self, container: InputContainer, name: str) -> None:
        stream = video_stream(container)
        if stream is None:
            raise SourceOpenError(f"cannot read {name} as video: {why_no_video(container)}")
        if stream.width * stream.height > MAX_PIXELS:
            raise SourceOpenError(f"cannot read {name}: {stream.width}x{stream.height} pixels a frame are too many")
        self.container = container
        self.stream = stream
        self.name = name
        rate = float(stream.guessed_rate or stream.average_rate or 0)
        self.frame_rate = rate if 0 < rate <= _MOST_FRAME_RATE else None
        """Frames a second as the header claims them."""
        self.promised_s = _promised_s(container, stream)
        """How long the video should be by the header, in seconds; None where it doesn't say."""
        promised = round(self.promised_s * rate) if self.promised_s and self.frame_rate else 0
        self.frame_count = stream.frames or promised or None
        """Frames as the header claims them."""
        # Where one duration is given for all that the container holds, sound may be what lasts so long.
        others = stream.duration is None and self.promised_s is not None
        self.read = [other for other in container.streams if other is stream or (others and other.type == "audio")]
        """The streams whose packets are needed to tell whether it is all there."""

    @property
    def period_s(self) -> float:
        """Seconds from frame to frame, as the header claims."""
        return 1 / (self.frame_rate or USUAL_FRAME_RATE)

    def prepare(self, threads: str) -> None:
        """Say how it is to be decoded, before the first picture is.

        Args:
            threads: PyAV's name of what is decoded at a time: ``AUTO``, several frames; ``SLICE``, one.
        """
        context = self.stream.codec_context
        if context.name == "mjpeg":
            # Of a JPEG that breaks off, FFmpeg else gives what was in its memory as the rest, and no sign of that.
            context.options = {"err_detect": "explode"}
        context.thread_type = threads
        # FFmpeg would take one more than there are processors, which costs the inference threads beside it 5%.
        context.thread_count = min(usable_cores(), _MOST_THREADS)

    def decode(self, packet: Packet[Any]) -> list[VideoFrame] | None:
        """Give a packet to the decoder.

        Returns:
            The pictures that are ready; None where the decoder can make nothing of the packet.
        """
        import av

        # For a JPEG that breaks off before its pixels begin, FFmpeg gives the picture before it once more.
        if packet.size and self.stream.codec_context.name == "mjpeg" and _START_OF_SCAN not in bytes(packet):
            return None
        try:
            return self.stream.decode(packet)
        except av.FFmpegError:
            return None

    def is_cut(self, reached_s: float, sound_s: float, frames: int, end_s: float) -> bool:
        """Tell a video that is shorter than its header promised from one that is whole.

        Args:
            reached_s: media time of the end of what was read of the video.
            sound_s: the same of the sound, as far as it was read; see :attr:`read`.
            frames: how many frames there were.
            end_s: media time up to which it was to be read.
        """
        promised_s, tolerance_s = self.promised_s, max(_TOLERANCE_S, 3 * self.period_s)
        if promised_s is None or (self.stream.frames and frames >= self.stream.frames):
            return False
        return sound_s + _TOLERANCE_S <= promised_s and reached_s + tolerance_s < min(promised_s, end_s)

    def cut_short(self, last_s: float, frames: int) -> SourceReadError:
        """The error to raise if it is.

        Args:
            last_s: media time of the last frame.
            frames: how many there were.
        """
        return SourceReadError(
            f"{self.name} is cut short: {last_s:.1f} s of {self.promised_s or 0:.1f} s could be read ({frames} frames)"
        )


@contextmanager
def opened(path: Path, name: str) -> Iterator[Video]:
    """Open a video file; it is closed at the end of the block.

    Raises:
        SourceOpenError: there is no such file, or it can't be read as video.
    """
    import av

    require_file(path, name)
    try:
        # The absolute path keeps FFmpeg from taking a name with a colon for a protocol.
        container = av.open(str(path.absolute()))
    except (av.FFmpegError, OSError, ValueError) as error:  # PyAV raises plain errors of its own for a few containers
        raise SourceOpenError(f"cannot read {name} as video: {why_unreadable(error)}") from error
    with container:
        yield Video(container, name)


def video_stream(container: InputContainer) -> VideoStream | None:
    """The first video of a container that can be decoded; a cover picture is none."""
    from av.stream import Disposition

    pictures = Disposition.attached_pic | Disposition.timed_thumbnails
    # PyAV has no codec context where FFmpeg has no decoder.
    return next(
        (s for s in container.streams.video if not s.disposition & pictures and s.codec_context is not None), None
    )


def picture_start_s(container: InputContainer) -> float | None:
    """Where a container's clock stands when its first picture is shown, in seconds: media times count from there.

    Returns:
        None where it holds no video.
    """
    stream = video_stream(container)
    return None if stream is None else float((stream.start_time or 0) * (stream.time_base or 0))


def why_no_video(container: InputContainer) -> str:
    """Say in a few words why :func:`video_stream` finds none."""
    from av.stream import Disposition

    if any(not stream.disposition & Disposition.attached_pic for stream in container.streams.video):
        return "its video is of a kind that can't be decoded here"
    return "it holds no video" + (", only sound" if container.streams.audio else "")


def end_of(packet: Packet[Any]) -> float:
    """When what a packet holds has been shown or heard, in seconds on its stream's clock; 0 where it doesn't say."""
    if packet.pts is None or not packet.time_base:
        return 0.0
    return float((packet.pts + (packet.duration or 0)) * packet.time_base)


def _promised_s(container: InputContainer, stream: VideoStream) -> float | None:
    import av

    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if not container.duration:
        return None
    length_s = container.duration / av.time_base
    if "matroska" in container.format.name:  # it gives the end, on a clock that need not begin at 0
        length_s -= (container.start_time or 0) / av.time_base
    return length_s
