"""The LiteRT file that an engine runs in the place of a network."""

from __future__ import annotations

from pathlib import Path

from live_classify.models.convert.cache import Calibration, converted
from live_classify.models.records.network import Network, Precision
from live_classify.models.weights.origin import Progress


def file_precision(precision: Precision) -> Precision:
    """The precision of the file that is computed in another one: float16 is made of float32 by the runtime."""
    return "int8" if precision == "int8" else "float32"


def litert_file(network: Network, precision: Precision, calibration: Calibration, progress: Progress) -> Path:
    """The LiteRT file of a network for a precision of arithmetic, converted if there is none.

    Raises:
        EngineError: it can't be converted.
        ModelFileError: a file of the network is missing or damaged.
    """
    ready = network.litert.get(file_precision(precision))
    return converted(network, file_precision(precision), calibration, progress) if ready is None else ready()
