"""What networks there are: one record each."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from live_classify.core.errors import UnknownModelError
from live_classify.models.catalogue.keras_applications import keras_applications
from live_classify.models.catalogue.lite_weights import LITE0, LITE1, LITE2
from live_classify.models.records.network import Network

NETWORKS: Mapping[str, Network] = {
    **{network.name: network for network in (LITE0, LITE1, LITE2)},
    **keras_applications(),
}

DEFAULT = LITE0.name


def find_network(name: str) -> Network:
    """Look a network up by its name, in whatever case.

    Raises:
        UnknownModelError: there is none of that name; the message names those that come nearest.
    """
    network = NETWORKS.get(name.lower())
    if network is None:
        near = difflib.get_close_matches(name.lower(), NETWORKS, n=3) or [DEFAULT]
        raise UnknownModelError(f"unknown model {name}; known: {', '.join(near)} (`live-classify models` lists all)")
    return network
