"""The sound of a recording on its way into an annotated copy: its packets as they are, at their own times."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from live_classify.sources.container import picture_start_s, video_stream

if TYPE_CHECKING:
    from av import AudioStream, Packet
    from av.container import InputContainer, OutputContainer

    AnyPacket = Packet[Any]

COPIED = frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "opus"})
"""Sound (FFmpeg's names) that an MP4 file holds as it is. Other sound, plain samples from a camera say, becomes AAC."""

_AAC_RATE = 48_000
_COMPLETE_S = 1.0  # a copy that reaches this near to the picture's end has the whole recording


class Sound:
    """The first sound track of a recording.

    Args:
        path: the recording. One without sound, or that can't be read, has none to give.
        output: the file to write to; its header must not be written yet.
        from_s: media time of the recording that is 0 in the copy.
        until_s: media time at which the copy ends.
    """

    def __init__(self, path: Path, output: OutputContainer, from_s: float = 0.0, until_s: float = math.inf) -> None:
        import av

        self._errors = (av.FFmpegError, OSError, ValueError)
        self._output = output
        self._from_s, self._until_s = from_s, until_s
        self._picture_end_s = math.inf
        self._packets: Generator[AnyPacket, None, None] | None = None
        self._next: AnyPacket | None = None
        self._source: InputContainer | None = None
        with contextlib.suppress(*self._errors):
            self._source = av.open(str(path.absolute()))
            self._packets = self._open(self._source)
        self._advance()

    def write_until(self, time_s: float) -> None:
        """Mux what sounds before a time of the copy."""
        while self._next is not None and _start_s(self._next) <= time_s:
            self._output.mux(self._next)
            self._advance()

    def finish(self, last_s: float, period_s: float) -> None:
        """Mux the rest: all of it where the copy reaches the picture's end, else what belongs to its pictures.

        Args:
            last_s: time of the copy's last picture.
            period_s: how long that one is shown.
        """
        whole = last_s + self._from_s + _COMPLETE_S >= self._picture_end_s
        self.write_until(self._until_s - self._from_s if whole else last_s + period_s)
        self.close()

    def close(self) -> None:
        """Release the recording."""
        self._next = self._packets = None
        if self._source is not None:
            self._source.close()

    def _open(self, source: InputContainer) -> Generator[AnyPacket, None, None] | None:
        import av

        picture, start_s = video_stream(source), picture_start_s(source)
        if not source.streams.audio or picture is None or start_s is None:
            return None
        sound = source.streams.audio[0]
        if picture.duration is not None and picture.time_base is not None:
            self._picture_end_s = float(picture.duration * picture.time_base)
        elif source.duration is not None:
            self._picture_end_s = source.duration / av.time_base
        shift_s = start_s + self._from_s
        if self._from_s > 0:
            source.seek(round(shift_s * av.time_base))
        if sound.codec_context.name in COPIED:
            return self._copied(source, sound, shift_s)
        return self._encoded(source, sound, shift_s)

    def _copied(self, source: InputContainer, sound: AudioStream, shift_s: float) -> Generator[AnyPacket, None, None]:
        from av.bitstream import BitStreamFilterContext

        copy = self._output.add_stream_from_template(sound)
        shift = round(shift_s / sound.time_base) if sound.time_base else 0
        # In a transport stream every AAC packet has a header of its own, which MP4 has once for all.
        headed = sound.codec_context.name == "aac" and not sound.codec_context.extradata
        unpack = BitStreamFilterContext("aac_adtstoasc", sound).filter if headed else lambda packet: [packet]

        def packets() -> Generator[AnyPacket, None, None]:
            for packet in source.demux(sound):
                if packet.pts is None or packet.dts is None:  # the last, empty one
                    continue
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                for bare in unpack(packet):
                    bare.stream = copy
                    yield bare

        return packets()

    def _encoded(self, source: InputContainer, sound: AudioStream, shift_s: float) -> Generator[AnyPacket, None, None]:
        import av

        layout = "mono" if sound.channels == 1 else "stereo"
        encoder = self._output.add_stream("aac", rate=_AAC_RATE, layout=layout)
        resampler = av.AudioResampler("fltp", layout, _AAC_RATE)

        def packets() -> Generator[AnyPacket, None, None]:
            for frame in source.decode(sound):
                for resampled in resampler.resample(frame):
                    if resampled.pts is not None and resampled.time_base is not None:
                        resampled.pts -= round(shift_s / resampled.time_base)
                    yield from encoder.encode(resampled)
            yield from encoder.encode(None)

        return packets()

    def _advance(self) -> None:
        """Look at the next packet that sounds in the copy. Damaged sound ends there: the picture matters more."""
        self._next = None
        if self._packets is None:
            return
        with contextlib.suppress(*self._errors):
            self._next = next((packet for packet in self._packets if self._from_s == 0 or _end_s(packet) > 0), None)


def _start_s(packet: AnyPacket) -> float:
    return float((packet.pts or 0) * (packet.time_base or 0))


def _end_s(packet: AnyPacket) -> float:
    return float(((packet.pts or 0) + (packet.duration or 0)) * (packet.time_base or 0))
