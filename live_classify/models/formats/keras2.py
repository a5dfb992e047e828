"""What Keras 2 wrote into model files, put into the words of Keras 3, which no longer reads all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

_Constant: TypeAlias = npt.NDArray[np.float64]
_ONE, _ZERO = np.float64(1), np.float64(0)

_GONE: Mapping[str, tuple[str, ...]] = {
    # Arguments that Keras 3 doesn't take; they did nothing, or only in training.
    **dict.fromkeys(
        ("Conv2DTranspose", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"), ("groups",)
    ),
    **dict.fromkeys(("SpatialDropout1D", "SpatialDropout2D"), ("noise_shape", "trainable")),
    "BatchNormalization": ("fused", "renorm", "renorm_clipping", "renorm_momentum", "virtual_batch_size"),
}
_ARITHMETIC: Mapping[str, Callable[[_Constant], tuple[_Constant, _Constant]]] = {
    # With a constant, outside of any layer: what is then the scale and the offset.
    "__operators__.add": lambda constant: (_ONE, constant),
    "math.add": lambda constant: (_ONE, constant),
    "math.multiply": lambda constant: (constant, _ZERO),
    "math.subtract": lambda constant: (_ONE, -constant),
    "math.truediv": lambda constant: (_ONE / constant, _ZERO),
    "nn.bias_add": lambda constant: (_ONE, constant),
}
_CHANNELS_REVERSED = [{"class_name": "__ellipsis__"}, {"start": None, "stop": None, "step": -1}]


def modernised(layer: Mapping[str, Any]) -> dict[str, Any]:
    """Rewrite the config of one layer as Keras 3 would have written it.

    Args:
        layer: as Keras 2 or 3 wrote it, with its ``class_name``, ``config`` and, in a functional model, its
            ``inbound_nodes``. It may be damaged; what isn't understood stays as it is.

    Returns:
        The layer for Keras 3, if it can be expressed; nested ones are as they were.
    """
    config = layer.get("config")
    if not isinstance(config, dict):
        return dict(layer)
    kind = layer["class_name"]
    if kind in {"TFOpLambda", "SlicingOpLambda"}:
        return _operation(layer, config)
    if kind in {"Functional", "Model"}:
        return {**layer, "config": _graph(config)}
    config = {key: value for key, value in config.items() if key not in _GONE.get(kind, ())}
    if kind.startswith("Random"):
        config.pop("rng_type", None)
    if kind == "LeakyReLU" and "alpha" in config:
        config["negative_slope"] = config.pop("alpha")
    batch_shape = config.pop("batch_input_shape", None)
    if isinstance(batch_shape, list):
        config |= {"batch_shape": batch_shape} if kind == "InputLayer" else {"input_shape": batch_shape[1:]}
    axis = config.get("axis")
    if isinstance(axis, list) and len(axis) == 1:
        config["axis"] = axis[0]
    if isinstance(config.get("name"), str):
        # Keras 3 takes no slash in a name. The links between layers go by the layer's other name, beside its config.
        config["name"] = config["name"].replace("/", "_")
    return {**layer, "config": config}


def _operation(layer: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Make a layer of a bare TensorFlow operation, of those that ``preprocess_input`` of Keras 2 consists of."""
    match layer.get("inbound_nodes"):
        case [[str(), int(), int(), {**arguments}] as link]:
            node = [[*link[:3], {}]]
        case _:
            return dict(layer)
    name, function = str(config.get("name")).replace("/", "_"), str(config.get("function"))
    rewritten = {**layer, "module": "keras.layers", "registered_name": None, "inbound_nodes": [node]}
    if function == "__operators__.getitem" and arguments.get("slice_spec") == _CHANNELS_REVERSED:
        return {
            **rewritten,
            "module": "keras.src.ops.numpy",
            "class_name": "Flip",
            "config": {"axis": -1, "name": name},
        }
    given = arguments.get("bias" if function == "nn.bias_add" else "y")
    if function == "__operators__.add" and isinstance(given, list) and given and isinstance(given[0], str):
        both = [node[0], [*given, {}]]
        return rewritten | {"class_name": "Add", "config": {"name": name}, "inbound_nodes": [both]}
    numbers = given if isinstance(given, list) else [given]
    if function not in _ARITHMETIC or not all(isinstance(number, int | float) for number in numbers):
        return dict(layer)
    with np.errstate(divide="ignore"):
        scale, offset = _ARITHMETIC[function](np.array(given, np.float64))
    rescaling = {"name": name, "scale": scale.tolist(), "offset": offset.tolist()}
    return rewritten | {"class_name": "Rescaling", "config": rescaling}


def _graph(config: dict[str, Any]) -> dict[str, Any]:
    """Count the calls of nested models from 0, not from 1, and take a single output out of its list."""
    layers = [layer for layer in config.get("layers", []) if isinstance(layer, dict)]
    models = {_name(layer) for layer in layers if layer.get("class_name") in {"Functional", "Model", "Sequential"}}
    sequential = {_name(layer) for layer in layers if layer.get("class_name") == "Sequential"}

    def counted_from_0(link: Any, among: set[str]) -> Any:
        match link:
            case [str(name), int(call), *rest] if call > 0 and name in among:
                return [name, call - 1, *rest]
            case [[*_], *_]:
                return [counted_from_0(part, among) for part in link]
        return link

    graph = dict(config)
    of_keras_2 = any(isinstance(node, list) for layer in layers for node in layer.get("inbound_nodes") or [])
    if of_keras_2:
        graph["layers"] = [
            {**layer, "inbound_nodes": [counted_from_0(node, models) for node in layer.get("inbound_nodes") or []]}
            for layer in layers
        ]
    for key in ("input_layers", "output_layers"):
        ends = config.get(key)
        if of_keras_2:
            ends = counted_from_0(ends, sequential)  # Keras 3 still counts from 1 here for functional ones
        graph[key] = ends[0] if isinstance(ends, list) and len(ends) == 1 else ends
    return graph


def _name(layer: Mapping[str, Any]) -> str:
    return str(layer.get("name"))
