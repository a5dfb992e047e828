"""Streams and files on the network: RTSP, MJPEG and files over HTTP, HLS."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Literal, TypeAlias

from live_classify.core.errors import SourceOpenError, SourceReadError
from live_classify.core.protocols import SourceStatus
from live_classify.core.values import Frame
from live_classify.sources.container import MAX_PIXELS, Video
from live_classify.sources.decode import Decoding
from live_classify.sources.excerpt import WHOLE, Part, wanted_frames
from live_classify.sources.pace import paced
from live_classify.sources.reasons import why_broken_off, why_unreachable
from live_classify.sources.tracking import Tracking

if TYPE_CHECKING:
    from av import FFmpegError
    from av.container import InputContainer

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

_STREAMED = frozenset({"hls", "mpjpeg", "rtsp", "sdp"})
"""FFmpeg's names of formats that no file has: without a duration they have no end."""


class NetworkStream:
    """What an address on the network gives: a live stream, or a recording, which has an end.

    A recording is one that says its duration, or a file whose length the host says.

    Args:
        address: where it is.
        kind: ``recorded``: every frame of a recording, as fast as it is asked for; ``live``: a stream as it comes, or
            a recording at its own pace.
        timeout_s: how long the host may be silent, when it is called and then.
        part: which frames of a recording are wanted. It is read from its beginning nevertheless.
    """

    def __init__(self, address: Address, kind: Kind, timeout_s: float = 10.0, part: Part = WHOLE) -> None:
        self.name = address.shown
        self._address = address
        self._live = kind == "live"
        self._timeout_s = timeout_s
        self._part = part
        self._tracking = Tracking()

    def status(self) -> SourceStatus:
        """What the header claims, and damaged frames so far."""
        return self._tracking.status()

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Connect and read; see :class:`~live_classify.core.protocols.Source`. A live stream never ends but by failing.

        Raises:
            SourceOpenError: it can't be reached, or isn't a video; recorded: it has no end.
            SourceReadError: it broke off.
        """
        with self._open() as container:
            video = Video(container, self.name)
            if not self._live and not video.promised_s and container.format.name in _STREAMED:
                raise SourceOpenError(f"cannot read {self.name} as a recording: it is a live stream, to be watched")
            endless = self._live and not video.promised_s and not _is_file(container)
            decoding = Decoding(video, endless, self._broken_off)
            self._tracking.follow(decoding)
            if endless:
                yield from _as_they_come(decoding, stop)
            else:
                frames = wanted_frames(decoding, self._part, stop)
                yield from paced(frames, stop) if self._live else frames
        if endless and not stop.is_set():
            raise SourceReadError(f"{self.name}: the stream ended")

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

    def _broken_off(self, error: FFmpegError) -> SourceReadError:
        frames, reason = self._tracking.given(), why_broken_off(error, self._address, self._timeout_s)
        if not frames and not self._live:  # an MP4 file that wasn't made for streaming, say
            reason += ", or the file has its index at its end and the host can't send parts of it"
        return SourceReadError(f"{self.name} broke off after {frames} frames: {reason}")


def _is_file(container: InputContainer) -> bool:
    """Whether what is read has a length, and is of a kind that files are."""
    return container.format.name not in _STREAMED and (container.size or 0) > 0


def _as_they_come(decoding: Decoding, stop: threading.Event) -> Generator[Frame, None, None]:
    """Frames with the time since the stream was opened, each of its own size."""
    index, start_s = 0, time.monotonic()
    for picture in decoding.pictures(stop):
        captured_s = time.monotonic()
        bgr = decoding.bgr(picture, any_size=True)
        if bgr is not None:
            yield Frame(bgr, index, captured_s, captured_s - start_s)
            index += 1
