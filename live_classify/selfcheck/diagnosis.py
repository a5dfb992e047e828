"""Why an engine answers otherwise than it should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from live_classify.assets import FOLDER
from live_classify.models.records.network import Network, Precision
from live_classify.models.records.preprocessing import MODES, Preprocessing
from live_classify.selfcheck.expected import Expected, PlainNetwork, Rows


def is_swapped(expected: Expected, rows: Rows, rows_of_swapped: Rows) -> bool:
    """Whether an engine takes red for blue: given pixels that are swapped too, it answers clearly better.

    That needs no tolerance, and so shows in int8 even where the difference is within what int8 may differ by.
    """
    distance = expected.distance(rows)
    return distance > expected.tolerance and expected.distance(rows_of_swapped) < distance / 2


def explain(
    network: Network,
    rgb: npt.NDArray[np.uint8],
    expected: Expected,
    rows: Rows,
    precision: Precision,
    file: Path | None,
) -> str:
    """What is probably wrong with an engine whose answers differ from those expected.

    Where the network has a Keras form, that is asked: if it answers rightly, its file or the engine doesn't.

    Args:
        network: which the engine runs.
        rgb: ``(N, H, W, 3)`` pixels that it was given.
        expected: what it should have answered.
        rows: what it answered.
        precision: of its arithmetic.
        file: the LiteRT file that it ran; None for Keras.
    """
    if network.construct is None:
        return "it answers otherwise than the first engine"
    plain = PlainNetwork(network)

    def is_right_with(preprocessing: Preprocessing) -> bool:
        return expected.distance(plain.rows(rgb, preprocessing.apply)) <= expected.tolerance

    if not is_right_with(network.preprocessing):
        for name, mode in MODES.items():
            if is_right_with(mode):
                return f"its pixels are scaled wrongly: with preprocessing {name} the answers are right"
        return "wrong weights, or pixels scaled in a way of their own"
    if precision != "float32" and _misses(expected, rows) <= 1:
        better = "pictures of your own as --calibration, or float32" if precision == "int8" else "float32"
        return f"{precision} costs this network too much: use {better}"
    if file is None:
        return "it answers otherwise than the same network in Keras, called without it"
    return not_this_network(file)


def not_this_network(file: Path) -> str:
    """That a LiteRT file is a stale or damaged conversion, and what to do."""
    cure = "reinstall live_classify" if file.parent == FOLDER else "delete it, and it is made anew"
    return f"{file} isn't made from this network: {cure}"


def _misses(expected: Expected, rows: Rows) -> int:
    """On how many photographs the top label is another than expected."""
    best = expected.classes[np.arange(len(rows)), expected.probabilities.argmax(axis=1)]
    return int((rows.argmax(axis=1) != best).sum())
