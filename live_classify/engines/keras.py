"""A Keras network, resident on its device.

Frames go up as uint8, once a batch; cast, preprocessing and network run in one compiled graph; only scores come back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import EngineError, LiveClassifyError, UsageError
from live_classify.core.one_line import one_line
from live_classify.core.values import Activations
from live_classify.engines.keras_backends import find_backend
from live_classify.models.formats.keras_import import import_keras
from live_classify.models.records.network import Network
from live_classify.models.weights.origin import Progress, no_progress

if TYPE_CHECKING:
    import keras

    from live_classify.core.protocols import Goal
    from live_classify.engines.stored import Choice
    from live_classify.models.convert.cache import Calibration

_CALLS_IN_FLIGHT = 2  # on a GPU, so that one batch is uploaded while another runs
_BATCH = {"gpu": 32, "cpu": 8}  # for recordings; larger ones gain little

_building = threading.Lock()  # Keras numbers layers and keeps devices in globals


def find_devices(device: str) -> list[str]:
    """The devices that a wish means, as Keras names them.

    Args:
        device: ``cpu``, ``gpu`` (every one there is) or ``gpu:N``.

    Raises:
        UsageError: there is no such device.
        EngineError: Keras's backend can't be used.
    """
    kind, _, number = device.partition(":")
    count = find_backend().count(kind)
    if int(number or "0") >= count:
        backend = import_keras().backend.backend()
        raise UsageError(f"there is no device {device}: {backend} sees {count} {kind.upper()}(s); use --device cpu")
    if number or kind == "cpu":
        return [f"{kind}:{number or 0}"]
    return [f"{kind}:{index}" for index in range(count)]


class KerasEngine:
    """A network in Keras. Calls of several threads overlap.

    Args:
        network: what to run.
        device: as :func:`find_devices` returns it.
        batch: the size of every call; smaller batches are filled up, so that nothing is traced anew in a run.
        precision: ``float32``, or ``float16``, which keeps the weights in float32 and computes in float16 on a GPU, in
            bfloat16 on a CPU, but for the last layer.
        progress: told of weights that are fetched.

    Raises:
        EngineError: Keras's backend can't be used.
        ModelFileError: the weights are missing or damaged.
    """

    name = "keras"

    def __init__(
        self,
        network: Network,
        device: str = "cpu:0",
        batch: int = 1,
        precision: str = "float32",
        progress: Progress = no_progress,
    ) -> None:
        backend = find_backend()
        self.device = "cpu" if device == "cpu:0" else device
        self.precision = precision
        self.batch = batch
        self.input_size = network.input_size
        self._failures = backend.failures
        keras = import_keras()
        with _building, keras.device(device):
            try:
                model = network.build(progress)
                if precision == "float16":
                    _compute_in_half(model, "mixed_float16" if device.startswith("gpu") else "mixed_bfloat16")
                self._compiled = backend.compile(model, _scores(network), (batch, *network.input_size, 3), device)
                self._compiled(np.zeros((batch, *self.input_size, 3), np.uint8))  # the first run plans the graph
            except LiveClassifyError:
                raise
            except Exception as error:  # every backend has errors of its own, for want of memory and for the rest
                raise EngineError(f"{network.name} doesn't run on {device}: {one_line(error)}") from error

    def run(self, rgb: npt.NDArray[np.uint8]) -> Activations:
        """Run the network; see :class:`~live_classify.core.protocols.Engine`."""
        count = len(rgb)
        if count < self.batch:
            rgb = np.concatenate([rgb, np.zeros((self.batch - count, *rgb.shape[1:]), np.uint8)])
        try:
            return Activations(self._compiled(rgb)[:count])
        except self._failures as error:
            raise EngineError(f"the keras engine failed: {one_line(error)}") from error

    def close(self) -> None:
        """Let the network go; see :class:`~live_classify.core.protocols.Engine`."""
        del self._compiled


def open_keras(
    network: Network,
    choice: Choice,
    goal: Goal,
    calibration: Calibration,  # noqa: ARG001 (it computes in no integers)
    progress: Progress = no_progress,
) -> list[KerasEngine]:
    """Make a network resident on the devices of a choice; see :class:`~live_classify.engines.registry.Open`."""
    kind = choice.device.partition(":")[0]
    batch = choice.batch or (_BATCH[kind] if goal == "throughput" else 1)
    calls = choice.workers or (_CALLS_IN_FLIGHT if kind == "gpu" else 1)
    return open_on(network, find_devices(choice.device), batch, calls, choice.precision, progress)


def open_on(
    network: Network,
    devices: Sequence[str],
    batch: int,
    calls: int,
    precision: str = "float32",
    progress: Progress = no_progress,
) -> list[KerasEngine]:
    """Make a network resident on each of several devices.

    Args:
        network: what to run.
        devices: as :func:`find_devices` returns them.
        batch: the size of every call.
        calls: how many calls may be under way on each device at a time.
        precision: see :class:`KerasEngine`.
        progress: told of weights that are fetched.

    Returns:
        Each engine as often as it takes calls, the devices in turn.

    Raises:
        EngineError: Keras's backend can't be used.
        ModelFileError: the weights are missing or damaged.
    """
    return [KerasEngine(network, device, batch, precision, progress) for device in devices] * calls


def _scores(network: Network) -> Any:
    def scores(model: keras.Model, rgb: Any) -> Any:
        from keras import ops

        return ops.cast(model(network.preprocessing.apply(ops.cast(rgb, "float32")), training=False), "float32")

    return scores


def _compute_in_half(model: keras.Model, policy: str) -> None:
    """Let layers compute in 16 bits, but for the last one that has weights: its scores need the digits."""
    layers = list(_layers(model))
    for layer in layers:
        layer.dtype_policy = policy
    for layer in reversed(layers):
        layer.dtype_policy = "float32"
        if layer.weights:
            break


def _layers(model: keras.Model) -> Iterator[Any]:
    """The layers of a model and of the models within it."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        else:
            yield layer
