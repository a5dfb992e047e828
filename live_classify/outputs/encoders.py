"""Which H.264 encoder works on this machine: one of its hardware, else libx264."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

_TRIAL_FRAMES = 3


@dataclass(frozen=True)
class Encoder:
    """An encoder of FFmpeg's, and how it is set here. None makes B-frames: with these, fragments shift the sound."""

    name: str
    options: Mapping[str, str] = field(default_factory=dict)


LIBX264 = Encoder(
    "libx264",
    # Threads and lookahead each hold pictures: more gain little here. Without weighted prediction, and with coarser
    # motion vectors, it takes a fifth to a third less time, and 4 to 10% more bytes at the same quality (PSNR).
    {"preset": "veryfast", "bf": "0", "threads": "2", "rc-lookahead": "5", "weightp": "0", "subq": "1"},
)

HARDWARE = (
    Encoder("h264_nvenc", {"preset": "p4", "rc": "constqp", "qp": "23", "bf": "0"}),  # NVIDIA
    # Apple: quality 65 of 100, in FFmpeg's units of 118.
    Encoder("h264_videotoolbox", {"flags": "+qscale", "global_quality": str(65 * 118), "bf": "0"}),
)
"""Those of them that take pictures as libx264 does. A machine offers them whether it has the hardware or not."""


def working_encoder(width: int, height: int, candidates: Sequence[Encoder] = HARDWARE) -> Encoder:
    """The first of the candidates that encodes pictures of a size; libx264 if none does.

    Args:
        width: pixels, even.
        height: pixels, even.
        candidates: in the order of preference.
    """
    return next((one for one in candidates if _works(one, width, height)), LIBX264)


def _works(encoder: Encoder, width: int, height: int) -> bool:
    import av

    try:
        codec = av.CodecContext.create(encoder.name, "w")
        codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"  # type: ignore[attr-defined]
        codec.time_base, codec.options = Fraction(1, 30), dict(encoder.options)
        grey = np.full((height * 3 // 2, width), 128, np.uint8)
        packets = []
        for number in range(_TRIAL_FRAMES):
            frame = av.VideoFrame.from_ndarray(grey, format="yuv420p")
            frame.pts = number
            packets += codec.encode(frame)  # type: ignore[attr-defined]
        packets += codec.encode(None)  # type: ignore[attr-defined]
    except (av.FFmpegError, ValueError):  # the driver or the device isn't there; or FFmpeg was built without it
        return False
    return len([packet for packet in packets if packet.size]) == _TRIAL_FRAMES
