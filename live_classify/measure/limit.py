"""What limits the program, in words and with its proof, from what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from live_classify.measure.result import Change, Limit
from live_classify.measure.whole import LiveWhole, Whole

_STAGES = {"capture": "decoding", "inference": "inference", "output": "writing"}
_ALL_CORES = 0.9
"""Of the processor time there is, from which on every core is taken to be busy."""
_MOST_CORES = 0.8
"""Below it, threads that always had work on every core were kept from it."""
_ALWAYS_BUSY = 0.9
"""A stage whose threads work that part of the time has nothing left to wait for."""
_KEPT_UP = 0.05
"""Of a camera's frames that may be lost where the network keeps up: within a second one may be under way."""
_WORTH_SAYING = 1.05
"""Changes that gain less are within what two runs differ by."""


def limit_recorded(whole: Whole, cores: int, changes: Sequence[Change]) -> Limit:
    """What limits a recorded run.

    The limit is the stage whose threads work most of the time; the others wait for it.

    Args:
        whole: the run.
        cores: that it could use.
        changes: what was tried beside it.
    """
    period_ms = 1000 / whole["fps"]
    stage = max(_STAGES, key=lambda name: whole["busy"].get(name, 0.0))
    busy = whole["busy"][stage]
    name = _STAGES[stage]
    workers = f", {whole['workers']} frames at a time" if stage == "inference" and whole["workers"] > 1 else ""
    proof = f"it works {busy * period_ms:.1f} of {period_ms:.1f} ms a frame{workers}"
    used = (whole["cpu_s_per_frame"] or 0.0) * whole["fps"] / cores
    if busy >= _ALWAYS_BUSY or used < _ALL_CORES:
        text = f"limited by {name}: {proof}"
    else:
        text = f"limited by the processor, most of all by {name}: {proof}"
    text += f"; {_cores(cores)} {'are' if cores > 1 else 'is'} busy {used:.0%} of the time"
    if used < _MOST_CORES and whole["workers"] >= cores:
        text += ", the rest was taken by other programs or the host"
    return _limit(name, text, changes)


def limit_live(whole: LiveWhole, network_fps: float, changes: Sequence[Change]) -> Limit:
    """What limits a live run.

    Args:
        whole: the run.
        network_fps: frames a second that the network could answer, fitting included.
        changes: what would make one answer faster.
    """
    delivered = f"it delivers {whole['captured_fps']:.1f} fps"
    if whole["dropped"] <= _KEPT_UP:
        return _limit("camera", f"camera-limited: {delivered}, the network could do {network_fps:.0f}", [])
    period_ms, busy = 1000 / whole["fps"], whole["busy"]["inference"]
    text = (
        f"limited by inference: it works {busy * period_ms:.1f} of {period_ms:.1f} ms a frame; of the "
        f"{whole['captured_fps']:.1f} fps that the camera delivers {whole['fps']:.1f} are classified"
    )
    return _limit("inference", text, changes)


def _limit(stage: str, text: str, changes: Sequence[Change]) -> Limit:
    worth = sorted((one for one in changes if one["gain"] >= _WORTH_SAYING), key=lambda one: -one["gain"])
    if worth:
        gains = ", ".join(f"`{one['option']}` {one['gain']:.1f} x" for one in worth)
        text += f"; {gains.replace('` ', '` would give ', 1)}"
    return Limit(stage=stage, text=text, changes=list(worth))


def _cores(cores: int) -> str:
    return f"{cores} cores" if cores > 1 else "1 core"
