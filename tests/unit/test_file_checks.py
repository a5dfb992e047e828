"""Files are refused for what they are before TensorFlow is imported: these tests never import it."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from keras_configs import SEQUENTIAL
from live_classify.core.errors import ModelFileError, UnknownModelError
from live_classify.models.guard.file_checks import (
    check_hdf5,
    check_tflite,
    kind_of,
    read_hdf5_model,
    read_keras_archive,
)


def refused(says: str, check: Callable[[Path], object], path: Path) -> None:
    with pytest.raises(ModelFileError, match=says) as refusal:
        check(path)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["x.keras", "x.h5", "x.hdf5", "x.tflite"])
def test_the_kind_is_told_by_the_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    kinds = {".keras": "keras", ".h5": "hdf5", ".hdf5": "hdf5", ".tflite": "tflite"}
    assert kind_of(tmp_path / name) == kinds[Path(name).suffix]


def test_a_folder_is_a_saved_model_if_it_holds_one(tmp_path: Path) -> None:
    refused("is no SavedModel: there is no saved_model.pb in it", kind_of, tmp_path)
    (tmp_path / "saved_model.pb").touch()
    assert kind_of(tmp_path) == "saved_model"


@pytest.mark.parametrize("name", ["x.pt", "x.pth", "x.pkl", "x.pickle", "x.joblib", "x.bin", "x.ckpt"])
def test_pickles_are_not_accepted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    refused("such files are pickles, which can run any code when they are opened; export", kind_of, tmp_path / name)


@pytest.mark.parametrize("name", ["x.onnx", "x.pb", "x", "x.safetensors"])
def test_other_kinds_are_not_known(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    refused("of an unknown kind; known are .keras, .h5, .hdf5 and .tflite", kind_of, tmp_path / name)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError, match=r"there is no model .*x\.keras"):
        kind_of(tmp_path / "x.keras")
    os.mkfifo(tmp_path / "x.keras")
    refused("is neither a file nor a folder", kind_of, tmp_path / "x.keras")


@pytest.mark.parametrize("contents", [b"", b"TFL3", b"\0\0\0\0tfl3", b"\x89HDF\r\n\x1a\n", bytes(100)])
def test_a_tflite_file_says_that_it_is_one(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(contents)
    refused("is no TensorFlow Lite model", check_tflite, path)
    path.write_bytes(b"\x1c\0\0\0TFL3")
    check_tflite(path)


def hdf5(**arrays: Any) -> bytes:
    contents = io.BytesIO()
    with h5py.File(contents, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name.replace("__", "/"), data=array)
    return contents.getvalue()


def archive(path: Path, **members: bytes | str) -> Path:
    """A ``.keras`` file: what isn't given is as it should be."""
    usual: dict[str, bytes | str] = {"config": json.dumps(SEQUENTIAL), "weights": hdf5(layers__dense=np.ones((2, 3)))}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("config.json", {**usual, **members}["config"])
        made.writestr("model.weights.h5", {**usual, **members}["weights"])
    return path


def test_a_whole_archive_is_read(tmp_path: Path) -> None:
    assert read_keras_archive(archive(tmp_path / "x.keras")) == (SEQUENTIAL, 6)


