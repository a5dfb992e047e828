"""What the scripts that build the assets share: the photographs, and pictures as a network takes them."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from live_classify.core.values import BgrImage

ASSETS = Path(__file__).resolve().parents[1] / "live_classify" / "assets"
SIZE = 224

RgbBatch: TypeAlias = npt.NDArray[np.float32]


def package_file(package: str, path: str) -> Path:
    """Find a file of an installed package without importing the package, whose own dependencies aren't needed here."""
    return Path(str(distribution(package).locate_file(path)))


def read_photograph(name: str) -> BgrImage:
    """Read one photograph of scikit-image's wheel."""
    path = package_file("scikit-image", f"skimage/data/{name}")
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit(f"cannot read {path}: install scikit-image as the dependency group 'assets' says")
    return np.asarray(image, dtype=np.uint8)


def rgb_batch(square: BgrImage, size: int = SIZE) -> RgbBatch:
    """Scale a square to a network's input, as float32 RGB in 0..255."""
    rgb = cv2.cvtColor(cv2.resize(square, (size, size), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
    return rgb[np.newaxis].astype(np.float32)


def centre_square(picture: BgrImage) -> BgrImage:
    """The largest square from the middle of a picture."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Probabilities of ``(classes,)`` logits."""
    exponentials = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(exponentials / exponentials.sum())
