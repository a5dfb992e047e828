"""LiteRT files of networks that have none: made once, by a process of its own, and kept.

The conversion takes TensorFlow, seconds and a gigabyte, none of which the program itself should pay for.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from live_classify.assets import sha256
from live_classify.core.child_process import child_command
from live_classify.core.errors import EngineError
from live_classify.core.one_line import one_line
from live_classify.models.records.network import Network, Precision
from live_classify.models.weights.origin import Progress, content_digest, no_progress

_FORMAT = 2  # to be raised when the conversion changes what comes out
_LONGEST_NAME = 40  # of a user's file, which may take all that a file's name can hold


class Calibration(Protocol):
    """Pictures that show a network what it will see."""

    def digest(self) -> str:
        """A hash of what they are."""

    def pictures(self, input_size: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """``(N, H, W, 3)`` uint8 RGB at the network's size."""


def converted(
    network: Network, precision: Precision, calibration: Calibration, progress: Progress = no_progress
) -> Path:
    """The LiteRT file of a network: from the cache, or made and put there.

    It is found again by what it was made from: weights, preprocessing, precision, calibration, versions. Two processes
    may ask at once: one makes it, the other waits. A file that was damaged since is made anew.

    Args:
        network: what to convert; one with a Keras form.
        precision: ``float32`` or ``int8``.
        calibration: pictures for int8.
        progress: told of weights that are fetched, and of the conversion.

    Returns:
        A file from ``(1, H, W, 3)`` RGB in 0..255, float32 or uint8, to ``(1, classes)`` float32 of the network's
        :attr:`~live_classify.models.records.network.Network.output`.

    Raises:
        ModelFileError: the weights can't be had.
        SourceError: a file to calibrate with can't be read.
        UsageError: nothing to calibrate with can be read.
        EngineError: the network can't be converted, or the cache can't be written.
    """
    weights = network.weights.obtain(progress)
    folder = cache_folder()
    path = folder / _file_name(network, precision, weights, calibration)
    if _is_whole(path):
        return path
    from filelock import FileLock

    progress(f"converting {network.name} to LiteRT {precision}, once", 0, 0)  # or waiting for who does
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not _is_whole(path):
                _make(network, precision, weights, calibration, path)
    except OSError as error:
        raise EngineError(
            f"cannot keep the converted network in {folder}: {error.strerror or error}; "
            "set XDG_CACHE_HOME to another folder"
        ) from error
    return path


def cache_folder() -> Path:
    """Where converted networks are kept."""
    from platformdirs import user_cache_path

    return user_cache_path("live_classify") / "litert"


def find_converted(network: Network, precision: Precision, calibration: Calibration) -> Path | None:
    """The LiteRT file of a network if it was made before and is whole."""
    weights = network.weights.find()
    if weights is None:
        return None
    path = cache_folder() / _file_name(network, precision, weights, calibration)
    return path if _is_whole(path) else None


def _file_name(network: Network, precision: Precision, weights: Path, calibration: Calibration) -> str:
    facts = [
        _FORMAT,
        "" if str(weights) == network.name else network.name,  # a user's file is known by its contents
        network.input_size,
        repr(network.preprocessing),
        network.output,
        precision,
        content_digest(weights),
        calibration.digest() if precision == "int8" else "",
        metadata.version("tensorflow"),
        metadata.version("keras"),
    ]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    readable = re.sub(r"[^\w.-]", "_", Path(network.name).stem)[:_LONGEST_NAME]  # TensorFlow takes [1] for a pattern
    return f"{readable}-{precision}-{key[:16]}.tflite"


def _is_whole(path: Path) -> bool:
    """Whether a cached file is what was put there: a mutated network can run without an error and answer wrongly."""
    try:
        return sha256(path) == _digest_file(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return False


def _digest_file(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _make(network: Network, precision: Precision, weights: Path, calibration: Calibration, path: Path) -> None:
    """Convert in a process of its own, and put the result in place only when it is whole."""
    # A folder within the cache, so that the last step is a rename. One that a killed process left is swept here.
    for left in path.parent.glob(f"{path.stem}.*.part"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{path.stem}.", suffix=".part", dir=path.parent) as work:
        made, pictures = Path(work, "network.tflite"), Path(work, "pictures.npy")
        if precision == "int8":
            np.save(pictures, calibration.pictures(network.input_size))
        job = {
            "model": network.name,
            "weights": str(weights.absolute()),
            "preprocessing": [network.preprocessing.scale, network.preprocessing.offset, network.preprocessing.colour],
            "precision": precision,
            "pictures": str(pictures),
            "output": str(made),
        }
        _run_child(job, work)
        with made.open("rb+") as file:
            os.fsync(file.fileno())
        _digest_file(path).write_text(sha256(made), encoding="ascii")
        made.replace(path)


def _run_child(job: Mapping[str, object], work: str) -> None:
    environment = os.environ | {
        "TMPDIR": work,
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    reader, writer = os.pipe()  # nothing is written to it: where it ends, this process has ended
    try:
        done = subprocess.run(  # noqa: S603 (this Python, this package)
            child_command("live_classify.models.convert.converter", json.dumps(job)),
            stdin=reader,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
            check=False,
        )
    except OSError as error:
        raise EngineError(f"cannot start the conversion of {job['model']}: {error.strerror}") from error
    finally:
        os.close(reader)
        os.close(writer)
    if done.returncode != 0:
        raise EngineError(f"{job['model']} can't be converted to LiteRT {job['precision']}: {_reason(done)}")


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """Why the converter failed: what it printed, or Python for it, unless something ended it."""
    if done.returncode < 0:
        memory = ", for want of memory perhaps" if done.returncode == -signal.SIGKILL else ""
        return f"the converter was ended by signal {-done.returncode}{memory}"
    said = done.stdout.splitlines() or done.stderr.splitlines()
    return one_line(said[-1]) if said else f"the converter ended with status {done.returncode}"
