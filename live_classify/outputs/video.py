"""The annotated recording: H.264 in an MP4 file that is playable even if its writing never ends properly."""

from __future__ import annotations

import contextlib
import io
import math
import os
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import cv2
import numpy as np

from live_classify.core.errors import OutputError
from live_classify.core.one_line import one_line
from live_classify.core.values import Answered, BgrImage
from live_classify.outputs.encoders import working_encoder
from live_classify.outputs.sound import Sound

if TYPE_CHECKING:
    from pathlib import Path

    from av import Packet
    from typing_extensions import Buffer

Annotate: TypeAlias = Callable[[Answered], BgrImage]
"""Makes the picture to write; it must be a new one, since frames are shared."""

_TICKS_PER_S = 90_000
_USUAL_FPS = 30.0


class VideoSink:
    """Writes every frame, annotated, at its own time in the recording, and the recording's sound with it."""

    def __init__(
        self,
        path: Path,
        annotate: Annotate,
        fps_hint: float,
        sound_of: Path | None = None,
        from_s: float = 0.0,
        until_s: float = math.inf,
    ) -> None:
        """Create the file, or empty the one that is there.

        Args:
            path: the file, whatever its suffix.
            annotate: makes the picture to write from a frame and what was said about it.
            fps_hint: announced frames a second. It sets how often a key frame comes, not when a frame is shown; what
                can't be true is taken for 30.
            sound_of: the recording whose sound is kept, if it has any.
            from_s: media time of the recording that is 0 in the file.
            until_s: media time at which the sound ends.

        Raises:
            OutputError: the file can't be created.
        """
        import av

        self._errors = (av.FFmpegError, av.codec.codec.UnknownCodecError, OSError)
        self._path = path
        self._annotate = annotate
        self._fps = fps_hint if 1 <= fps_hint <= 240 else _USUAL_FPS
        self._sound_of, self._from_s, self._until_s = sound_of, from_s, until_s
        self._encoder: _Encoder | None = None
        try:
            self._file = _WholeWrites(path, "w")
        except OSError as error:
            raise OutputError(f"cannot create {path}: {error.strerror}") from error

    def write(self, answered: Answered) -> None:
        """Take one classified frame. The first one's size is the recording's; later ones are scaled to it.

        Raises:
            OutputError: the picture could not be written; what was written before stays playable.
        """
        picture = self._annotate(answered)
        try:
            if self._encoder is None:
                self._encoder = _Encoder(self._file, picture.shape[1], picture.shape[0], self._fps)
                if self._sound_of is not None:
                    self._encoder.add_sound(self._sound_of, self._from_s, self._until_s)
            self._encoder.write(picture, answered.frame.time_s - self._from_s)
        except self._errors as error:
            self._abandon()
            raise OutputError(f"cannot write {self._path}: {_reason(error)}") from error

    def close(self) -> None:
        """Finish the file; one without a single frame is removed, since no player opens it.

        Raises:
            OutputError: the file could not be finished, or somebody has removed it.
        """
        if self._file.closed:
            return
        try:
            if self._encoder is not None:
                self._encoder.finish()
            removed = os.fstat(self._file.fileno()).st_nlink == 0
            self._file.close()
        except self._errors as error:
            self._abandon()
            raise OutputError(f"cannot finish {self._path}: {_reason(error)}") from error
        if removed:
            raise OutputError(f"cannot finish {self._path}: it was removed while it was being written")
        if self._encoder is None:
            self._remove()

    def _abandon(self) -> None:
        """After a failure: release everything, and leave what can be played, or no file."""
        playable_bytes = 0
        # What fails after the first failure says nothing new.
        with contextlib.suppress(*self._errors):
            if self._encoder is not None:
                playable_bytes = self._encoder.playable_bytes
                self._encoder.release()
        with contextlib.suppress(OSError):
            self._file.truncate(playable_bytes)
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            if playable_bytes == 0:
                self._remove()

    def _remove(self) -> None:
        if self._path.is_file():  # not a device such as /dev/null
            self._path.unlink()


