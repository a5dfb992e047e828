"""What the packets of a recording say without being decoded: when each frame is shown, where decoding can begin."""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

from live_classify.sources.container import end_of, opened
from live_classify.sources.numbering import Order


class PacketIndex:
    """Times of a recording's frames by their numbers.

    Args:
        path: the file, of which as much is read as is needed.
        name: what it is called in errors.
        until_s: media time up to which frames are wanted.

    Raises:
        SourceOpenError: it can't be read as video.
    """

    def __init__(self, path: Path, name: str, until_s: float) -> None:
        import av

        times: list[int] = []
        keys: list[int] = []
        end_s = sound_end_s = 0.0
        with opened(path, name) as video:
            order, self._base = Order(video), float(video.stream.time_base or 0)
            keys_beyond = 0
            with contextlib.suppress(av.FFmpegError):  # of a file that is cut short, what came before the cut counts
                for packet in video.container.demux(video.read):
                    if packet.stream is not video.stream:
                        sound_end_s = max(sound_end_s, end_of(packet))
                        continue
                    time = order.take(packet)
                    if not order.holds:
                        break
                    if time is None:
                        continue
                    times.append(time)
                    end_s = max(end_s, end_of(packet))
                    if packet.is_keyframe:
                        keys.append(time)
                        keys_beyond += (time - times[0]) * self._base >= until_s
                        if keys_beyond > 1:  # a frame may be stored after a key frame that it is shown before
                            break
        self.holds = order.holds and bool(times) and len(set(times)) == len(times)
        """Whether it can be trusted: see :class:`~live_classify.sources.numbering.Order`. If not, it is empty."""
        self.times: Sequence[int] = sorted(times) if self.holds else ()
        """Presentation time of each frame by its number, in the stream's time base."""
        self.keys: Sequence[int] = sorted(keys) if self.holds else ()
        """Those at which decoding can begin."""
        self.end_s = end_s - self.times[0] * self._base if self.times else 0.0
        """Media time at which the last frame ends."""
        self.sound_end_s = sound_end_s - self.times[0] * self._base if self.times else 0.0
        """The same of the sound, where it was read; see :class:`~live_classify.sources.container.Video`."""

    def time_s(self, number: int) -> float:
        """Media time of a frame: seconds from the first one."""
        return (self.times[number] - self.times[0]) * self._base

    def key_times_s(self) -> Sequence[float]:
        """Media times of the frames at which decoding can begin, rising."""
        return [(key - self.times[0]) * self._base for key in self.keys]

    def lies_beyond_next(self, time: int, at: float) -> bool:
        """Whether there are frames between the one that is shown at ``at`` and ``time``."""
        following = bisect_right(self.times, at)
        return following < len(self.times) and time > self.times[following]

    def key_before(self, time: int) -> int | None:
        """Position in :attr:`keys` of the last key frame not after a time."""
        position = bisect_right(self.keys, time) - 1
        return position if position >= 0 else None
