"""OpenVINO on an x86 CPU: an extra that reads the same LiteRT files."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from live_classify.core.cores import usable_cores
from live_classify.core.errors import EngineError
from live_classify.core.missing_module import module_missing
from live_classify.core.one_line import one_line
from live_classify.core.values import Activations
from live_classify.engines.litert_files import litert_file
from live_classify.engines.processor import lacks_bfloat16, lacks_int8
from live_classify.engines.registry import broken
from live_classify.models.records.network import Network, Precision
from live_classify.models.weights.origin import Progress

if TYPE_CHECKING:
    import openvino

    from live_classify.core.protocols import Goal
    from live_classify.engines.stored import Choice
    from live_classify.models.convert.cache import Calibration

# What the float32 file is computed in. Left to itself OpenVINO takes bfloat16 where the processor is fast at it.
_ARITHMETIC = {"float32": "f32", "int8": "f32", "float16": "bf16"}


class OpenVINOEngine:
    """One request to a network that several of them share. Calls of several threads take turns.

    Args:
        compiled: the network, from ``(1, H, W, 3)`` RGB in 0..255, float32 or uint8, to ``(1, classes)``.
        precision: of its arithmetic, for the record.
        batch: the largest batch that will be given; run one picture after the other.
    """

    name = "openvino"
    device = "cpu"

    def __init__(self, compiled: openvino.CompiledModel, precision: str, batch: int) -> None:
        self._request = compiled.create_infer_request()
        self._in_use = threading.Lock()
        self._dtype = np.dtype(compiled.input(0).get_element_type().to_dtype())
        self.precision = precision
        self.batch = batch
        _, height, width, _ = compiled.input(0).shape
        self.input_size = (int(height), int(width))
        self.run(np.zeros((1, *self.input_size, 3), np.uint8))

    def run(self, rgb: npt.NDArray[np.uint8]) -> Activations:
        """Run the network; see :class:`~live_classify.core.protocols.Engine`."""
        return Activations(np.concatenate([self._scores(picture) for picture in rgb]))

    def _scores(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        try:
            with self._in_use:
                results = self._request.infer([picture[np.newaxis].astype(self._dtype, copy=False)])
                return np.array(results[0], dtype=np.float32)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO failed: {_reason(error)}") from error

    def close(self) -> None:
        """Release the request; see :class:`~live_classify.core.protocols.Engine`."""
        del self._request


def open_openvino(
    network: Network, choice: Choice, goal: Goal, calibration: Calibration, progress: Progress
) -> list[OpenVINOEngine]:
    """Make requests ready: for ``latency`` one with all cores. See :class:`~live_classify.engines.registry.Open`."""
    import_openvino()  # if it is broken, that is said before minutes go into a conversion
    path = litert_file(network, choice.precision, calibration, progress)
    workers = 1 if goal == "latency" else choice.workers
    return open_requests(path, choice.precision, usable_cores(), choice.batch or 1, workers)


def open_requests(
    path: Path, precision: Precision, cores: int, batch: int, workers: int | None
) -> list[OpenVINOEngine]:
    """Compile a LiteRT file, and make as many requests as keep the processor busy.

    Args:
        path: a LiteRT file; float32 for ``float16``.
        precision: ``float16`` computes in bfloat16.
        cores: how many processors it may use.
        batch: the largest batch that will be given to one request.
        workers: how many requests run at a time; one has all cores. None is as many as OpenVINO thinks best.

    Raises:
        EngineError: OpenVINO is broken, refuses the file, or can't compute in 16 bits on this processor.
    """
    runtime: Any = import_openvino()
    settings = {
        "PERFORMANCE_HINT": "LATENCY" if workers == 1 else "THROUGHPUT",
        "INFERENCE_NUM_THREADS": str(cores),
        "INFERENCE_PRECISION_HINT": _ARITHMETIC[precision],
    }
    if workers is not None:
        settings["NUM_STREAMS"] = str(workers)
    try:
        core = runtime.Core()
        if precision == "float16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            # It would compute in float32, and not say so.
            raise EngineError("this processor doesn't compute in 16 bits; use --precision float32")
        compiled = core.compile_model(core.read_model(path), "CPU", settings)
        requests = workers or int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        return [OpenVINOEngine(compiled, precision, batch) for _ in range(requests)]
    except RuntimeError as error:
        raise EngineError(f"OpenVINO can't use {path.name}: {_reason(error)}") from error


def refusal(precision: Precision) -> str | None:
    """Why this processor can't be had to compute in a precision; None where it can, or the system doesn't tell."""
    if precision == "int8" and lacks_int8():
        # Two products of 8 bits are added up in 16, which are too few.
        return "OpenVINO's int8 is wrong on processors without VNNI, as this one: use --engine litert, or float32"
    if precision == "float16" and lacks_bfloat16():
        return "this processor doesn't compute in 16 bits; use --precision float32"
    return None


def import_openvino() -> Any:
    """The module ``openvino``.

    Raises:
        EngineError: it is broken.
    """
    try:
        # Its import would report to its maker, unasked, and leave a thread behind; it does without that package, too.
        with module_missing("openvino_telemetry"):
            return importlib.import_module("openvino")
    except ImportError as error:
        raise broken("OpenVINO", error) from error


def _reason(error: Exception) -> str:
    """OpenVINO's message begins with the places in its source that the error passed; the last line says what it is."""
    return one_line(str(error).strip().rpartition("\n")[2])
