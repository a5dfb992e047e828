"""What the config inside a Keras model file may ask for: Keras's own layers for pictures, and nothing that is code.

Keras's safe mode refuses code as well, and stays on; but it has been got around before. So a config is rebuilt here
from what :mod:`~live_classify.models.guard.harmless` lists, and whatever else it names is refused.
"""

from __future__ import annotations

import re
from typing import Any

from live_classify.core.errors import ModelFileError
from live_classify.core.one_line import one_line
from live_classify.models.formats.keras2 import modernised
from live_classify.models.guard.harmless import LAYERS, MODULES

STORED = "StoredWeights"
"""Name of the initialiser that every weight gets in place of its own: what it makes is overwritten from the file."""

_MODELS = frozenset({"Functional", "Model", "Sequential"})
_BEFORE_AND_IN_TRAINING = re.compile(r".*_(initializer|regularizer|constraint)")
_POLICIES = frozenset({"DTypePolicy", "FloatDTypePolicy", "Policy"})
_VALUES = frozenset({"__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__"})
_OPERATIONS = re.compile(r"keras\.src\.ops\.((image|math|nn|numpy)\.\w+|core\.(Cast|Slice|Unstack))")
_OF_KERAS = re.compile(r"(tf_)?keras(\.\w+)*|tensorflow\.python\.keras(\.\w+)*")

_MAX_WIDTH = 2**16
_EXPORT = "export the model as .tflite instead"


def checked_config(config: Any, source: str) -> dict[str, Any]:
    """Rebuild a model's config from what is known to be harmless.

    Args:
        config: as it was read from the file's JSON.
        source: the file's name, for messages.

    Returns:
        A config for ``keras.saving.deserialize_keras_object``. Weights are asked of the initialiser :data:`STORED`,
        which the caller provides; Softmax layers have become Activation layers.

    Raises:
        ModelFileError: it asks for something else than Keras's own layers, or is no model's config.
    """
    if not isinstance(config, dict) or str(config.get("class_name")) not in _MODELS:
        raise ModelFileError(f"{source} holds no whole Keras model of the Sequential or functional kind; {_EXPORT}")
    try:
        rebuilt: dict[str, Any] = _Rebuilding(source).value(config)
    except RecursionError:
        raise ModelFileError(f"{source} is damaged: its config is nested too deeply") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise ModelFileError(f"{source} is damaged: its config makes no sense") from error
    return rebuilt


class _Rebuilding:
    def __init__(self, source: str) -> None:
        self._source = source

    def value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "class_name" in value:
            return self._object(value)
        return {key: self.value(item) for key, item in value.items()}

    def _object(self, given: dict[str, Any]) -> Any:
        if not isinstance(given["class_name"], str):
            raise self._refusal(f"a class is named by {one_line(given['class_name'])}")
        given = modernised(given)
        kind, config = given["class_name"], given.get("config", {})
        name = config.get("name") if isinstance(config, dict) else None
        if kind in {"__tuple__", "TensorShape"}:
            return tuple(self.value(given.get("items") or []))
        if kind in _VALUES:
            return {"class_name": kind, "config": self.value(config)}
        if kind == "function" and isinstance(config, str):
            return _of_keras("builtins", kind, config) | {"registered_name": config}
        module = given.get("module", "keras")
        if not isinstance(config, dict) or not isinstance(module, str) or not _OF_KERAS.fullmatch(module):
            raise self._unknown(kind, module, name)
        if kind in _POLICIES:
            return name
        if _OPERATIONS.fullmatch(f"{module}.{kind}"):
            rebuilt = _of_keras(module, kind, self.value(config))
        elif kind in LAYERS:
            rebuilt = self._layer(kind, config)
        elif kind in _MODELS:
            rebuilt = self._model(kind, config)
        else:
            raise self._unknown(kind, module, name)
        for key in ("name", "inbound_nodes", "shared_object_id"):
            if key in given:
                rebuilt[key] = self.value(given[key])
        return rebuilt

    def _unknown(self, kind: str, module: object, name: object) -> ModelFileError:
        layer = f"its layer {one_line(name)}" if name else "a part of it"
        if kind in {"Lambda", "__lambda__"}:
            return self._refusal(f"{layer} is Python code ({kind}), which is never run")
        if kind in {"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"}:
            return self._refusal(f"{layer} is a bare TensorFlow operation, which Keras 3 has no layer for")
        origin = one_line(f"{module}.{kind}" if module else kind)
        return self._refusal(f"{layer} is of class {origin}, which isn't one of Keras's layers for pictures")

    def _model(self, kind: str, config: dict[str, Any]) -> dict[str, Any]:
        rebuilt = {key: self.value(item) for key, item in config.items() if key != "dtype"}
        return _of_keras("keras", "Sequential" if kind == "Sequential" else "Model", rebuilt)

    def _layer(self, kind: str, config: dict[str, Any]) -> dict[str, Any]:
        kept = {key: item for key, item in config.items() if not _BEFORE_AND_IN_TRAINING.fullmatch(key)}
        rebuilt = self.value(kept)
        if kind == "Softmax" and config.get("axis", -1) == -1:
            # The same function, but one that can be taken off.
            kind = "Activation"
            rebuilt = {"name": rebuilt.get("name"), "dtype": rebuilt.get("dtype"), "activation": "softmax"}
        rebuilt |= {argument: {"class_name": STORED, "config": {}} for argument in LAYERS[kind]}
        width = rebuilt.get("projection_dim", 0)  # of LayerScale, whose weights nothing else limits
        if not isinstance(width, int) or width > _MAX_WIDTH:
            raise self._refusal(f"its layer {one_line(rebuilt.get('name'))} has {one_line(width)} channels")
        return _of_keras(MODULES[kind], kind, rebuilt)

    def _refusal(self, why: str) -> ModelFileError:
        return ModelFileError(f"{self._source} can't be used: {why}; {_EXPORT}")


def _of_keras(module: str | None, kind: str, config: Any) -> dict[str, Any]:
    """An object's config as Keras 3 writes it."""
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}
