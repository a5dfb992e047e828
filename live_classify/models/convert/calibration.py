"""The pictures from which a conversion to int8 learns how large each layer's numbers get."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from live_classify.assets import asset, sha256
from live_classify.core.errors import SourceError, SourceOpenError, UsageError
from live_classify.imaging.resize import ResizeMode, resize_into
from live_classify.sources.files import IMAGE_SUFFIXES, VIDEO_SUFFIXES, expand
from live_classify.sources.open import recorded_source

_DEFAULT_CLIP = "demo.mp4"
_PICTURES = 100  # what TensorFlow's guide to quantisation advises; more change nothing that shows


@dataclass(frozen=True)
class Calibration:
    """Pictures and recordings to calibrate with; the shipped clip where none are named."""

    paths: tuple[Path, ...] = ()
    """Files, and folders of files."""
    resize: ResizeMode = "crop"

    def digest(self) -> str:
        """A hash of what the files hold.

        Raises:
            SourceOpenError: one isn't there or can't be read, or a folder holds nothing of the kind.
        """
        digest = hashlib.sha256(self.resize.encode())
        try:
            for file in self._files():
                digest.update(sha256(file).encode())
        except OSError as error:
            if isinstance(error, SourceOpenError):
                raise
            raise SourceOpenError(f"cannot calibrate with {error.filename}: {error.strerror}") from error
        return digest.hexdigest()

    def pictures(self, input_size: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """Read pictures, spread evenly over the files.

        Args:
            input_size: height and width that the network takes.

        Returns:
            ``(N, H, W, 3)`` uint8 RGB, N up to about two hundred. Black and white are among them: with the whole range
            of pixels covered, a pixel is its own quantised value.

        Raises:
            UsageError: none of the files could be read.
        """
        files = self._files()
        chosen = files[:: max(1, len(files) // _PICTURES)]
        share = max(1, _PICTURES // len(chosen))
        rows = [row for file in chosen for row in self._rows(file, share, input_size)]
        if not rows:
            raise UsageError("nothing to calibrate with: no picture or recording of those named can be read")
        return np.stack([*rows, np.zeros_like(rows[0]), np.full_like(rows[0], 255)])

    def _files(self) -> Sequence[Path]:
        if not self.paths:
            return [asset(_DEFAULT_CLIP)]
        return [Path(name) for name in expand(map(str, self.paths), IMAGE_SUFFIXES + VIDEO_SUFFIXES)]

    def _rows(self, file: Path, most: int, input_size: tuple[int, int]) -> Iterator[npt.NDArray[np.uint8]]:
        """Up to twice ``most`` pictures of one file, evenly spread; what can't be read is passed over."""
        kept: list[npt.NDArray[np.uint8]] = []
        stride = 1
        try:
            # The length isn't known beforehand: whenever there are too many, every other one goes.
            for frame in recorded_source(str(file)).frames(threading.Event()):
                if frame.index % stride:
                    continue
                row = np.empty((*input_size, 3), np.uint8)
                resize_into(frame.bgr, row, self.resize)
                kept.append(row)
                if len(kept) > 2 * most:
                    kept, stride = kept[::2], 2 * stride
        except SourceError:
            pass
        yield from kept
