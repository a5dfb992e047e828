"""What this machine's processor is, and what it is fast at."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

# Instructions that multiply and add 8-bit integers: with them int8 is 2 to 3 times as fast as float32 in XNNPACK,
# without them no faster (as on AVX2 alone). Names as Linux lists them.
_INT8_INSTRUCTIONS = frozenset({"avx512_vnni", "avx_vnni", "amx_int8", "asimddp"})

MAX_WORKERS = 8
"""Workers on a CPU: together they outrun the one thread that decodes, and each takes tens of megabytes."""


def processor_name() -> str:
    """The processor as its maker calls it, as far as the system tells."""
    for line in _cpuinfo().splitlines():
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def fast_at_int8() -> bool:
    """Whether the processor has instructions for 8-bit integers."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    listed = _cpuinfo()
    if not listed:
        import numpy as np

        # NumPy groups what it finds; this group includes VNNI.
        found: list[str] = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
        return "AVX512_ICL" in found
    return not _INT8_INSTRUCTIONS.isdisjoint(listed.split())


def lacks_int8() -> bool:
    """Whether it is known to have no instructions for 8-bit integers; False where the system doesn't tell."""
    return bool(_cpuinfo()) and not fast_at_int8()


def lacks_bfloat16() -> bool:
    """Whether it is known to have no instructions for bfloat16; False where the system doesn't tell."""
    return bool(_cpuinfo()) and {"amx_bf16", "avx512_bf16"}.isdisjoint(_cpuinfo().split())


@cache
def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
