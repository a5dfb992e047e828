"""Interlaced recordings (broadcasts, camcorders), which OpenCV 5.0 can't read: it gives what was left in its memory.

FFmpeg 8 refuses to turn an interlaced picture into a progressive one, and OpenCV takes no notice. PyAV does it rightly.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from live_classify.core.values import BgrImage

_LOOKED_AT = 5  # frames: material of both kinds, as of films on television, shows it soon


def is_interlaced(path: Path) -> bool:
    """Whether one of a recording's first frames is interlaced; False where none can be decoded."""
    import av

    try:
        with av.open(str(path.absolute())) as container:
            pictures = container.decode(video=0)
            return any(picture.interlaced_frame for picture in itertools.islice(pictures, _LOOKED_AT))
    except (OSError, ValueError, IndexError, av.FFmpegError):
        return False


def decoded(path: Path, on_error: Callable[[], None]) -> Iterator[tuple[BgrImage, float]]:
    """Decode a recording with PyAV: each frame with its time in seconds from the start; 0 where it has none.

    Args:
        path: the file.
        on_error: called for each frame that can't be decoded.
    """
    import av

    with av.open(str(path.absolute())) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        start_s = float((stream.start_time or 0) * stream.time_base) if stream.time_base else 0.0
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:  # cut short
                return
            if packet is None:
                return
            try:
                pictures = packet.decode()
            except av.FFmpegError:
                on_error()
                continue
            for picture in pictures:
                time_s = 0.0 if picture.time is None else picture.time - start_s
                yield np.asarray(picture.to_ndarray(format="bgr24"), np.uint8), time_s
