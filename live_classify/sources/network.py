"""Streams and files on the network: RTSP, MJPEG and files over HTTP, HLS.

Read with PyAV, not OpenCV: it keeps to its timeouts, gives no stale frame when a stream stalls, takes a new frame size
as it comes, and says what FFmpeg says was wrong.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from live_classify.core.errors import SourceOpenError, SourceReadError
from live_classify.core.protocols import SourceStatus
from live_classify.core.values import Frame
from live_classify.sources.pace import paced
from live_classify.sources.reasons import why_broken_off, why_unreachable
from live_classify.sources.recording import MAX_PIXELS

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

    from live_classify.sources.address import Address

Kind: TypeAlias = Literal["recorded", "live"]

SCHEMES = ("rtsp", "rtsps", "http", "https")

# What an address may lead to: a playlist from the network must not have files of this machine read.
_PROTOCOLS = "http,https,tls,tcp,udp,rtp,rtsp,rtsps,srtp,hls,crypto,data"

_OPTIONS = {
    "protocol_whitelist": _PROTOCOLS,
    "rtsp_transport": "tcp",
    "max_pixels": str(MAX_PIXELS),
}
# By default FFmpeg watches a live stream for five seconds to find out its frame rate, which isn't needed.
_LIVE_OPTIONS = _OPTIONS | {"analyzeduration": "500000", "fpsprobesize": "1"}


class NetworkStream:
    """What an address on the network gives: a live stream, or a recording, which has an end.

    Args:
        address: where it is.
        kind: ``recorded``: every frame of a recording, as fast as it is asked for; ``live``: a stream as it comes, or
            a recording at its own pace.
        timeout_s: how long the host may be silent, when it is called and then.
    """

    def __init__(self, address: Address, kind: Kind, timeout_s: float = 10.0) -> None:
        self.name = address.shown
        self._status = SourceStatus()
        self._address = address
        self._live = kind == "live"
        self._timeout_s = timeout_s

    def status(self) -> SourceStatus:
        """What the header claims, and damaged frames so far."""
        return self._status

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Connect and read; see :class:`~live_classify.core.protocols.Source`. A live stream never ends but by failing.

        Raises:
            SourceOpenError: it can't be reached, or isn't a video; recorded: it has no end.
            SourceReadError: it broke off.
        """
        container = self._open()
        try:
            if not container.streams.video:
                raise SourceOpenError(f"cannot read {self.name}: it holds no video")
            stream = container.streams.video[0]
            endless = container.duration is None
            if endless and not self._live:
                raise SourceOpenError(f"cannot read {self.name} as a recording: it is a live stream, to be watched")
            rate = float(stream.average_rate) if stream.average_rate else None
            self._status = SourceStatus(rate, stream.frames or None)
            # Threads that each decode a frame hold as many frames back.
            stream.thread_type = "SLICE" if endless else "AUTO"
            frames = self._decode(container, stream, stop, endless)
            yield from paced(frames, stop) if self._live and not endless else frames
        finally:
            container.close()
        if endless and not stop.is_set():
            raise SourceReadError(f"{self.name}: the stream ended")

    def _count_error(self) -> None:
        self._status = replace(self._status, decode_errors=self._status.decode_errors + 1)

    def _open(self) -> InputContainer:
        import av

        # FFmpeg's own time limits: for PyAV's it calls back into Python, and a thread that is left behind in there has
        # the process crash when it ends.
        limit = str(round(self._timeout_s * 1_000_000))
        options = (_LIVE_OPTIONS if self._live else _OPTIONS) | {"timeout": limit, "rw_timeout": limit}
        try:
            return av.open(self._address.reveal(), options=options)
        except av.FFmpegError as error:
            reason = why_unreachable(error, self._address, self._timeout_s)
        except (OSError, ValueError):  # PyAV raises plain errors of its own for what no address can be
            reason = "the address makes no sense"
        # Outside of the handler, so that the error above, which holds the password, isn't part of this one.
        raise SourceOpenError(f"cannot open {self.name}: {reason}")

    def _decode(
        self, container: InputContainer, stream: VideoStream, stop: threading.Event, endless: bool
    ) -> Generator[Frame, None, None]:
        import av

        index, start_s, last_s = 0, time.monotonic(), 0.0
        packets = container.demux(stream)
        reason = ""
        while not stop.is_set():
            try:
                packet = next(packets, None)
            except av.FFmpegError as error:
                reason = why_broken_off(error, self._address, self._timeout_s)
                break
            if packet is None:
                return
            try:
                pictures = packet.decode()
            except av.FFmpegError:
                self._count_error()
                continue
            for picture in pictures:
                if picture.is_corrupt or picture.width * picture.height > MAX_PIXELS:
                    self._count_error()
                    continue
                captured_s = time.monotonic()
                last_s = captured_s - start_s if endless else last_s if picture.time is None else picture.time
                bgr = picture.to_ndarray(format="bgr24")
                yield Frame(np.asarray(bgr, np.uint8), index, captured_s, last_s)
                index += 1
        if reason:
            raise SourceReadError(f"{self.name} broke off after {index} frames: {reason}")
