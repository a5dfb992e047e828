"""What a caller in Python may give as a picture: arrays, files, and PIL's pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, get_args, runtime_checkable

import cv2
import numpy as np
import numpy.typing as npt

from live_classify.core.errors import SourceOpenError, UsageError
from live_classify.core.one_line import one_line
from live_classify.core.values import BgrImage
from live_classify.sources.address import shown_name
from live_classify.sources.still import read_image

Colour: TypeAlias = Literal["bgr", "rgb"]
"""The order of an array's channels. Files and PIL's pictures know theirs."""

_ORIENTATION = 0x0112  # the EXIF tag
_TURNS: dict[int, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a.swapaxes(0, 1)[::-1],
}
"""What shows a picture upright, by the value of the tag."""

_TO_BGR = {
    ("bgr", 1): cv2.COLOR_GRAY2BGR,
    ("rgb", 1): cv2.COLOR_GRAY2BGR,
    ("rgb", 3): cv2.COLOR_RGB2BGR,
    ("bgr", 4): cv2.COLOR_BGRA2BGR,
    ("rgb", 4): cv2.COLOR_RGBA2BGR,
}


@runtime_checkable
class PilImage(Protocol):
    """As much of a ``PIL.Image.Image`` as is needed, so that PIL isn't."""

    mode: str

    def convert(self, mode: str) -> Any:
        """Return the picture in another mode."""

    def getexif(self) -> Any:
        """Return the tags of EXIF."""


def pictures(images: object, colour: Colour = "bgr") -> tuple[Iterator[BgrImage], bool]:
    """Read whatever shows pictures.

    Args:
        images: one picture or several. An array is uint8: ``(H, W, 3)``, ``(H, W)`` or ``(H, W, 1)`` grey,
            ``(H, W, 4)`` with an alpha channel, which is left out; or ``(N, H, W, C)``, several. A path is read, and
            turned as its EXIF orientation says. So is a picture of PIL, whatever its mode of 8 bits; the tag is no
            longer there once ``ImageOps.exif_transpose`` has turned it. Or a list or tuple of any of these.
        colour: the order of an array's channels.

    Returns:
        The pictures, ``(H, W, 3)`` uint8 BGR, read one by one as they are asked for, where what isn't a picture is
        refused, too; and whether there were several: a list, a tuple or an array of four dimensions.

    Raises:
        UsageError: an unknown order of channels.
    """
    if colour not in get_args(Colour):
        raise UsageError(f"unknown colour {colour}: {', '.join(get_args(Colour))} are known")
    several = isinstance(images, (list, tuple)) or (isinstance(images, np.ndarray) and images.ndim == 4)
    return _each(images, colour), several


def _each(images: object, colour: Colour) -> Iterator[BgrImage]:
    if isinstance(images, (list, tuple)):
        for image in images:
            if isinstance(image, (list, tuple)):
                raise UsageError("expected a list of pictures, received a list of lists")
            yield from _each(image, colour)
    elif isinstance(images, np.ndarray) and images.ndim == 4:
        for array in images:
            yield _from_array(array, colour)
    elif isinstance(images, np.ndarray):
        yield _from_array(images, colour)
    elif isinstance(images, (str, os.PathLike)):
        path = os.fspath(images)
        if not isinstance(path, str):
            raise UsageError("expected the path of a picture as text, received bytes")
        yield read_image(Path(path), shown_name(path))
    elif isinstance(images, PilImage):
        yield _from_pil(images)
    else:
        raise UsageError(
            "expected a picture: an array (H, W, 3) uint8, a path, a picture of PIL, or a list of such; "
            f"received {type(images).__name__}"
        )


def _from_array(array: npt.NDArray[Any], colour: Colour) -> BgrImage:
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in {2, 3} or channels not in {1, 3, 4} or array.dtype != np.uint8 or array.size == 0:
        raise UsageError(
            f"expected an array uint8 (H, W, 3), (H, W), (H, W, 4) or (N, H, W, 3), not {array.shape} {array.dtype}"
        )
    array = np.ascontiguousarray(array)
    code = _TO_BGR.get((colour, channels))
    return array if code is None else np.asarray(cv2.cvtColor(array, code), np.uint8)


def _from_pil(image: PilImage) -> BgrImage:
    if image.mode.startswith(("I", "F")):
        raise UsageError(
            f"expected a picture of PIL with 8 bits a channel, received mode {image.mode}: convert it to RGB"
        )
    try:
        rgb = np.asarray(image.convert("RGB"))
        turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except Exception as error:  # PIL reads the file only now, and has many ways to say that it is damaged
        raise SourceOpenError(f"cannot read the picture of PIL: {one_line(error)}") from error
    return _from_array(rgb if turn is None else turn(rgb), "rgb")