class _Encoder:
    """One H.264 stream on its way into a fragmented MP4, with or without sound."""

    def __init__(self, file: io.FileIO, width: int, height: int, fps: float) -> None:
        import av

        self._file = file
        self._new_frame = av.VideoFrame.from_ndarray
        self._size = width, height
        self._period_s = 1 / fps
        self._sound: Sound | None = None
        self._last_tick = -1
        self._key_frames = 0
        self.playable_bytes = 0
        """The file's length up to the end of the last whole fragment."""
        # Each fragment is complete in itself, so a killed process loses the last one only; a proper end makes an
        # ordinary MP4 of them. With delay_moov the first frame's time is kept, which otherwise becomes 0 (FFmpeg before
        # 8.1, in PyAV before 17.1, wrote broken files with it).
        # Packets come in the order of their times: FFmpeg needn't hold them back to sort them.
        mp4 = {"movflags": "hybrid_fragmented+delay_moov", "flush_packets": "1", "max_interleave_delta": "1"}
        self._container = av.open(file, "w", format="mp4", options=mp4)
        try:
            self._stream = self._add_stream(fps)
        except BaseException:
            self._container.close()
            raise

    def _add_stream(self, fps: float) -> Any:
        """Add the stream of pictures. Its type depends on the encoder's name, which is found at run time."""
        from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

        width, height = (side + side % 2 for side in self._size)
        encoder = working_encoder(width, height)
        rate = Fraction(fps).limit_denominator(1001)
        stream = cast("Any", self._container.add_stream(encoder.name, rate, options=dict(encoder.options)))
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, _TICKS_PER_S)
        codec = stream.codec_context
        codec.time_base = Fraction(1, _TICKS_PER_S)
        codec.gop_size = max(1, round(fps / 2))
        # What OpenCV's conversion makes of sRGB pixels, written down for players, which would guess by picture size.
        codec.colorspace = Colorspace.ITU601
        codec.color_range = ColorRange.MPEG
        codec.color_primaries = ColorPrimaries.BT709
        codec.color_trc = ColorTrc.BT709
        return stream

    def add_sound(self, recording: Path, from_s: float, until_s: float) -> None:
        self._sound = Sound(recording, self._container, from_s, until_s)

    def write(self, picture: BgrImage, time_s: float) -> None:
        # Players need times that rise; of sources that repeat one or step back, the order is kept.
        self._last_tick = max(round(time_s * _TICKS_PER_S), self._last_tick + 1)
        frame = self._new_frame(_to_yuv420(picture, self._size), format="yuv420p")
        frame.pts, frame.time_base = self._last_tick, Fraction(1, _TICKS_PER_S)
        for packet in self._stream.encode(frame):
            self._mux(packet)
            self._key_frames += packet.is_keyframe
            if packet.is_keyframe and self._key_frames > 1:  # it has ended the fragment before it
                self.playable_bytes = self._file.tell()

    def finish(self) -> None:
        for packet in self._stream.encode(None):
            self._mux(packet)
        if self._sound is not None:
            self._sound.finish(self._last_tick / _TICKS_PER_S, self._period_s)
        self._container.close()

    def release(self) -> None:
        if self._sound is not None:
            self._sound.close()
        self._container.close()

    def _mux(self, packet: Packet[Any]) -> None:
        if self._sound is not None:
            self._sound.write_until((packet.pts or 0) / _TICKS_PER_S)
        self._container.mux(packet)


class _WholeWrites(io.FileIO):
    """An unbuffered file whose ``write`` is all or an error: FFmpeg takes no notice of a short one."""

    def write(self, data: Buffer, /) -> int:
        rest = memoryview(data)
        written = 0
        while written < len(rest):
            written += super().write(rest[written:])
        return written


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError) and not hasattr(error, "strerror"):
        return f"this FFmpeg has no encoder {error}"
    return getattr(error, "strerror", None) or one_line(error)


def _to_yuv420(picture: BgrImage, size: tuple[int, int]) -> BgrImage:
    """Convert to planar 4:2:0 (BT.601, 16..235), ``(H * 3 / 2, W)`` uint8, with H and W made even by repeating an edge.

    OpenCV does it in a ninth of the time that FFmpeg's scaler takes.
    """
    if (picture.shape[1], picture.shape[0]) != size:
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    width, height = size
    even = cv2.copyMakeBorder(picture, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.cvtColor(even, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
