"""What a user's ``.tflite`` file is."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from live_classify.core.errors import ModelFileError
from live_classify.core.one_line import one_line
from live_classify.models.formats.inspection import Facts, class_count, image_size
from live_classify.models.formats.probing import output_of, probes
from live_classify.models.guard.child import in_child
from live_classify.models.guard.file_checks import check_tflite
from live_classify.models.records.network import Output, Precision

_TYPES = ("float32", "uint8", "int8")
_SCALE_OF_PROBABILITIES = 1 / 256
"""Of every softmax and sigmoid of 8 bits (TensorFlow Lite's quantisation specification). Where there are many classes,
such rows add up to 1 only roughly."""


def inspect_tflite(path: Path) -> Facts:
    """Load a file in another process and run it on a few made-up pictures.

    Raises:
        ModelFileError: it is damaged, or no classifier of pictures.
    """
    check_tflite(path)
    found = in_child(look, path)
    return Facts(**{**found, "input_size": tuple(found["input_size"])})


def look(path: Path) -> dict[str, Any]:
    """What :func:`inspect_tflite` does in the other process.

    Returns:
        The facts, for JSON.

    Raises:
        ModelFileError: as above.
    """
    try:
        return dataclasses.asdict(_look(path))
    except ModelFileError:
        raise
    except (ValueError, RuntimeError) as error:
        raise ModelFileError(f"{path} can't be used: {one_line(error)}") from error


def _look(path: Path) -> Facts:
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))
    sources, targets = interpreter.get_input_details(), interpreter.get_output_details()
    if len(sources) != 1 or len(targets) != 1:
        raise ModelFileError(f"{path} has {len(sources)} inputs and {len(targets)} outputs, not one of each")
    (source,), (target,) = sources, targets
    takes, gives = np.dtype(source["dtype"]).name, np.dtype(target["dtype"]).name
    if takes not in _TYPES or gives not in _TYPES:
        raise ModelFileError(f"{path} takes {takes} and gives {gives}; known are {', '.join(_TYPES)}")
    shape = tuple(None if length < 0 else int(length) for length in source["shape_signature"])
    height, width = image_size(shape, str(path))
    if shape[0] not in {1, None}:
        raise ModelFileError(f"{path} takes {shape[0]} pictures at a time; export it for one")
    classes = class_count(tuple(int(length) for length in target["shape"]), str(path))
    interpreter.allocate_tensors()
    rows = []
    for picture in probes((height, width, 3)):
        values = picture if takes != "int8" else picture.astype(np.int16) - 128
        interpreter.set_tensor(source["index"], values[np.newaxis].astype(source["dtype"]))
        interpreter.invoke()
        rows.append(interpreter.get_tensor(target["index"]).astype(np.float64))
    scores, (scale, zero_point) = np.concatenate(rows), target["quantization"]
    if scale:
        scores = (scores - zero_point) * scale
    model = schema.Model.GetRootAs(path.read_bytes())
    if scale == _SCALE_OF_PROBABILITIES or (scores.shape[1] == 1 and _ends_in_sigmoid(model)):
        output: Output = "probabilities"
    else:
        output = output_of(scores) if scores.shape[1] > 1 else "logits"
    numbers, of_8_bits = _constants(model)
    precision: Precision = "int8" if takes != "float32" or of_8_bits else "float32"
    return Facts((height, width), classes, output, numbers, precision)


def _ends_in_sigmoid(model: Any) -> bool:
    """Whether the output is what a sigmoid gives, stored in other bits perhaps."""
    from ai_edge_litert import schema_py_generated as schema

    graph = model.Subgraphs(0)
    wanted = graph.Outputs(0)
    for operator in map(graph.Operators, reversed(range(graph.OperatorsLength()))):
        if wanted in operator.OutputsAsNumpy():
            code = model.OperatorCodes(operator.OpcodeIndex())
            kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
            if kind not in {schema.BuiltinOperator.QUANTIZE, schema.BuiltinOperator.DEQUANTIZE}:
                return bool(kind == schema.BuiltinOperator.LOGISTIC)
            wanted = operator.Inputs(0)
    return False


def _constants(model: Any) -> tuple[int, bool]:
    """How many numbers a file holds, and whether most of them have 8 bits."""
    from ai_edge_litert import schema_py_generated as schema

    by_type: dict[int, int] = {}
    for graph in map(model.Subgraphs, range(model.SubgraphsLength())):
        for tensor in map(graph.Tensors, range(graph.TensorsLength())):
            buffer = model.Buffers(tensor.Buffer())
            if buffer.DataLength() or buffer.Size():
                by_type[tensor.Type()] = by_type.get(tensor.Type(), 0) + int(np.prod(tensor.ShapeAsNumpy()))
    total = sum(by_type.values())
    return total, 2 * sum(by_type.get(kind, 0) for kind in (schema.TensorType.INT8, schema.TensorType.UINT8)) > total
