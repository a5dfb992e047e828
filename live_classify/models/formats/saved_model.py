"""Models in the folders that TensorFlow writes."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from live_classify.core.errors import EngineError, ModelFileError
from live_classify.core.one_line import one_line
from live_classify.core.quiet import native_stderr_silenced
from live_classify.models.formats.keras_import import import_keras
from live_classify.models.guard.harmless import OPERATIONS, OPERATIONS_OF_SAVERS

if TYPE_CHECKING:
    import keras

_ENDPOINT = "serving_default"  # what Keras and tf.saved_model.save call it
_MAX_GRAPH_BYTES = 2**28
"""Of saved_model.pb; weights lie in other files."""
_MAX_CONSTANT_NUMBERS = 2**26
"""In one constant of the graph, which may say "all the same" of any number of them."""
_MAX_STEPS = 100
"""From a graph's output back to what makes it; seen: 6."""
_KINDS = frozenset({"bare_concrete_function", "captured_tensor", "constant", "function", "user_object", "variable"})


def load_saved_model(folder: Path) -> keras.Model:
    """Load a model, after a look at every operation that it consists of.

    Returns:
        A Keras model around the default signature: from float32 pictures to its one output.

    Raises:
        ModelFileError: it is damaged, has operations that a classifier doesn't need, or more than one input or output.
        EngineError: TensorFlow can't be imported, or isn't Keras's backend.
    """
    keras = import_keras()
    if keras.backend.backend() != "tensorflow":
        raise EngineError(f"a SavedModel runs on TensorFlow only, not with KERAS_BACKEND={keras.backend.backend()}")
    signature = _checked_signature(folder)
    (source,), (target,) = signature.inputs.values(), signature.outputs
    import tensorflow as tf

    if source.tensor_shape.unknown_rank:
        raise ModelFileError(f"{folder} doesn't say what it takes; export it with an input signature")
    shape = [None if length.size < 0 else length.size for length in source.tensor_shape.dim]
    try:
        _check_weights(folder)
        with native_stderr_silenced():
            layer = keras.layers.TFSMLayer(str(folder), call_endpoint=_ENDPOINT)
            pictures = keras.Input(batch_shape=(None, *shape[1:]))
            values = keras.ops.cast(pictures, tf.as_dtype(source.dtype).name)
            return keras.Model(pictures, layer(values)[target])
    except ModelFileError:
        raise
    except Exception as error:  # TensorFlow raises whatever comes up in a damaged graph
        raise ModelFileError(f"{folder} can't be used, TensorFlow fails: {one_line(error)}") from error


def ends_in_sigmoid(folder: Path) -> bool:
    """Whether the output of a SavedModel is what a sigmoid gives: seen in its graph, through the calls of functions.

    Raises:
        ModelFileError: it is damaged.
    """
    graph = _read_graph(folder)
    (target,) = graph.signature_def[_ENDPOINT].outputs.values()
    functions = {function.signature.name: function for function in graph.graph_def.library.function}
    nodes, tensor = {node.name: node for node in graph.graph_def.node}, target.name
    with contextlib.suppress(IndexError, KeyError, ValueError):  # a graph that names what it hasn't
        for _ in range(_MAX_STEPS):
            name, *_, index = tensor.split(":") if ":" in tensor else (tensor, "0")
            node = nodes[name]
            called = functions.get(node.attr["f"].func.name)
            if called is not None:
                argument = called.signature.output_arg[int(index)].name
                nodes, tensor = {inner.name: inner for inner in called.node_def}, called.ret[argument]
            elif node.op in {"Cast", "Identity"}:
                tensor = node.input[0]
            else:
                return bool(node.op == "Sigmoid")
    return False


def _checked_signature(folder: Path) -> Any:
    """The default signature of a SavedModel whose graph has nothing in it but what a classifier needs."""
    graph = _read_graph(folder)
    _check_graph(graph, folder)
    signature = graph.signature_def.get(_ENDPOINT)
    if signature is None or len(signature.inputs) != 1 or len(signature.outputs) != 1:
        raise ModelFileError(f"{folder} can't be used: its signature {_ENDPOINT} must have one input and one output")
    return signature


