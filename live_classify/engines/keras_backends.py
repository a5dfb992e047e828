"""What differs between the backends of Keras: finding devices, and compiling a network for one.

Keras runs on TensorFlow unless ``KERAS_BACKEND`` says ``jax`` or ``torch``. Each backend is imported only where chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import EngineError
from live_classify.models.formats.keras_import import import_keras

if TYPE_CHECKING:
    import keras

# Freezing made MobileNetV2 1.6 times as fast and VGG16 no faster, at the cost of a minute.
_MOST_FROZEN = 10_000_000

Run: TypeAlias = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]
"""A network compiled for one shape of batch; waits for the result. Calls of several threads overlap."""

ForwardPass: TypeAlias = Callable[["keras.Model", Any], Any]
"""From the model and a tensor of uint8 pixels to float32 scores, in Keras's operations."""


class Backend(Protocol):
    """One of Keras's backends."""

    failures: tuple[type[Exception], ...]
    """What it raises when it fails in a run, as when memory ends."""

    def count(self, kind: str) -> int:
        """How many devices of a kind it sees; ``cpu`` or ``gpu``."""

    def compile(self, model: keras.Model, forward: ForwardPass, shape: tuple[int, ...], device: str) -> Run:
        """Make a network ready for batches of one shape.

        Args:
            model: whose weights lie on the device.
            forward: what is to run; traced once, now, where the backend has graphs.
            shape: of the batch, uint8.
            device: as Keras names it: ``gpu:0``.
        """


def find_backend() -> Backend:
    """The backend that Keras runs on in this process.

    Raises:
        EngineError: it can't be imported, or isn't known here.
    """
    name = import_keras().backend.backend()
    if name not in _BACKENDS:
        raise EngineError(f"KERAS_BACKEND={name} isn't supported: {', '.join(_BACKENDS)} are")
    return _BACKENDS[name]()


class _TensorFlow:
    def __init__(self) -> None:
        import tensorflow as tf

        self.failures: tuple[type[Exception], ...] = (tf.errors.OpError,)

    def count(self, kind: str) -> int:
        import tensorflow as tf

        return len(tf.config.list_logical_devices(kind.upper()))

    def compile(self, model: keras.Model, forward: ForwardPass, shape: tuple[int, ...], device: str) -> Run:
        import tensorflow as tf
        from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

        with tf.device(device):
            function = tf.function(lambda rgb: forward(model, rgb))
            traced = function.get_concrete_function(tf.TensorSpec(shape, tf.uint8))
            if model.count_params() <= _MOST_FROZEN:
                # Weights as constants: the normalisation of batches is then folded into the convolutions.
                traced = convert_variables_to_constants_v2(traced)

        def run(batch: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
            with tf.device(device):
                # A frozen graph lists its results.
                (scores,) = tf.nest.flatten(traced(tf.constant(batch)))
                return np.asarray(scores.numpy(), dtype=np.float32)

        return run


class _Jax:
    def __init__(self) -> None:
        import jax

        self.failures: tuple[type[Exception], ...] = (jax.errors.JaxRuntimeError,)

    def count(self, kind: str) -> int:
        import jax

        try:
            return len(jax.devices(kind))
        except RuntimeError:  # no backend of that kind
            return 0

    def compile(self, model: keras.Model, forward: ForwardPass, shape: tuple[int, ...], device: str) -> Run:
        import jax
        from keras import StatelessScope

        kind, _, number = device.partition(":")
        place = jax.devices(kind)[int(number)]
        variables = model.variables
        # Given as arguments and put there once: weights compiled in as constants take minutes to compile.
        weights = jax.device_put([variable.value for variable in variables], place)

        def stateless(values: list[Any], rgb: Any) -> Any:
            with StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
                return forward(model, rgb)

        pixels = jax.ShapeDtypeStruct(shape, np.uint8, sharding=jax.sharding.SingleDeviceSharding(place))  # type: ignore[no-untyped-call]
        compiled = jax.jit(stateless).lower(weights, pixels).compile()

        def run(batch: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
            return np.asarray(compiled(weights, jax.device_put(batch, place)), dtype=np.float32)

        return run


class _Torch:
    """Torch runs the network operation by operation: it has no graph."""

    failures: tuple[type[Exception], ...] = (RuntimeError,)

    def count(self, kind: str) -> int:
        import torch

        return torch.cuda.device_count() if kind == "gpu" else 1

    def compile(self, model: keras.Model, forward: ForwardPass, shape: tuple[int, ...], device: str) -> Run:  # noqa: ARG002
        import keras
        import torch

        place = device.replace("gpu", "cuda")

        def run(batch: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
            with torch.inference_mode(), keras.device(device):
                return np.asarray(forward(model, torch.from_numpy(batch).to(place)).cpu().numpy(), dtype=np.float32)

        return run


_BACKENDS: dict[str, Callable[[], Backend]] = {"tensorflow": _TensorFlow, "jax": _Jax, "torch": _Torch}
