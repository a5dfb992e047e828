"""How pixels become the numbers that a network was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Colour: TypeAlias = Literal["rgb", "bgr"]
Channels: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """``pixel * scale + offset``, channel by channel, after the channels were put in order."""

    scale: Channels = (1.0, 1.0, 1.0)
    offset: Channels = (0.0, 0.0, 0.0)
    colour: Colour = "rgb"
    """In which order the network takes the channels; scale and offset are in the same."""

    @property
    def is_none(self) -> bool:
        """Whether the network takes RGB in 0..255 as it is."""
        return self == Preprocessing()

    def apply(self, rgb: Any) -> Any:
        """Prepare a float32 tensor ``(N, H, W, 3)`` of RGB in 0..255, with Keras's operations."""
        from keras import ops

        if self.colour == "bgr":
            rgb = ops.flip(rgb, axis=-1)
        if self.scale != (1.0, 1.0, 1.0):
            rgb = rgb * ops.convert_to_tensor(self.scale, "float32")
        if self.offset != (0.0, 0.0, 0.0):
            rgb = rgb + ops.convert_to_tensor(self.offset, "float32")
        return rgb


_MEAN = (0.485, 0.456, 0.406)  # of ImageNet's training pictures in RGB, 0..1; the deviation likewise
_DEVIATION = (0.229, 0.224, 0.225)

NONE = Preprocessing()
MODES: Mapping[str, Preprocessing] = {
    "none": NONE,
    "unit": Preprocessing(scale=(1 / 255,) * 3),
    # The modes of keras.applications.imagenet_utils.preprocess_input:
    "tf": Preprocessing(scale=(1 / 127.5,) * 3, offset=(-1.0,) * 3),
    "torch": Preprocessing(
        scale=(1 / 255 / _DEVIATION[0], 1 / 255 / _DEVIATION[1], 1 / 255 / _DEVIATION[2]),
        offset=(-_MEAN[0] / _DEVIATION[0], -_MEAN[1] / _DEVIATION[1], -_MEAN[2] / _DEVIATION[2]),
    ),
    "caffe": Preprocessing(offset=(-103.939, -116.779, -123.68), colour="bgr"),
}
"""By name: ``none`` 0..255, ``unit`` 0..1, ``tf`` -1..1, ``torch`` and ``caffe`` about ImageNet's mean (BGR: caffe)."""
