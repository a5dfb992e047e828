"""Whether Keras can use a GPU, asked without importing it where there is none."""

from __future__ import annotations

import os
from ctypes.util import find_library
from importlib.util import find_spec
from pathlib import Path

from live_classify.core.errors import EngineError


def gpu_usable() -> bool:
    """Whether Keras can use a GPU of this machine.

    Its import takes seconds: it is asked only where an NVIDIA driver is, and the CUDA libraries that it loads.
    """
    driver = Path("/dev/nvidia0").exists() and os.environ.get("CUDA_VISIBLE_DEVICES") not in ("", "-1")
    if not driver or not (find_spec("nvidia") or find_library("cudnn")):
        return False
    from live_classify.engines.keras_backends import find_backend

    try:
        return find_backend().count("gpu") > 0
    except EngineError:
        return False
