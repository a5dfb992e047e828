"""What a model file must be before a library may open it: of a known kind, whole, and no larger than it looks."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from lzma import LZMAError
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias

from live_classify.core.errors import ModelFileError, UnknownModelError
from live_classify.core.one_line import one_line

Kind: TypeAlias = Literal["keras", "hdf5", "tflite", "saved_model"]

_SUFFIXES: dict[str, Kind] = {".keras": "keras", ".h5": "hdf5", ".hdf5": "hdf5", ".tflite": "tflite"}
_KNOWN = ".keras, .h5, .hdf5 and .tflite files and SavedModel folders"
_PICKLES = frozenset({".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"})

_HARMLESS_BYTES = 2**29
"""As large as what is stored may become without a question: VGG19 has 575 MB, but it isn't compressed."""
_MAX_EXPANSION = 20
"""Weights hardly compress; an archive or data set that grows by more is made to fill the memory."""
_MAX_CONFIG_BYTES = 2**24
"""NASNetLarge has 1.2 MB."""
_KINDS_OF_NUMBERS = "biufV"
"""NumPy's letters; V is what h5py gives for bfloat16."""
_HDF5_FAILURES = (OSError, RuntimeError, LookupError, ValueError, TypeError, OverflowError, SystemError)
"""What h5py raises on a damaged file."""
_TFLITE_IDENTIFIER = b"TFL3"  # in the schema of TensorFlow Lite, at the place that flatbuffers give it


def kind_of(path: Path) -> Kind:
    """Tell by its name, or for a folder by what is in it, what a model is.

    Raises:
        UnknownModelError: there is no such file.
        ModelFileError: models of this kind aren't accepted; the message says which are.
    """
    if not path.exists():
        raise UnknownModelError(f"there is no model {path}")
    if path.is_dir():
        if not (path / "saved_model.pb").is_file():
            raise ModelFileError(f"folder {path} is no SavedModel: there is no saved_model.pb in it")
        return "saved_model"
    if not path.is_file():
        raise ModelFileError(f"{path} is neither a file nor a folder")
    if path.suffix in _PICKLES:
        raise ModelFileError(
            f"{path} isn't accepted: such files are pickles, which can run any code when they are opened; "
            "export the model as .tflite, .keras or SavedModel"
        )
    if path.suffix not in _SUFFIXES:
        raise ModelFileError(f"{path} is of an unknown kind; known are {_KNOWN}")
    return _SUFFIXES[path.suffix]


def check_tflite(path: Path) -> None:
    """Make sure that a file says of itself that it is a TensorFlow Lite model.

    Raises:
        ModelFileError: it doesn't, or can't be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror}") from error
    if head[4:] != _TFLITE_IDENTIFIER:
        raise ModelFileError(f"{path} is no TensorFlow Lite model")


def read_keras_archive(path: Path) -> tuple[Any, int]:
    """Read what a ``.keras`` file says of its network, and look at its weights without loading them.

    Returns:
        The config as its JSON has it, unchecked; and how many numbers are stored.

    Raises:
        ModelFileError: it is damaged, no such archive, or made to fill the memory.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_bomb(path, sum(member.file_size for member in archive.infolist()), path.stat().st_size)
            if not {"config.json", "model.weights.h5"} <= set(archive.namelist()):
                raise ModelFileError(f"{path} is no .keras model: config.json or model.weights.h5 is missing in it")
            if archive.getinfo("config.json").file_size > _MAX_CONFIG_BYTES:
                raise ModelFileError(f"{path} can't be used: its config is too large")
            config = _parsed(path, archive.read("config.json"))
            return config, _count_stored(path, io.BytesIO(archive.read("model.weights.h5")))
    except ModelFileError:
        raise
    # RuntimeError and NotImplementedError: encrypted, or compressed in a way that zipfile doesn't know.
    except (zipfile.BadZipFile, EOFError, LZMAError, OSError, RuntimeError, ValueError, zlib.error) as error:
        raise ModelFileError(f"{path} is damaged or no .keras model: {one_line(error)}") from error


def read_hdf5_model(path: Path) -> tuple[Any, int]:
    """Read what a whole model in HDF5 says of its network, and look at its weights without loading them.

    Returns:
        The config as its JSON has it, unchecked; and how many numbers are stored.

    Raises:
        ModelFileError: it is damaged, made to fill the memory, or holds nothing but weights.
    """
    import h5py

    count = check_hdf5(path)
    try:
        with h5py.File(path, "r") as file:
            if "model_config" not in file.attrs:
                raise ModelFileError(
                    f"{path} holds weights without their network: save the whole model, "
                    "or name the network (--model NAME --weights FILE)"
                )
            if file.attrs.get_id("model_config").get_storage_size() > _MAX_CONFIG_BYTES:
                raise ModelFileError(f"{path} can't be used: its config is too large")
            text = file.attrs["model_config"]
            if str(file.attrs.get("keras_version", "")).startswith(("1.", "2.")) and "hard_sigmoid" in str(text):
                raise ModelFileError(
                    f"{path} can't be used: it is of Keras 2, whose hard_sigmoid is another function than that of "
                    "Keras 3; export the model as .tflite there"
                )
            return _parsed(path, text), count
    except ModelFileError:
        raise
    except _HDF5_FAILURES as error:
        raise ModelFileError(f"{path} is damaged: {one_line(error)}") from error


def check_hdf5(path: Path) -> int:
    """Make sure that an HDF5 file holds what it says, and refers to no other file.

    Returns:
        How many numbers its data sets have, all together.

    Raises:
        ModelFileError: it is damaged, no HDF5 file, leads out of itself, or is made to fill the memory.
    """
    try:
        with path.open("rb") as file:
            return _count_stored(path, file)
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror}") from error


def _count_stored(path: Path, contents: BinaryIO) -> int:
    import h5py

    count = declared = stored = 0

    # What these return ends the walk: h5py loses its way where they raise.
    def link(name: str, to: object) -> str | None:
        return None if isinstance(to, h5py.HardLink) else f"{one_line(name)} in it is a link to elsewhere"

    def member(name: str, found: h5py.Group | h5py.Dataset) -> str | None:
        nonlocal count, declared, stored
        dict(found.attrs)  # read once: what a damaged length does, it does here
        if not isinstance(found, h5py.Dataset):
            return None
        if found.is_virtual or found.external:
            return f"{one_line(name)} in it lies in another file"
        if found.dtype.kind not in _KINDS_OF_NUMBERS or found.shape is None:
            return f"{one_line(name)} in it are no numbers"
        count += found.size
        declared += found.size * found.dtype.itemsize
        stored += found.id.get_storage_size()
        return None

    try:
        with h5py.File(contents, "r") as file:
            complaint = file.visititems_links(link) or member("/", file) or file.visititems(member)
    except _HDF5_FAILURES as error:
        raise ModelFileError(f"{path} is damaged or no HDF5 file: {one_line(error)}") from error
    if complaint:
        raise ModelFileError(f"{path} can't be used: {complaint}")
    _refuse_bomb(path, declared, stored)
    return count


def _refuse_bomb(path: Path, declared: int, stored: int) -> None:
    if declared > max(_HARMLESS_BYTES, _MAX_EXPANSION * stored):
        raise ModelFileError(
            f"{path} can't be used: it is made to fill the memory ({stored:,} bytes that become {declared:,})"
        )


def _parsed(path: Path, text: bytes | str) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is damaged: its config is no JSON") from error
