"""Read tensors from a PyTorch state dict without PyTorch, and without running what is in the file.

PyTorch's format before 1.6 is a row of pickles followed by raw memory: a magic number, a protocol version, a
description of the writing machine, the state dict itself (each tensor naming a storage), the list of storage keys, and
for each key an int64 element count and the elements. A pickle can name any callable of any module; the reader here
resolves the four names that a state dict needs to stand-ins of its own and refuses every other.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import ModelFileError

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C  # torch/serialization.py, MAGIC_NUMBER
_PROTOCOL_VERSION = 1001


@dataclass(frozen=True)
class _StorageType:
    dtype: np.dtype[Any]


_STORAGE_DTYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass(frozen=True)
class _Storage:
    """A storage that a tensor refers to; its elements stand behind the pickles."""

    key: str
    dtype: np.dtype[Any]
    elements: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]  # in elements

    def view(self, elements: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The tensor within its storage; checked only here, as a pickle can change to its very end what it made."""
        offset, shape, stride = self.offset, tuple(self.shape), tuple(self.stride)
        if not all(type(n) is int and n >= 0 for n in (offset, *shape, *stride)) or len(shape) != len(stride):
            raise pickle.UnpicklingError("a tensor with an impossible shape")
        last = offset + sum((length - 1) * step for length, step in zip(shape, stride, strict=True))
        if 0 in shape or last >= elements.size or math.prod(shape) > elements.size:
            raise pickle.UnpicklingError("a tensor that doesn't fit its storage")
        strides = tuple(step * elements.itemsize for step in stride)
        return np.lib.stride_tricks.as_strided(elements[offset:], shape, strides, writeable=False)


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> _Tensor:
    """Stand in for ``torch._utils._rebuild_tensor_v2``."""
    return _Tensor(storage, offset, shape, stride)


class _StateDictUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _STORAGE_DTYPES:
            return _StorageType(_STORAGE_DTYPES[name])
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which a list of weights has no use for")

    def persistent_load(self, pid: Any) -> _Storage:
        match pid:
            case ("storage", _StorageType() as kind, str(key), str(), int(elements), None) if elements >= 0:
                return _Storage(key, kind.dtype, elements)
        raise pickle.UnpicklingError("an unknown kind of reference")


def read_state_dict(data: bytes) -> dict[str, npt.NDArray[Any]]:
    """Read the tensors of a legacy PyTorch ``.pth`` file.

    Args:
        data: the whole file.

    Returns:
        Parameter name to array, float32 or int64, in the file's own layout (convolutions ``(out, in, height, width)``).

    Raises:
        ModelFileError: not such a file, cut short, or it holds something other than weights. Nothing in it has run.
    """
    stream = io.BytesIO(data)
    try:
        magic = _load(stream)
        protocol = _load(stream)
        if magic != _MAGIC_NUMBER or protocol != _PROTOCOL_VERSION:
            raise pickle.UnpicklingError("not a PyTorch file of the format before 1.6")
        _load(stream)  # the writing machine's byte order and type sizes; the data are little-endian
        tensors = _load(stream)
        keys = _load(stream)
        if not isinstance(tensors, dict) or not all(
            isinstance(name, str) and isinstance(tensor, _Tensor) for name, tensor in tensors.items()
        ):
            raise pickle.UnpicklingError("not a dictionary of tensors")
        kinds = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
        contents = {key: _read_storage(stream, kinds[key]) for key in keys}
        return {name: tensor.view(contents[tensor.storage.key]) for name, tensor in tensors.items()}
    except Exception as error:
        # Unpickling hostile bytes can raise any exception there is (see the pickle module's documentation).
        raise ModelFileError(f"not a usable PyTorch weights file: {error}") from error


def _load(stream: io.BytesIO) -> Any:
    """Load the next pickle, once its opcodes were searched for one that would take memory without end."""
    start = stream.tell()
    for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        # The unpickler makes its table of memos as long as the highest index says; pickles number them in turn.
        if opcode.name in {"PUT", "BINPUT", "LONG_BINPUT"} and argument not in range(count + 1):
            raise pickle.UnpicklingError("an impossible index")
    stream.seek(start)
    return _StateDictUnpickler(stream).load()


def _read_storage(stream: io.BytesIO, storage: _Storage) -> npt.NDArray[Any]:
    (elements,) = struct.unpack("<q", stream.read(8))
    if elements != storage.elements:
        raise pickle.UnpicklingError("a storage of another size than announced")
    raw = stream.read(elements * storage.dtype.itemsize)
    return np.frombuffer(raw, dtype=storage.dtype, count=elements)
