"""Which source a user means."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from live_classify.core.errors import UsageError
from live_classify.core.protocols import Source
from live_classify.sources.address import Address, scheme_of, shown_name
from live_classify.sources.camera import Camera
from live_classify.sources.excerpt import WHOLE, Excerpt, Part
from live_classify.sources.files import IMAGE_SUFFIXES, require_file
from live_classify.sources.network import SCHEMES, NetworkStream
from live_classify.sources.pace import AtOwnPace
from live_classify.sources.probe import probe
from live_classify.sources.reconnecting import Patience, Reconnecting
from live_classify.sources.recorded import RecordedSource
from live_classify.sources.recording import Recording
from live_classify.sources.still import Still
from live_classify.sources.synthetic import PREFIX, SyntheticCamera


def live_source(text: str, patience: Patience | None = None) -> Source:
    """The source for ``watch``: a camera number, ``/dev/video*``, an address, ``synthetic:…``, or a file at its pace.

    Args:
        text: what the user gave.
        patience: how long cameras and streams may be silent before they are connected again.

    Raises:
        UsageError: it can be none of these.
        SourceOpenError: it names a file that isn't there or can't be read.
    """
    patience = patience or Patience()
    if re.fullmatch("[0-9]{1,4}", text):
        number = int(text)
        return Reconnecting(text, lambda _: Camera(number), patience)
    if text.startswith("/dev/") and not Path(text).is_file():
        return Reconnecting(text, lambda _: Camera(text), patience)
    if text.startswith(PREFIX):
        return SyntheticCamera.parse(text)
    if scheme_of(text) is not None:
        address = _address(text)
        return Reconnecting(
            address.shown, partial(NetworkStream, address, "live"), patience, probe=partial(probe, address)
        )
    recording = recorded_source(text)
    require_file(Path(text), recording.name)  # before anything else is opened: a window, a network
    return AtOwnPace(recording)


def played_file(text: str) -> Path | None:
    """The file that :func:`live_source` plays at its own pace; None of a camera, an address or ``synthetic:…``."""
    device = re.fullmatch("[0-9]{1,4}", text) or (text.startswith("/dev/") and not Path(text).is_file())
    return None if device or text.startswith(PREFIX) else recording_file(text)


def files_read(text: str) -> list[Path]:
    """The files that :func:`live_source` would read, which nothing may overwrite."""
    path = SyntheticCamera.path_in(text) if text.startswith(PREFIX) else Path(text)
    if path is None or scheme_of(text) is not None:
        return []
    return [below for below in path.rglob("*") if below.is_file()] if path.is_dir() else [path]


def recorded_source(text: str, part: Part = WHOLE) -> RecordedSource:
    """The source for ``video`` and ``image``: a video file, here or on the web, or a picture by its name's ending.

    Args:
        text: the file's name.
        part: which frames of a video are wanted.

    Raises:
        UsageError: it is a live stream.
    """
    if scheme_of(text) is not None:
        address = _address(text)
        if address.scheme.startswith("rtsp"):
            raise UsageError(f"{address} is a live stream: `watch` it")
        return NetworkStream(address, "recorded", part=part)
    path, name = Path(text), shown_name(text)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return Still(path, name)
    return Recording(path, name) if part == WHOLE else Excerpt(path, part, name)


def recording_file(text: str) -> Path | None:
    """The file on this machine that :func:`recorded_source` reads; None of an address."""
    return Path(text) if scheme_of(text) is None else None


def _address(text: str) -> Address:
    address = Address(text)
    if address.scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise UsageError(f"{address.scheme}:// sources aren't supported; {known} are")
    if not address.host:
        raise UsageError(f"{address} names no host")
    return address
