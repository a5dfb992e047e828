"""Synthetic cameras: photographs or a clip, delivered as a camera delivers frames."""

from __future__ import annotations

import functools
import itertools
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from urllib.parse import parse_qsl

import cv2
import numpy as np

from live_classify.core.errors import UsageError
from live_classify.core.protocols import SourceStatus
from live_classify.core.values import BgrImage, Frame
from live_classify.imaging.resize import centre_crop
from live_classify.sources.files import IMAGE_SUFFIXES, expand
from live_classify.sources.recording import Recording
from live_classify.sources.still import read_image

PREFIX = "synthetic:"
_SECONDS_A_PHOTOGRAPH = 3.0
_SYNTAX = f"write {PREFIX}PATH?fps=30&size=640x480, each part optional"


class SyntheticCamera:
    """A camera that shows photographs (three seconds each) or a clip, over and over.

    A clip gives one of its frames for each of the camera's. It keeps a camera's time: a frame every 1/fps seconds
    whether anybody reads it or not, and one that isn't read in time is lost, its number with it. Where decoding takes
    longer than that, the camera is as slow as the decoding.

    Args:
        path: a clip, a photograph, or a folder of photographs; None is the clip that ships with the package.
        fps: frames a second.
        size: width and height in pixels of every frame; what is shown is cropped to its shape.
        name: what the frames are said to come from.

    Raises:
        UsageError: a rate or size that no camera has.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        fps: float = 30.0,
        size: tuple[int, int] = (640, 480),
        name: str = PREFIX,
    ) -> None:
        if not 0 < fps <= 1000:
            raise UsageError(f"a camera of {fps:g} frames a second isn't possible; 1 to 1000 are")
        if not all(1 <= side <= 8192 for side in size):
            raise UsageError(f"a camera of {size[0]}x{size[1]} pixels isn't possible; 1 to 8192 each are")
        self.name = name
        self._path = None if path is None else Path(path)
        self._fps = fps
        self._period_s = 1 / fps
        self._size = size

    @staticmethod
    def path_in(text: str) -> Path | None:
        """Return the clip, photograph or folder that ``synthetic:PATH?…`` names, if any."""
        path = text.removeprefix(PREFIX).partition("?")[0]
        return Path(path) if path else None

    @classmethod
    def parse(cls, text: str) -> SyntheticCamera:
        """Make one from what a user wrote, ``synthetic:PATH?fps=30&size=640x480``.

        Raises:
            UsageError: it isn't of that form.
        """
        query = text.partition("?")[2]
        try:
            options = dict(parse_qsl(query, strict_parsing=bool(query)))
            fps = float(options.pop("fps", "30"))
            width, height = (int(side) for side in options.pop("size", "640x480").split("x"))
        except ValueError:
            raise UsageError(f"cannot make out {text}: {_SYNTAX}") from None
        if options:
            raise UsageError(f"a synthetic camera has no {', '.join(options)}: {_SYNTAX}")
        return cls(cls.path_in(text), fps, (width, height), name=text)

    def status(self) -> SourceStatus:
        """Return the frame rate; a synthetic camera has no end, and so no frame count."""
        return SourceStatus(frame_rate=self._fps)

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Deliver frames until stopped; see :class:`~live_classify.core.protocols.Source`."""
        picture_at = self._reel(stop)
        began_s = start_s = time.monotonic()
        index = 0
        while True:
            due_s = start_s + index * self._period_s
            now_s = time.monotonic()
            if now_s > due_s + self._period_s:  # nobody asked in time: this frame is lost
                index = int((now_s - start_s) / self._period_s)
                continue
            if stop.wait(due_s - now_s):
                return
            asked_s = time.monotonic()
            bgr = picture_at(index)
            if bgr is None:
                return
            captured_s = time.monotonic()
            # Decoding the frames that were lost to slow decoding would lose ever more.
            start_s += max(0.0, captured_s - asked_s - self._period_s)
            yield Frame(bgr, index, captured_s, captured_s - began_s)
            index += 1

    def _reel(self, stop: threading.Event) -> Callable[[int], BgrImage | None]:
        """Return a function from frame number to picture, None when stopped; numbers must not fall."""
        path = self._path
        if path is None:
            from live_classify.assets import asset

            path = asset("demo.mp4")
        if path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES:
            photographs = expand([str(path)], IMAGE_SUFFIXES)
            each = max(1, round(_SECONDS_A_PHOTOGRAPH / self._period_s))
            # Only the one that is shown stays in memory: a folder may hold thousands.
            show = functools.lru_cache(maxsize=1)(lambda name: self._to_size(read_image(Path(name), name)))
            return lambda index: show(photographs[index // each % len(photographs)])
        clip = _Loop(Recording(path), stop)
        return lambda index: None if stop.is_set() else self._to_size(clip.frame(index))

    def _to_size(self, bgr: BgrImage) -> BgrImage:
        width, height = self._size
        return np.asarray(cv2.resize(centre_crop(bgr, width, height), (width, height)), dtype=np.uint8)


class _Loop:
    """A clip played over and over, one of its frames for each of the camera's."""

    def __init__(self, recording: Recording, stop: threading.Event) -> None:
        self._frames = (frame.bgr for _ in itertools.count() for frame in recording.frames(stop))
        self._next = 0

    def frame(self, index: int) -> BgrImage:
        """The frame of that number, which must not be lower than the last one asked for."""
        skipped, self._next = index - self._next, index + 1
        return next(itertools.islice(self._frames, skipped, None))
