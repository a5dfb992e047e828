"""Which source a user means."""

from __future__ import annotations

import re
from pathlib import Path

from live_classify.errors import UsageError
from live_classify.sources.base import Source
from live_classify.sources.camera import Camera
from live_classify.sources.excerpt import WHOLE, Excerpt, Part
from live_classify.sources.files import IMAGE_SUFFIXES, require_file
from live_classify.sources.pace import AtOwnPace
from live_classify.sources.recording import Recording
from live_classify.sources.still import Still
from live_classify.sources.synthetic import PREFIX, SyntheticCamera

_URL = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


def live_source(text: str) -> Source:
    """The source for ``watch``: a camera number, ``/dev/video*``, ``synthetic:…``, or a file at its own pace.

    Raises:
        UsageError: it can be none of these.
        SourceOpenError: it names a file that isn't there or can't be read.
    """
    if re.fullmatch("[0-9]{1,4}", text):
        return Camera(int(text))
    if text.startswith("/dev/") and not Path(text).is_file():
        return Camera(text)
    if text.startswith(PREFIX):
        return SyntheticCamera.parse(text)
    recording = recorded_source(text)
    require_file(Path(text), text)  # before anything else is opened: a window, a network
    return AtOwnPace(recording)


def files_read(text: str) -> list[Path]:
    """The files that :func:`live_source` would read, which nothing may overwrite."""
    path = SyntheticCamera.path_in(text) if text.startswith(PREFIX) else Path(text)
    if path is None:
        return []
    return [below for below in path.rglob("*") if below.is_file()] if path.is_dir() else [path]


def recorded_source(text: str, part: Part = WHOLE) -> Source:
    """The source for ``video`` and ``image``: a video file, or a picture by the ending of its name.

    Args:
        text: the file's name.
        part: which frames of a video file are wanted.

    Raises:
        UsageError: it is an address on the network.
    """
    scheme = _URL.match(text)
    if scheme:
        # The address isn't repeated: it may hold a password.
        raise UsageError(f"{scheme[1]}:// sources aren't supported; give a file, or `watch` a camera")
    path = Path(text)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return Still(path, text)
    return Recording(path, text) if part == WHOLE else Excerpt(path, part, text)
