"""The three plots of a result: how long answers take, what each stage takes, which engine is fastest."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from live_classify.measure.plots import BLUE, GREEN, Axis, Bar, histogram, horizontal_bars, rate_bar
from live_classify.measure.result import STAGES

if TYPE_CHECKING:
    from live_classify.measure.engines import Row
    from live_classify.measure.result import Measurement
    from live_classify.measure.stages import StageFigures

_BINS = 30
_FINE = math.log(1.01)  # the bins of a result grow by 1%
_PERCENTS = (50, 95, 99)
_MOST_TICKS = 7


def latency_plot(fine: Sequence[tuple[float, int]]) -> str | None:
    """How the times from capture to label are spread, on a logarithmic axis, with p50, p95 and p99; None without any.

    Args:
        fine: milliseconds and how many frames, as in a result.
    """
    bins = [(ms, count) for ms, count in fine if ms > 0 and count > 0]
    if not bins:
        return None
    coarse = gathered(bins)
    marks = {f"p{percent} {_percentile(bins, percent):.3g} ms": _percentile(bins, percent) for percent in _PERCENTS}
    places = {name: math.log10(ms) for name, ms in marks.items()}
    drawn = [(math.log10(begin), math.log10(end), count) for begin, end, count in coarse]
    axis = Axis("milliseconds, logarithmic", [*_ticks(coarse[0][0], coarse[-1][1])])
    return histogram("Frames by latency", drawn, places, axis)


def gathered(fine: Sequence[tuple[float, int]]) -> list[tuple[float, float, int]]:
    """Some 30 bins of equal width on a logarithmic axis, none empty at the ends: begin, end and count of each.

    Each holds the same number of the fine ones, or bins would stand out only because they hold one more.

    Args:
        fine: the middle of each fine bin, in rising order, and its count; at least one.
    """
    first_ms = fine[0][0]
    numbers = [round(math.log(ms / first_ms) / _FINE) for ms, _ in fine]
    each = math.ceil((numbers[-1] + 1) / _BINS)
    counts = [0] * (numbers[-1] // each + 1)
    for number, (_, count) in zip(numbers, fine, strict=True):
        counts[number // each] += count
    edges = [first_ms * math.exp((number * each - 0.5) * _FINE) for number in range(len(counts) + 1)]
    return [(*pair, count) for pair, count in zip(itertools.pairwise(edges), counts, strict=True)]


def stages_plot(result: Measurement) -> str | None:
    """Milliseconds of each stage alone: the bar ends at the median, the whisker at p95; None without any."""
    alone = cast("dict[str, StageFigures | None]", result["stages"])
    bars = [
        Bar(f"{name} {_short(ms['p50'])}", ms["p50"], ms["p50"], ms["p95"])
        for name in STAGES
        if (figures := alone[name]) is not None and (ms := figures["ms"])["p50"] is not None
    ]
    return horizontal_bars("Milliseconds of each stage", bars, "milliseconds a frame") if bars else None


def throughput_plots(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """For each network its name, and pictures a second by engine, precision and batch: of each the best workers."""
    best: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = (row["model"], row["engine"], row["precision"], row["device"], str(row["batch"]))
        if row["goal"] == "throughput" and row["fps"] >= best.get(key, row)["fps"]:
            best[key] = row
    for model in dict.fromkeys(row["model"] for row in best.values()):
        mine = [row for row in best.values() if row["model"] == model]
        has_gpu = any(row["device"] != "cpu" for row in mine)
        has_batches = any(row["batch"] > 1 for row in mine)
        bars = [
            rate_bar(_row_label(row, has_gpu, has_batches), row, GREEN if row["best"] else BLUE)
            for row in sorted(mine, key=lambda row: (row["engine"], row["device"], row["precision"], row["batch"]))
        ]
        yield model, horizontal_bars(f"Pictures a second of {model}", bars, "pictures a second")


def _row_label(row: Row, has_gpu: bool, has_batches: bool) -> str:
    device = f" {row['device']}" if has_gpu else ""
    batch = f", batch {row['batch']}" if has_batches else ""
    return f"{row['engine']} {row['precision']}{device}{batch}: {_short(row['fps'])}"


def _percentile(bins: Sequence[tuple[float, int]], percent: int) -> float:
    """The milliseconds that ``percent`` of all frames don't exceed."""
    rank, seen = math.ceil(sum(count for _, count in bins) * percent / 100), 0
    for ms, count in bins:
        seen += count
        if seen >= rank:
            return ms
    return bins[-1][0]


def _ticks(begin_ms: float, end_ms: float) -> Iterator[tuple[float, str]]:
    """Round numbers on a logarithmic axis, as many as there is room for; the middle where there is none."""
    decades = range(math.floor(math.log10(begin_ms)), math.ceil(math.log10(end_ms)) + 1)
    for digits in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 5, 7), (1, 2, 5), (1,)):
        values = [digit * 10.0**decade for decade in decades for digit in digits]
        inside = [value for value in values if begin_ms <= value <= end_ms]
        if len(inside) <= _MOST_TICKS:
            break
    for value in inside or [math.sqrt(begin_ms * end_ms)]:
        yield math.log10(value), f"{value:.3g}"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"
