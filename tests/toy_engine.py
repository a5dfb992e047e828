"""An engine of another package, in one file: it says what colour a picture has most of."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from live_classify.core.values import Activations
from live_classify.engines.registry import EngineSpec


class ToyEngine:
    name, precision, device, input_size, batch = "toy", "float32", "cpu", (224, 224), 4

    def run(self, rgb: npt.NDArray[np.uint8]) -> Activations:
        means = rgb.mean(axis=(1, 2), dtype=np.float32)
        return Activations(np.pad(means, ((0, 0), (0, 997))))

    def close(self) -> None:
        pass


def open_toy(*_: Any) -> list[ToyEngine]:
    return [ToyEngine()]


TOY = EngineSpec(name="toy", title="Toy", open="toy_engine:open_toy", precisions=("float32",))
