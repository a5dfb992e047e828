"""Files are put together opcode by opcode: so no PyTorch is needed, and hostile ones are as easy as good ones."""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from live_classify.core.errors import ModelFileError
from live_classify.models.weights.torch_pickle import read_state_dict

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
STORAGE_NAMES = {"float32": "FloatStorage", "int64": "LongStorage"}


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def plain(value: object) -> bytes:
    """The opcodes of a number, a text or None."""
    return pickle.dumps(value, protocol=2)[2:-1]


def packed(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + packed(*arguments) + b"R"


def whole(body: bytes) -> bytes:
    return b"\x80\x02" + body + b"."


def ordered(items: Mapping[str, bytes]) -> bytes:
    pairs = b"".join(plain(key) + value for key, value in items.items())
    return call(named("collections", "OrderedDict")) + b"(" + pairs + b"u"


def storage(key: str, elements: int, name: str = "FloatStorage") -> bytes:
    return packed(*(plain("storage"), named("torch", name), plain(key), plain("cpu"), plain(elements), b"N")) + b"Q"


def tensor(of: bytes, shape: tuple[int, ...], stride: tuple[int, ...], offset: int = 0) -> bytes:
    lengths, steps = packed(*map(plain, shape)), packed(*map(plain, stride))
    return call(named("torch._utils", "_rebuild_tensor_v2"), of, plain(offset), lengths, steps, b"\x89", ordered({}))


def torch_file(tensors: bytes, contents: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """A file whose state dict is what ``tensors`` makes."""
    head = [plain(MAGIC), plain(PROTOCOL), ordered({"little_endian": b"\x88"}), tensors]
    keys = b"](" + b"".join(plain(key) for key in contents) + b"e"
    raw = b"".join(struct.pack("<q", array.size) + array.tobytes() for array in contents.values())
    return b"".join(whole(body) for body in [*head, keys]) + raw


def file_of(**arrays: npt.NDArray[Any]) -> bytes:
    """A file as PyTorch writes it: each array, however it lies in memory, with a storage of its own."""
    tensors, contents = {}, {}
    for name, array in arrays.items():
        key = f"storage of {name}"
        contents[key] = np.asarray(array).ravel(order="K")
        stride = tuple(step // array.itemsize for step in array.strides)
        tensors[name] = tensor(storage(key, array.size, STORAGE_NAMES[array.dtype.name]), array.shape, stride)
    return torch_file(ordered(tensors), contents)


@pytest.fixture
def weights() -> dict[str, npt.NDArray[Any]]:
    rng = np.random.default_rng(0)
    return {
        "conv.weight": rng.normal(size=(4, 3, 2, 2)).astype(np.float32),
        "bn.running_mean": rng.normal(size=4).astype(np.float32),
        "bn.num_batches_tracked": np.array(1234567890123, np.int64),
        "fc.weight": rng.normal(size=(5, 4)).astype(np.float32).T,
    }


def test_a_state_dict_is_read_as_it_was_written(weights: dict[str, npt.NDArray[Any]]) -> None:
    read = read_state_dict(file_of(**weights))
    assert list(read) == list(weights)
    for name, array in weights.items():
        assert read[name].dtype == array.dtype
        assert np.array_equal(read[name], array)


def test_tensors_may_share_a_storage_and_lie_in_it_as_they_like() -> None:
    elements = np.arange(24, dtype=np.float32)
    of = storage("0", 24)
    tensors = {
        "every_other": tensor(of, (3, 4), (8, 2)),
        "turned": tensor(of, (6, 4), (1, 6)),
        "last": tensor(of, (2,), (1,), offset=22),
        "repeated": tensor(of, (2, 3), (0, 1), offset=5),
    }
    read = read_state_dict(torch_file(ordered(tensors), {"0": elements}))
    assert np.array_equal(read["every_other"], elements.reshape(3, 8)[:, ::2])
    assert np.array_equal(read["turned"], elements.reshape(4, 6).T)
    assert np.array_equal(read["last"], [22, 23])
    assert np.array_equal(read["repeated"], [[5, 6, 7], [5, 6, 7]])


def test_the_tensors_cannot_be_written_to(weights: dict[str, npt.NDArray[Any]]) -> None:
    assert not any(array.flags.writeable for array in read_state_dict(file_of(**weights)).values())


def refused(data: bytes, says: str = "not a usable PyTorch weights file: ") -> None:
    with pytest.raises(ModelFileError, match=says):
        read_state_dict(data)


class Runs:
    """Pickled, it becomes a call of whatever it is given."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


def payloads(command: str) -> dict[str, bytes]:
    """Pickled values that run a command when a careless reader loads them."""
    python = f"__import__('os').system({command!r})"
    return {
        "os.system": pickle.dumps(Runs(os.system, command), 2)[2:-1],
        "eval": pickle.dumps(Runs(eval, python), 2)[2:-1],
        "exec": pickle.dumps(Runs(exec, python), 2)[2:-1],
        "protocol 4": pickle.dumps(Runs(os.system, command), 4)[2:-1],
        "nested": pickle.dumps([{"a": (Runs(os.system, command),)}], 2)[2:-1],
        "getattr": call(call(named("builtins", "getattr"), named("os", "path"), plain("os")), plain(command)),
        "through a dot": call(named("collections", "OrderedDict.__init__.__globals__"), plain(command)),
        "instance": b"(" + plain(command) + b"ios\nsystem\n",
        "new object": named("os", "system") + packed(plain(command)) + b"\x81",
        "a tensor's storage": tensor(call(named("os", "system"), plain(command)), (1,), (1,)),
    }


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("kind", payloads(""))
def test_nothing_in_a_file_is_run(kind: str, place: int, tmp_path: Path) -> None:
    marker = tmp_path / "it_ran"
    payload = payloads(f"touch {marker}")[kind]
    pickles = [whole(body) for body in (plain(MAGIC), plain(PROTOCOL), ordered({}), ordered({}), b"]")]
    pickles[place] = whole(payload)
    refused(b"".join(pickles))
    assert not marker.exists()


@pytest.mark.parametrize("kind", payloads(""))
def test_nothing_beside_good_tensors_is_run(kind: str, tmp_path: Path) -> None:
    marker = tmp_path / "it_ran"
    tensors = {"good": tensor(storage("0", 1), (1,), (1,)), "bad": payloads(f"touch {marker}")[kind]}
    refused(torch_file(ordered(tensors), {"0": np.zeros(1, np.float32)}))
    assert not marker.exists()


def test_a_refused_callable_is_named() -> None:
    refused(
        whole(payloads("true")["eval"]), "it asks for (__builtin__|builtins).eval, which a list of weights has no use"
    )


@pytest.mark.parametrize(
    ("shape", "stride", "offset"),
    [
        ((5,), (1,), 0),
        ((4,), (1,), 1),
        ((2, 2), (3, 1), 0),
        ((-1,), (1,), 0),
        ((2,), (-1,), 3),
        ((2,), (1,), -1),
        ((2, 2), (1,), 0),
        ((0,), (1,), 0),
        ((2**62, 2), (0, 0), 0),
        ((1000,), (0,), 0),
        ((2**62,), (2**62,), 2**62),
    ],
)
def test_a_tensor_that_leaves_its_storage_is_refused(
    shape: tuple[int, ...], stride: tuple[int, ...], offset: int
) -> None:
    state = ordered({"w": tensor(storage("0", 4), shape, stride, offset)})
    refused(torch_file(state, {"0": np.zeros(4, np.float32)}), "a tensor (that doesn't fit|with an impossible shape)")


@pytest.mark.parametrize(
    "state",
    [
        {"shape": packed(plain(2**40))},
        {"offset": plain(2**40)},
        {"stride": packed(plain(2**40))},
        {"shape": plain("text")},
        {"storage": plain("text")},
        {"storage": storage("0", 2**40)},
    ],
)
def test_a_tensor_that_is_changed_after_it_was_made_is_refused(state: Mapping[str, bytes]) -> None:
    """The BUILD opcode writes to an object's attributes, frozen or not."""
    pairs = b"".join(plain(key) + value for key, value in state.items())
    built = tensor(storage("0", 4), (4,), (1,)) + b"}(" + pairs + b"ub"
    refused(torch_file(ordered({"w": built}), {"0": np.zeros(4, np.float32)}))


def test_a_file_cannot_change_how_the_next_is_read(weights: dict[str, npt.NDArray[Any]]) -> None:
    poison = named("torch", "FloatStorage") + b"}(" + plain("dtype") + plain("text") + b"ub"
    refused(whole(poison))
    assert np.array_equal(read_state_dict(file_of(**weights))["conv.weight"], weights["conv.weight"])


@pytest.mark.parametrize("elements", [2**31, 2**60, 2**62, 2**80, -1])
def test_a_storage_of_an_absurd_size_is_refused(elements: int) -> None:
    head = torch_file(ordered({"w": tensor(storage("0", elements), (1,), (1,))}), {})
    head = head.removesuffix(whole(b"](e")) + whole(b"](" + plain("0") + b"e")
    refused(head + struct.pack("<q", min(elements, 2**62)) + bytes(16))


def test_a_storage_of_another_size_than_announced_is_refused() -> None:
    state = ordered({"w": tensor(storage("0", 4), (4,), (1,))})
    refused(torch_file(state, {"0": np.zeros(5, np.float32)}), "a storage of another size than announced")


@pytest.mark.parametrize(
    "body",
    [
        b"\x96" + struct.pack("<Q", 2**50) + b"abc",  # a byte array
        b"\x8e" + struct.pack("<Q", 2**50) + b"abc",  # bytes
        b"\x8b" + struct.pack("<i", 2**31 - 1) + b"abc",  # a number
        b"\x95" + struct.pack("<Q", 2**62) + b"N",  # a frame
        b"(" * 100_000,
        b"]" * 100_000 + b"a" * 99_999,
        b"\x82\x01",  # an extension of the copyreg module
    ],
)
def test_a_pickle_that_would_take_endless_memory_is_refused(body: bytes) -> None:
    refused(b"\x80\x05" + body + b".")


@pytest.mark.parametrize(
    "body", [b"]r" + struct.pack("<I", 10_000), b"]r\xff\xff\xff\xff", b"]p9999999999\n", b"]p-1\n"]
)
def test_a_pickle_that_would_have_a_long_table_made_is_refused(body: bytes) -> None:
    """The unpickler makes its table as long as the highest index that it is told to remember something under."""
    refused(whole(body), "an impossible index")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a usable"),
        (b"this is text", "not a usable"),
        (b"PK\x03\x04" + bytes(100), "not a usable"),
        (whole(plain(7)) + whole(plain(PROTOCOL)), "not a PyTorch file of the format before 1.6"),
        (whole(plain(MAGIC)) + whole(plain(1)), "not a PyTorch file of the format before 1.6"),
        (torch_file(plain("text"), {}), "not a dictionary of tensors"),
        (torch_file(ordered({"epoch": plain(3)}), {}), "not a dictionary of tensors"),
        (torch_file(ordered({"w": tensor(plain("text"), (1,), (1,))}), {}), "not a usable"),
        (torch_file(ordered({"w": tensor(storage("0", 1, "HalfStorage"), (1,), (1,))}), {}), "torch.HalfStorage"),
        (torch_file(ordered({"w": tensor(storage("0", 1), (1,), (1,))}), {}), "not a usable"),
    ],
)
def test_what_is_no_such_file_is_refused(data: bytes, says: str) -> None:
    refused(data, says)


def test_a_file_cut_anywhere_is_refused(weights: dict[str, npt.NDArray[Any]]) -> None:
    data = file_of(**weights)
    for length in range(len(data)):
        refused(data[:length])


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_file_is_read_or_refused_but_nothing_else(seed: int, weights: dict[str, npt.NDArray[Any]]) -> None:
    rng, data = np.random.default_rng(seed), file_of(**weights)
    for _ in range(100):
        damaged = bytearray(data)
        for place in rng.integers(0, len(damaged), rng.choice([1, 1, 1, 3, 10])):
            damaged[place] = rng.integers(256)
        try:
            read = read_state_dict(bytes(damaged))
        except ModelFileError:
            continue
        assert all(array.tobytes() for array in read.values())
