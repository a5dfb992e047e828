"""Whether a model gives probabilities, found by trying."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from live_classify.models.records.network import Output

_TOLERANCE = 1e-2


def probes(shape: tuple[int, ...]) -> Iterator[npt.NDArray[np.uint8]]:
    """Pictures that differ as much as pictures can: black, white, noise of every pixel, and coarse noise."""
    height, width, channels = shape
    random = np.random.default_rng(0)
    yield np.zeros(shape, np.uint8)
    yield np.full(shape, 255, np.uint8)
    yield random.integers(0, 256, shape, dtype=np.uint8)
    coarse = random.integers(0, 256, (8, 8, channels), dtype=np.uint8)
    yield coarse.repeat(-(-height // 8), axis=0).repeat(-(-width // 8), axis=1)[:height, :width]


def output_of(rows: npt.NDArray[np.floating]) -> Output:
    """What scores are, seen from those of all probes.

    Args:
        rows: ``(N, classes)``; a single score a row, for the second of two classes, is a probability if it lies in
            0..1 for every picture.

    Returns:
        Probabilities if none is negative and each row adds up to 1; logits otherwise.
    """
    if not np.isfinite(rows).all() or rows.min() < 0:
        return "logits"
    total = rows.sum(axis=1)
    if rows.shape[1] == 1:
        return "probabilities" if total.max() <= 1 else "logits"
    return "probabilities" if np.abs(total - 1).max() <= _TOLERANCE else "logits"
