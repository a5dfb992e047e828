"""Environments for the programs that live_classify is compared with, and their form of the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from _console import SetupError, run_quietly, say
from live_classify.assets import sha256

ONNX_OPSET = "17"


def environment(folder: Path, *installations: Sequence[str], over_this_one: bool = False) -> Path:
    """Make a virtual environment, unless it is there from an earlier run.

    Args:
        folder: where it is, or will be. What an interrupted run left there is deleted.
        installations: the arguments of ``pip install``, one call after the other.
        over_this_one: whether it finds the packages of the environment that this runs in, too, after its own. Not for
            what is measured: MediaPipe, for one, imports TensorFlow where it finds it, and then holds four times as
            much memory.

    Returns:
        Its Python.

    Raises:
        SetupError: Python can't make environments, or an installation failed; what was said is on standard error.
    """
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp, wanted = folder / "installed.json", json.dumps([sys.version, sys.prefix, over_this_one, *installations])
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    say(f"Making {folder} (once) ...")
    if not run_quietly([sys.executable, "-m", "venv", "--clear", str(folder)]):
        raise SetupError(f"Python could not make an environment in {folder}")
    if over_this_one:
        _show_packages_of_this_one(python)
    for arguments in installations:
        say(f"Installing {' '.join(arguments)} ...")
        if not run_quietly([str(python), "-m", "pip", "install", "--disable-pip-version-check", *arguments]):
            raise SetupError(f"pip install {' '.join(arguments)} failed")
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _show_packages_of_this_one(python: Path) -> None:
    command = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    lower = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    Path(own, "lower.pth").write_text("\n".join(lower), encoding="utf-8")


def onnx_file(model: Path, folder: Path) -> Path:
    """Convert a LiteRT file to ONNX, unless an earlier run has.

    Args:
        model: the LiteRT file.
        folder: where the conversion is kept, and an environment that can make it.

    Raises:
        SetupError: no such environment, or tf2onnx refuses; what was said is on standard error.
    """
    converted = folder / f"{model.stem}-{sha256(model)[:8]}.onnx"
    if converted.exists():
        return converted
    python = environment(folder / "tf2onnx", ["tf2onnx"], over_this_one=True)  # it needs TensorFlow
    say(f"Converting {model.name} to ONNX ...")
    unfinished = converted.with_suffix(".part")
    files = ["--tflite", str(model), "--output", str(unfinished)]
    if not run_quietly([str(python), "-m", "tf2onnx.convert", *files, "--opset", ONNX_OPSET]):
        raise SetupError(f"tf2onnx can't convert {model.name}")
    unfinished.replace(converted)
    return converted