@pytest.mark.parametrize(
    "contents", [b"", b"this is text", bytes(1000), b"PK\x03\x04" + bytes(100), b"PK\x05\x06" + bytes(18)]
)
def test_what_is_no_archive_is_refused(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "x.keras"
    path.write_bytes(contents)
    refused("x.keras is (damaged or )?no .keras model", read_keras_archive, path)


def test_an_archive_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.keras")
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        refused("damaged or no .keras model", read_keras_archive, path)


@pytest.mark.parametrize(
    ("member", "contents", "says"),
    [
        ("config", "{", "its config is no JSON"),
        ("config", "[" * 100_000, "its config is no JSON"),
        ("config", b"\xff\xfe\xff", "its config is no JSON"),
        ("config", " " * (2**24 + 1), "its config is too large"),
        ("weights", b"", "damaged or no HDF5 file"),
        ("weights", b"text", "damaged or no HDF5 file"),
        ("weights", hdf5(a=np.ones(1000))[:-500], "damaged or no HDF5 file"),
    ],
)
def test_an_archive_of_wrong_contents_is_refused(tmp_path: Path, member: str, contents: bytes | str, says: str) -> None:
    refused(says, read_keras_archive, archive(tmp_path / "x.keras", **{member: contents}))


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    """By what it says of its members: those aren't unpacked."""
    path = archive(tmp_path / "x.keras")
    contents = bytearray(path.read_bytes())
    member = contents.rindex(b"PK\x01\x02")
    contents[member + 24 : member + 28] = struct.pack("<I", 3 * 2**30)  # uncompressed size (APPNOTE 4.4.9)
    path.write_bytes(contents)
    refused(r"it is made to fill the memory \([\d,]+ bytes that become 3,22", read_keras_archive, path)


def test_a_member_that_is_larger_than_it_says_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.keras", weights=hdf5(a=np.zeros(10**6)))
    contents = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        member = contents.rindex(mark)
        contents[member + offset : member + offset + 4] = struct.pack("<I", 4000)
    path.write_bytes(contents)
    refused("damaged or no (.keras model|HDF5 file)", read_keras_archive, path)


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.keras")
    contents = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        contents[contents.index(mark) + offset] |= 1
    path.write_bytes(contents)
    refused("damaged or no .keras model: .*encrypted", read_keras_archive, path)


def whole_model(path: Path, config: object = SEQUENTIAL, **attributes: Any) -> Path:
    with h5py.File(path, "w") as file:
        file.create_dataset("model_weights/dense/kernel", data=np.ones((2, 3), np.float32))
        file.attrs["model_config"] = config if isinstance(config, str | bytes) else json.dumps(config)
        for name, value in attributes.items():
            file.attrs[name] = value
    return path


@pytest.mark.parametrize("config", [json.dumps(SEQUENTIAL), json.dumps(SEQUENTIAL).encode()])
def test_a_whole_model_in_hdf5_is_read(tmp_path: Path, config: str | bytes) -> None:
    assert read_hdf5_model(whole_model(tmp_path / "x.h5", config)) == (SEQUENTIAL, 6)


@pytest.mark.parametrize(
    "contents", [b"", b"text", bytes(1000), b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + bytes(500)]
)
def test_what_is_no_hdf5_file_is_refused(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "x.h5"
    path.write_bytes(contents)
    refused("damaged or no HDF5 file", read_hdf5_model, path)


def test_an_hdf5_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = whole_model(tmp_path / "x.h5")
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        refused("damaged", read_hdf5_model, path)


@pytest.mark.parametrize(
    ("config", "attributes", "says"),
    [
        ("{", {}, "its config is no JSON"),
        (b"\xff", {}, "damaged"),
        ('{"activation": "hard_sigmoid"}', {"keras_version": "2.15.0"}, "whose hard_sigmoid is another function"),
    ],
)
def test_an_hdf5_model_of_wrong_contents_is_refused(
    tmp_path: Path, config: str | bytes, attributes: dict[str, Any], says: str
) -> None:
    refused(says, read_hdf5_model, whole_model(tmp_path / "x.h5", config, **attributes))


def test_weights_alone_are_no_model(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    path.write_bytes(hdf5(a=np.ones(3)))
    refused("holds weights without their network", read_hdf5_model, path)
    assert check_hdf5(path) == 3


def external_link(file: h5py.File) -> None:
    file["a"] = h5py.ExternalLink("/etc/hostname", "/")


def soft_link(file: h5py.File) -> None:
    file["group/a"] = h5py.SoftLink("/model_weights")


def external_data(file: h5py.File) -> None:
    file.create_dataset("a", (8,), "u1", external=[("/etc/hostname", 0, 8)])


def virtual_data(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((8,), "u1")
    layout[:] = h5py.VirtualSource("/etc/hostname", "a", (8,))
    file.create_virtual_dataset("a", layout)


def shape_bomb(file: h5py.File) -> None:
    file.create_dataset("a", (2**40,), "f4", chunks=(2**20,))


def many_bombs(file: h5py.File) -> None:
    """None of them alone is large."""
    for number in range(20):
        file.create_dataset(f"a{number}", (2**24,), "f4", chunks=(2**20,))


def texts(file: h5py.File) -> None:
    file.create_dataset("a", data=["some", "text"])


def lists(file: h5py.File) -> None:
    file.create_dataset("a", (2,), h5py.vlen_dtype(np.int32))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (external_link, "a in it is a link to elsewhere"),
        (soft_link, "group/a in it is a link to elsewhere"),
        (external_data, "a in it lies in another file"),
        (virtual_data, "a in it lies in another file"),
        (shape_bomb, r"it is made to fill the memory \([\d,]+ bytes that become 4,398,046,511,"),
        (many_bombs, "it is made to fill the memory"),
        (texts, "a in it are no numbers"),
        (lists, "a in it are no numbers"),
    ],
)
def test_an_hdf5_file_that_leads_elsewhere_or_swells_is_refused(
    tmp_path: Path, spoil: Callable[[h5py.File], None], says: str
) -> None:
    path = whole_model(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        spoil(file)
    refused(says, check_hdf5, path)


def test_a_group_that_contains_itself_is_walked_once(tmp_path: Path) -> None:
    path = whole_model(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file["model_weights/again"] = file["model_weights"]
    assert check_hdf5(path) == 6
