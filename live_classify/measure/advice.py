"""What of the table of engines is worth changing to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from live_classify.measure.engines import Row

if TYPE_CHECKING:
    from live_classify.core.protocols import Engine, Goal

_WORTH_TRYING = 1.05
"""An engine that gains less on its own is within what two runs differ by."""


def current_row(table: Sequence[Row], goal: Goal, engines: Sequence[Engine]) -> Row:
    """The line of the table that ran as these engines do, or most nearly so.

    Args:
        table: what was timed; with at least one line for the goal.
        goal: which lines count.
        engines: what runs now, one for each inference thread.
    """
    first = engines[0]
    layout = (first.name, first.precision, _kind_of_device(first.device), first.batch, len(engines))

    def likeness(row: Row) -> int:
        its = (row["engine"], row["precision"], _kind_of_device(row["device"]), row["batch"], row["workers"])
        return sum(one == other for one, other in zip(its, layout, strict=True))

    return max((row for row in table if row["goal"] == goal), key=likeness)


def better_row(table: Sequence[Row], current: Row) -> Row | None:
    """The best line of another engine or precision for the same goal; None where none is worth trying."""
    best = next((row for row in table if row["goal"] == current["goal"] and row["best"]), None)
    if best is None or best["fps"] < _WORTH_TRYING * current["fps"]:
        return None
    return best if options_for(best, current) else None


def options_for(row: Row, current: Row) -> str:
    """The options with which a line's engine is taken in the place of the current one: ``--precision int8``."""
    chosen = {"engine": row["engine"], "precision": row["precision"], "device": row["device"]}
    now = {"engine": current["engine"], "precision": current["precision"], "device": current["device"]}
    return " ".join(f"--{key} {value}" for key, value in chosen.items() if value != now[key])


def _kind_of_device(device: str) -> str:
    return device.partition(":")[0]
