"""What networks there are: one record each."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from live_classify.errors import UnknownModelError
from live_classify.models import lite_weights

if TYPE_CHECKING:
    import keras

Precision: TypeAlias = Literal["float32", "float16", "int8"]


@dataclass(frozen=True)
class Network:
    """All that is needed to run a network and to name what it says."""

    name: str
    input_size: tuple[int, int]
    """Height and width in pixels."""
    classes: int
    labels: str
    """Name of the shipped labels file."""
    parameters: int
    """Weights, batch-normalisation statistics included."""
    licence: str
    litert: Mapping[Precision, str]
    """Shipped LiteRT files: from ``(1, H, W, 3)`` RGB in 0..255 to ``(1, classes)`` logits."""
    build: Callable[[], keras.Model]
    """Make the Keras network with its weights: from ``(N, H, W, 3)`` float32 RGB in 0..255 to ``(N, classes)`` logits.
    It imports Keras."""


EFFICIENTNET_LITE0 = Network(
    name="efficientnet-lite0",
    input_size=(224, 224),
    classes=1000,
    labels="imagenet_labels.tsv",
    parameters=4_694_024,
    licence="Apache-2.0",
    litert={"float32": "efficientnet-lite0-float32.tflite", "int8": "efficientnet-lite0-int8.tflite"},
    build=lite_weights.efficientnet_lite0,
)

NETWORKS: Mapping[str, Network] = {network.name: network for network in (EFFICIENTNET_LITE0,)}

DEFAULT = EFFICIENTNET_LITE0.name


def find_network(name: str) -> Network:
    """Look a network up by its name, in whatever case.

    Raises:
        UnknownModelError: there is none of that name; the message names those that come nearest.
    """
    network = NETWORKS.get(name.lower())
    if network is None:
        near = difflib.get_close_matches(name.lower(), NETWORKS, n=3) or list(NETWORKS)
        raise UnknownModelError(f"unknown model {name}; known: {', '.join(near)} (`live-classify models` lists all)")
    return network
