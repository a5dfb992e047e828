"""Which number and time a picture has in its recording."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av import Packet, VideoFrame

    from live_classify.sources.container import Video


def is_shown(packet: Packet[Any], codec: str) -> bool:
    """Whether a packet holds a picture that is to be shown.

    Args:
        packet: of a video stream.
        codec: FFmpeg's name of what it is decoded with.
    """
    if not packet.size or packet.is_discard:  # nothing, or what an edit list leaves out
        return False
    if codec.startswith(("vp8", "libvpx")) and "vp9" not in codec:
        return bool(memoryview(packet)[0] & 0x10)  # RFC 6386, 9.1: show_frame
    if "vp9" in codec:
        return _vp9_is_shown(memoryview(packet))
    return True


def _vp9_is_shown(packet: memoryview) -> bool:
    """As the VP9 bitstream specification has it: annex B (superframes), 6.2 (uncompressed header)."""
    if packet[-1] & 0xE0 == 0xC0:  # several frames, the last of which is shown
        return True
    bits = f"{packet[0]:08b}{packet[1] if len(packet) > 1 else 0:08b}"
    profile = int(bits[3] + bits[2], 2)
    at = 5 if profile == 3 else 4
    shows_existing, shows = bits[at] == "1", bits[at + 2] == "1"
    return shows_existing or shows


class Order:
    """Whether the packets' times say which pictures there are, and in which order.

    They do if the first packet is a key frame, none is shown before it, every one has a time of its own, and the
    stream's clock never goes back. Then a picture's number is that of the packets that are shown before it, and one
    that can't be decoded keeps its number. Else pictures are numbered as they come: files of raw video and AVI files
    say no times, joined streams say some twice.
    """

    def __init__(self, video: Video) -> None:
        context = video.stream.codec_context
        self._codec = context.name
        # An AVI file has no times but those of decoding, which FFmpeg takes for those of showing.
        self.holds = not (video.container.format.name == "avi" and context.has_b_frames)
        """Whether it has been so up to now."""
        self.first: int | None = None
        """Time of the first picture, in the stream's time base."""
        self._last_dts: int | None = None

    def take(self, packet: Packet[Any]) -> int | None:
        """Look at the next packet.

        Returns:
            When its picture is shown, in the stream's time base; None if it has none, or the order holds no longer.
        """
        if not self.holds or not is_shown(packet, self._codec):
            return None
        pts, dts, before = packet.pts, packet.dts, self._last_dts
        if dts is not None:
            self._last_dts = dts
        goes_back = dts is not None and before is not None and dts <= before
        if pts is None or goes_back or (not packet.is_keyframe if self.first is None else pts <= self.first):
            self.holds = False
            return None
        if self.first is None:
            self.first = pts
        return pts


class Numbering:
    """Gives pictures their numbers and times as they come from the decoder."""

    def __init__(self, video: Video) -> None:
        self.lost = 0
        """Pictures so far that could not be decoded."""
        self.next = 0
        """One more than the newest number."""
        self.last_s = 0.0
        """Media time of the newest picture."""
        self.order = Order(video)
        self._base = float(video.stream.time_base or 0)
        self._period_s = video.period_s
        self._by_decoding = not self.order.holds
        self._origin = None if self._by_decoding else video.stream.start_time
        self._waiting: list[int] = []
        self._times: set[int] = set()

    def sent(self, packet: Packet[Any]) -> None:
        """Take note of a packet that goes to the decoder."""
        time = self.order.take(packet)
        if time is not None:
            heapq.heappush(self._waiting, time)
            self._times.add(time)

    def failed(self) -> None:
        """Take note that the decoder refused a packet. Where the order holds, its picture is missed later on."""
        self.lost += not self.order.holds

    def received(self, picture: VideoFrame) -> tuple[int, float] | None:
        """Number and media time in seconds of the decoder's next picture; None if it is damaged."""
        if self.order.holds and picture.pts in self._times:
            while (time := heapq.heappop(self._waiting)) != picture.pts:
                self._miss(time)
            self._times.discard(time)
            number, time_s = self.next, (time - (self.order.first or 0)) * self._base
            self._origin = self.order.first
            if picture.is_corrupt:
                self._miss(time)
                return None
        else:
            self.order.holds = False
            if picture.is_corrupt:
                self.lost += 1
                return None
            number, time_s = self.next, self._time_s(picture)
        self.next, self.last_s = number + 1, time_s
        return number, time_s

    def end(self) -> None:
        """Take note that no more pictures come."""
        while self.order.holds and self._waiting:
            self._miss(heapq.heappop(self._waiting))

    def _miss(self, time: int) -> None:
        self._times.discard(time)
        self.lost += 1
        self.next += 1

    def _time_s(self, picture: VideoFrame) -> float:
        """By the picture's own time where that rises; raw streams have none, and joined ones some twice."""
        time = picture.dts if self._by_decoding else picture.pts
        if time is not None and self._origin is None:
            self._origin = time
        if time is not None and self._origin is not None:
            time_s = (time - self._origin) * self._base
            if time_s > self.last_s or (self.next == 0 and time_s == 0):
                return time_s
        return self.last_s + self._period_s if self.next else 0.0
