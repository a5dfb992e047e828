"""LiteRT (the TensorFlow Lite runtime) with XNNPACK on the CPU."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from live_classify.engines.base import EngineName, softmax
from live_classify.engines.quiet import native_stderr_silenced
from live_classify.errors import EngineError


class LiteRTEngine:
    """One interpreter. It has one set of buffers, so calls of several threads take turns.

    The interpreter takes one picture a call: on a CPU larger batches gain nothing that a second interpreter wouldn't.

    Args:
        path: a ``.tflite`` file from ``(1, H, W, 3)`` RGB in 0..255, float32 or uint8, to ``(1, classes)`` float32
            logits.
        precision: of its weights, for the record.
        threads: how many threads one call uses.
        batch: the largest batch that will be given; run one picture after the other.

    Raises:
        EngineError: LiteRT refuses the file, or its input or output is of another kind.
    """

    name: EngineName = "litert"
    device = "cpu"

    def __init__(self, path: Path, precision: str, threads: int, batch: int = 1) -> None:
        try:
            with native_stderr_silenced():  # XNNPACK announces itself there
                self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise EngineError(f"LiteRT can't use {path.name}: {error}") from error
        self._in_use = threading.Lock()
        self.precision = precision
        self.batch = batch
        (source,) = self._interpreter.get_input_details()
        (target,) = self._interpreter.get_output_details()
        self._dtype = source["dtype"]
        self._input, self._output = source["index"], target["index"]
        shape = tuple(int(side) for side in source["shape"])
        if len(shape) != 4 or (shape[0], shape[3]) != (1, 3) or self._dtype not in (np.float32, np.uint8):
            raise EngineError(f"{path.name} takes {shape} {np.dtype(self._dtype).name}, not one RGB picture")
        if target["dtype"] != np.float32 or len(target["shape"]) != 2:
            raise EngineError(f"{path.name} gives no list of float32 scores")
        self.input_size = (shape[1], shape[2])
        self.classify(np.zeros((1, *self.input_size, 3), np.uint8))  # XNNPACK packs the weights in the first run

    def classify(self, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Run the network; see :class:`~live_classify.engines.base.Engine`."""
        return softmax(np.concatenate([self._logits(picture) for picture in rgb]))

    def _logits(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        try:
            with self._in_use:
                self._interpreter.set_tensor(self._input, picture[np.newaxis].astype(self._dtype, copy=False))
                self._interpreter.invoke()
                return np.asarray(self._interpreter.get_tensor(self._output), dtype=np.float32)
        except (ValueError, RuntimeError) as error:
            raise EngineError(f"LiteRT failed: {error}") from error

    def close(self) -> None:
        """Release the interpreter; see :class:`~live_classify.engines.base.Engine`."""
        del self._interpreter