def _read_graph(folder: Path) -> Any:
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    path = folder / "saved_model.pb"
    saved = saved_model_pb2.SavedModel()
    try:
        if path.stat().st_size > _MAX_GRAPH_BYTES:
            raise ModelFileError(f"{path} can't be used: it is too large for a graph without its weights")
        saved.ParseFromString(path.read_bytes())
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror}") from error
    except DecodeError as error:
        raise ModelFileError(f"{path} is damaged or no SavedModel") from error
    if len(saved.meta_graphs) != 1 or not saved.meta_graphs[0].HasField("object_graph_def"):
        raise ModelFileError(f"{folder} is no SavedModel of TensorFlow 2; export it as .tflite instead")
    return saved.meta_graphs[0]


def _check_graph(graph: Any, folder: Path) -> None:
    functions = {function.signature.name: function.node_def for function in graph.graph_def.library.function}
    savers = {name for name, nodes in functions.items() if not OPERATIONS_OF_SAVERS.isdisjoint(_operations(nodes))}
    for name, nodes in {"": graph.graph_def.node, **functions}.items():
        unknown = _operations(nodes) - OPERATIONS - functions.keys()
        if name in savers:
            unknown -= OPERATIONS_OF_SAVERS
        if unknown:
            raise ModelFileError(
                f"{folder} can't be used: its graph has the operation {one_line(min(unknown))}, which a classifier of "
                "pictures has no use for; export it as .tflite instead"
            )
        _check_constants(nodes, folder)
    # The outermost graph calls its savers too, but nothing of it is run by a model that is loaded.
    called = {*_called(functions.values()), *_offered(graph.object_graph_def)}
    if not savers.isdisjoint(called):
        raise ModelFileError(f"{folder} can't be used: a function of its graph reads or writes files")
    kinds = {thing.WhichOneof("kind") for thing in graph.object_graph_def.nodes}
    if not kinds <= _KINDS:
        raise ModelFileError(f"{folder} can't be used: it has parts of the kind {min(map(str, kinds - _KINDS))}")


def _operations(nodes: Iterable[Any]) -> set[str]:
    return {node.op for node in nodes}


def _called(functions: Iterable[Any]) -> Iterator[str]:
    """Names of what the nodes of functions call."""
    for node in itertools.chain.from_iterable(functions):
        yield node.op
        for attribute in node.attr.values():
            yield attribute.func.name
            yield from (function.name for function in attribute.list.func)


def _offered(things: Any) -> Iterator[str]:
    """Names of the functions that can be called on a loaded model, or are when it is loaded."""
    yield from things.concrete_functions
    for thing in things.nodes:
        yield thing.bare_concrete_function.concrete_function_name
        yield thing.captured_tensor.concrete_function
        yield from thing.function.concrete_functions


def _check_constants(nodes: Iterable[Any], folder: Path) -> None:
    for node in nodes:
        if node.op == "Const":
            lengths = [length.size for length in node.attr["value"].tensor.tensor_shape.dim]
            if math.prod(lengths) > _MAX_CONSTANT_NUMBERS:
                raise ModelFileError(f"{folder} can't be used: it is made to fill the memory (a constant of {lengths})")


def _check_weights(folder: Path) -> None:
    """Compare what the checkpoint says of its tensors with what is there."""
    import tensorflow as tf

    prefix = folder / "variables" / "variables"
    stored = sum(path.stat().st_size for path in prefix.parent.glob("variables.data-*"))
    if not stored:
        return  # a graph of constants
    reader = tf.train.load_checkpoint(str(prefix))
    types = reader.get_variable_to_dtype_map()
    sizes = (math.prod(shape) * types[name].size for name, shape in reader.get_variable_to_shape_map().items())
    if sum(sizes) > stored:
        raise ModelFileError(f"{folder} is damaged: its weights are cut short")
