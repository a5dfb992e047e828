"""The photographs of ``live-classify models --check``, and what the networks answer to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from _assets_pictures import ASSETS, SIZE, centre_square, read_photograph, rgb_batch, softmax
from live_classify.assets import DEMO_SCENES
from live_classify.models.catalogue.lite_weights import LITE0, LITE1, LITE2

if TYPE_CHECKING:
    from live_classify.core.values import BgrImage

REFERENCE_MAX_BYTES = 250_000
REFERENCE_TOP = 5
# Of each value 6 bits are kept: the rest is noise, which PNG can't pack.
REFERENCE_BITS = 0b11111100


@dataclass(frozen=True)
class Part:
    """A part of a photograph, in its pixels."""

    photograph: str
    left: int
    top: int
    width: int
    height: int


# In the order of DEMO_SCENES. The networks are right on all of them and sure of most, int8 nearly as much; with red and
# blue swapped the cat's and the coffee's answers change most. The coffee is no square, and the camera's file is grey.
PARTS = (
    Part("coffee.png", 5, 2, 487, 365),
    Part("chelsea.png", 155, 34, 206, 206),
    Part("camera.png", 30, 77, 341, 341),
    Part("rocket.jpg", 166, 30, 371, 371),
)


def write_reference(labels: list[str]) -> None:
    """Write the photographs of the self-check, and what the networks answer to them.

    They are as high as the default network's input, which takes them unscaled: its answers to them are the same on
    every machine, while the last bit of a scaled pixel hangs on OpenCV's build, and 1 in 255 moves a probability by
    hundredths. PNG, because libjpeg's versions differ by as much.

    Raises:
        SystemExit: an answer is wrong, or the photographs are too large.
    """
    paths = [ASSETS / f"{Path(part.photograph).stem}.png" for part in PARTS]
    for path, part in zip(paths, PARTS, strict=True):
        packing = [cv2.IMWRITE_PNG_COMPRESSION, 9, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_PAETH]
        cv2.imwrite(str(path), cut_out(part), packing)
    size = sum(path.stat().st_size for path in paths)
    if size >= REFERENCE_MAX_BYTES:
        raise SystemExit(f"the photographs of the self-check are too large: {size} bytes")

    rows = [line.split("\t") for line in labels]
    answers: dict[str, dict[str, list[dict[str, object]]]] = {path.name: {} for path in paths}
    for network in (LITE0, LITE1, LITE2):
        model = network.build()
        for path, scene in zip(paths, DEMO_SCENES, strict=True):
            square = centre_square(np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR), dtype=np.uint8))
            probabilities = softmax(np.asarray(model(rgb_batch(square, network.input_size[0])))[0])
            best = [rows[index] for index in np.argsort(-probabilities)[:REFERENCE_TOP]]
            if best[0][2] not in scene.names:
                raise SystemExit(f"{network.name} takes {path.name} for {best[0][2]}")
            answers[path.name][network.name] = [
                {
                    "index": int(index),
                    "id": key,
                    "name": name,
                    "probability": round(float(probabilities[int(index)]), 6),
                }
                for index, key, name in best
            ]
    text = json.dumps(answers, indent=1) + "\n"
    (ASSETS / "reference.json").write_text(text, encoding="utf-8", newline="\n")


def cut_out(part: Part) -> BgrImage:
    """A part of a photograph, as high as the default network's input; ``(H, W)`` where it is grey."""
    whole = read_photograph(part.photograph)[part.top :, part.left :][: part.height, : part.width]
    picture = cv2.resize(whole, (round(part.width * SIZE / part.height), SIZE), interpolation=cv2.INTER_AREA)
    picture = picture & np.uint8(REFERENCE_BITS)
    grey = (picture == picture[..., :1]).all()
    return np.asarray(picture[..., 0] if grey else picture, dtype=np.uint8)
