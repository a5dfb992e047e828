"""LiteRT (the TensorFlow Lite runtime) with XNNPACK on the CPU."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from live_classify.core.cores import usable_cores
from live_classify.core.errors import EngineError
from live_classify.core.one_line import one_line
from live_classify.core.quiet import native_stderr_silenced
from live_classify.core.values import Activations
from live_classify.engines.litert_files import litert_file
from live_classify.engines.processor import MAX_WORKERS
from live_classify.models.records.network import Network
from live_classify.models.records.preprocessing import NONE, Preprocessing
from live_classify.models.weights.origin import Progress

if TYPE_CHECKING:
    from live_classify.core.protocols import Goal
    from live_classify.engines.stored import Choice
    from live_classify.models.convert.cache import Calibration

_EIGHT_BITS = (np.uint8, np.int8)
_MAX_THREADS = 8  # a network of a few milliseconds gains nothing beyond


def open_litert(
    network: Network, choice: Choice, goal: Goal, calibration: Calibration, progress: Progress
) -> list[LiteRTEngine]:
    """Make interpreters ready: for ``throughput`` one a core with one thread each, for ``latency`` one with all cores.

    See :class:`~live_classify.engines.registry.Open`.
    """
    path = litert_file(network, choice.precision, calibration, progress)
    cores = usable_cores()
    workers = choice.workers or (min(cores, MAX_WORKERS) if goal == "throughput" else 1)
    threads = max(1, min(cores // workers, _MAX_THREADS))
    # A converted file holds the preprocessing; the user's own doesn't.
    preprocessing = NONE if network.construct is not None else network.preprocessing
    return [
        LiteRTEngine(path, choice.precision, threads, choice.batch or 1, preprocessing=preprocessing)
        for _ in range(workers)
    ]


class LiteRTEngine:
    """One interpreter. It has one set of buffers, so calls of several threads take turns.

    The interpreter takes one picture a call: on a CPU larger batches gain nothing that a second interpreter wouldn't.

    Args:
        path: a ``.tflite`` file from ``(1, H, W, 3)`` to ``(1, classes)`` scores, or to one score that the second of
            two classes is right. Both may be float32, uint8 or int8; 8 bits are read as the file's scale says.
        precision: of its weights, for the record.
        threads: how many threads one call uses.
        batch: the largest batch that will be given; run one picture after the other.
        preprocessing: what the file doesn't hold of it. Without any, pixels go in as they are: 0..255, or -128..127
            where the file takes int8.

    Raises:
        EngineError: LiteRT refuses the file, or its input or output is of another kind.
    """

    name = "litert"
    device = "cpu"

    def __init__(
        self,
        path: Path,
        precision: str,
        threads: int,
        batch: int = 1,
        *,
        preprocessing: Preprocessing = NONE,
    ) -> None:
        try:
            with native_stderr_silenced():  # XNNPACK announces itself there
                self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise EngineError(f"LiteRT can't use {path.name}: {one_line(error)}") from error
        self._in_use = threading.Lock()
        self.precision = precision
        self.batch = batch
        (source,) = self._interpreter.get_input_details()
        (target,) = self._interpreter.get_output_details()
        self._dtype = source["dtype"]
        self._input, self._output = source["index"], target["index"]
        shape = tuple(int(side) for side in source["shape"])
        if len(shape) != 4 or (shape[0], shape[3]) != (1, 3) or self._dtype not in (np.float32, *_EIGHT_BITS):
            raise EngineError(f"{path.name} takes {shape} {np.dtype(self._dtype).name}, not one RGB picture")
        if target["dtype"] not in (np.float32, *_EIGHT_BITS) or len(target["shape"]) != 2:
            raise EngineError(f"{path.name} gives no list of scores")
        self.input_size = (shape[1], shape[2])
        self._table = _table(preprocessing, source)
        self._reversed = preprocessing.colour == "bgr"
        self._step = _step(target)
        self.run(np.zeros((1, *self.input_size, 3), np.uint8))  # XNNPACK packs the weights in the first run

    def run(self, rgb: npt.NDArray[np.uint8]) -> Activations:
        """Run the network; see :class:`~live_classify.core.protocols.Engine`."""
        scores = np.concatenate([self._scores(picture) for picture in rgb])
        if self._step is not None:
            scale, zero_point = self._step
            scores = (scores - zero_point) * scale
        return Activations(scores)

    def _scores(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """What the network gives for one picture, as float32, still in the steps of its output."""
        if self._reversed:
            picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)
        values = picture if self._table is None else cv2.LUT(picture, self._table)
        try:
            with self._in_use:
                self._interpreter.set_tensor(self._input, values[np.newaxis].astype(self._dtype, copy=False))
                self._interpreter.invoke()
                return np.asarray(self._interpreter.get_tensor(self._output), dtype=np.float32)
        except (ValueError, RuntimeError) as error:
            raise EngineError(f"LiteRT failed: {one_line(error)}") from error

    def close(self) -> None:
        """Release the interpreter; see :class:`~live_classify.core.protocols.Engine`."""
        del self._interpreter


def _table(preprocessing: Preprocessing, source: Mapping[str, Any]) -> npt.NDArray[Any] | None:
    """What each of the 256 values of a pixel becomes, ``(1, 256, 3)``, in the network's order of channels.

    Returns:
        None where pixels go in as they are.
    """
    dtype = source["dtype"]
    pixels = np.arange(256, dtype=np.float64)[np.newaxis, :, np.newaxis]
    if (preprocessing.scale, preprocessing.offset) == (NONE.scale, NONE.offset):
        if dtype != np.int8:
            return None
        return np.ascontiguousarray(np.broadcast_to(pixels - 128, (1, 256, 3)).astype(np.int8))
    values = pixels * preprocessing.scale + preprocessing.offset
    step = _step(source)
    if step is not None:
        scale, zero_point = step
        limits = np.iinfo(dtype)
        values = np.clip(np.round(values / scale + zero_point), limits.min, limits.max)
    return values.astype(dtype)


def _step(tensor: Mapping[str, Any]) -> tuple[float, int] | None:
    """Scale and zero point of a tensor of 8 bits (real value = (stored - zero point) * scale); None of a float one."""
    if tensor["dtype"] not in _EIGHT_BITS:
        return None
    scale, zero_point = tensor["quantization"]
    return float(scale) or 1.0, int(zero_point)
