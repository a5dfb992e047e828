"""Plots as SVG: transparent, in colours for light and dark, without a script, and with no address but SVG's own."""

from __future__ import annotations

import importlib
import itertools
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from live_classify.measure.rounds import Rate

if TYPE_CHECKING:
    from pygal.graph.graph import Graph

WIDTH = 440
"""Of every plot, in its own units, in which text is 14 high: 10 pixels on a phone, 14 on a page of two columns."""
BLUE, ORANGE, GREEN, PURPLE = "#4a90d9", "#e08a2e", "#3aa076", "#a86cc1"
_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, "#d6604d", "#8a9a3b", "#4fb3bf", "#b0895b")
_INK_ALONE = "#7d858e"  # reads on white and on black: a file of its own doesn't know on which it lies
_BAR_HEIGHT, _AROUND_BARS = 30, 76
_LONGEST_LABEL = 36  # characters; longer ones would leave no room for the axis's title, and pygal would never end
_CSS = """
.pygal-chart { fill: currentColor }
.pygal-chart .background, .pygal-chart .nofill { fill: none }
.pygal-chart .centered, .pygal-chart .title, .pygal-chart .axis.x text, .pygal-chart text.value { text-anchor: middle }
.pygal-chart .axis.y text { text-anchor: end }
.pygal-chart .axis .line { stroke: currentColor; stroke-opacity: .25 }
.pygal-chart .vertical .axis.x .line, .pygal-chart .horizontal .axis.y .line { stroke: none }
.pygal-chart .series path, .pygal-chart .dot { stroke-width: 2.5 }
.pygal-chart .ci path { stroke: currentColor; stroke-width: 1.2 }
""" + "".join(f".pygal-chart .color-{n} {{ fill: {c}; stroke: {c} }}\n" for n, c in enumerate(_COLOURS))


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, and what of it varies."""

    label: str
    value: float
    low: float | None = None
    """Where the whisker begins; None for none."""
    high: float | None = None
    colour: str = BLUE


def rate_bar(label: str, rate: Rate, colour: str = BLUE) -> Bar:
    """A rate, with a whisker from its slowest round to its fastest."""
    return Bar(label, rate["fps"], min(rate["rounds"]), max(rate["rounds"]), colour)


def horizontal_bars(title: str, bars: Sequence[Bar], unit: str) -> str:
    """Bars below each other, their names before them.

    Args:
        title: what it shows, for those who can't see it.
        bars: from the top.
        unit: of the axis.
    """
    pygal = _import_pygal()

    chart = pygal.HorizontalBar(
        **_options(height=_AROUND_BARS + _BAR_HEIGHT * len(bars), x_title=unit, show_legend=False),
        range=(0, max([1e-9, *(max(bar.value, bar.high or 0.0) for bar in bars)])),
    )
    chart.x_labels = [bar.label[:_LONGEST_LABEL] for bar in reversed(bars)]
    chart.add(unit, [_point(bar) for bar in reversed(bars)])
    return drawn(chart, title)


def vertical_bars(
    title: str, labels: Sequence[str], groups: Mapping[str, Sequence[Rate]], x_title: str, y_title: str
) -> str:
    """Bars side by side, with a whisker from the slowest round to the fastest, as a file of its own.

    Args:
        title: what it shows, for those who can't see it.
        labels: of the groups of bars.
        groups: a bar in each group, by what they are.
        x_title: what differs between the groups.
        y_title: what is measured.
    """
    pygal = _import_pygal()

    fastest = max(max(rate["rounds"]) for rates in groups.values() for rate in rates)
    options = _options(320, x_title, y_title=y_title, legend_at_bottom=True, margin_bottom=24, range=(0, fastest))
    chart = pygal.Bar(
        **options, x_labels=labels, truncate_label=-1, legend_at_bottom_columns=len(groups), show_legend=len(groups) > 1
    )
    for (name, rates), colour in zip(groups.items(), _COLOURS, strict=False):
        chart.add(name, [_point(rate_bar("", rate, colour)) for rate in rates])
    return drawn(chart, title, alone=True)


def logarithmic_points(
    title: str, groups: Mapping[str, Sequence[tuple[float, float]]], x_title: str, y_title: str
) -> str:
    """Points on two logarithmic axes, as a file of its own.

    Args:
        title: what it shows, for those who can't see it.
        groups: across and up, both above 0, by what they are.
        x_title: what goes across.
        y_title: what goes up.
    """
    pygal = _import_pygal()

    across, up = (_round_steps(values) for values in zip(*itertools.chain(*groups.values()), strict=True))
    chart = pygal.XY(
        **_options(320, x_title, y_title=y_title, legend_at_bottom=True, margin_bottom=24, logarithmic=True),
        x_labels=across,
        xrange=(across[0], across[-1]),
        y_labels=up,
        range=(up[0], up[-1]),
        legend_at_bottom_columns=len(groups),
        dots_size=4,
        stroke=False,
    )
    for name, points in groups.items():
        chart.add(name, points)
    return drawn(chart, title, alone=True)


def _round_steps(values: Sequence[float]) -> list[float]:
    """1, 2, 5, 10 and so on, from just below the least value to just above the greatest."""
    decades = range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)
    steps = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    first = max(number for number, step in enumerate(steps) if step <= min(values))
    last = min(number for number, step in enumerate(steps) if step >= max(values))
    return steps[first : max(last, first + 1) + 1]


def _point(bar: Bar) -> dict[str, Any]:
    whisker = {} if bar.low is None or bar.high is None else {"ci": {"low": bar.low, "high": bar.high}}
    return {"value": bar.value, "color": bar.colour, **whisker}


def histogram(title: str, bins: Sequence[tuple[float, float, int]], marks: Mapping[str, float], axis: Axis) -> str:
    """Bins of any width, with lines at some places.

    Args:
        title: what it shows, for those who can't see it.
        bins: begin, end and count of each, on the axis's scale.
        marks: where lines stand, by their names.
        axis: the horizontal one.
    """
    pygal = _import_pygal()

    top = max(count for _, _, count in bins)
    line = 0.002 * (bins[-1][1] - bins[0][0])
    chart = pygal.Histogram(
        **_options(height=320, x_title=axis.unit, y_title="frames", legend_at_bottom=True, margin_bottom=24),
        legend_at_bottom_columns=len(marks),
        x_labels=[{"value": place, "label": label} for place, label in axis.ticks],
        range=(0, top),
    )
    chart.add(None, [(count, begin, end) for begin, end, count in bins])
    for name, place in marks.items():
        chart.add(name, [(top, place - line, place + line)])
    return drawn(chart, title)


@dataclass(frozen=True, slots=True)
class Axis:
    """A horizontal axis of places with names."""

    unit: str
    ticks: list[tuple[float, str]]


def drawn(chart: Graph, title: str, alone: bool = False) -> str:
    """A chart as an SVG element.

    Args:
        chart: one of pygal's, with options from this module.
        title: what it shows, for those who can't see it.
        alone: whether it is to be a file of its own, rather than a part of a page whose text colour it takes.
    """
    root = chart.render_tree()
    for parent in [*root.iter()]:
        for child in [*parent]:
            if child.tag is ElementTree.Comment or child.tag in ("script", "desc"):
                parent.remove(child)
    for name in root.findall("title"):
        name.text = title
    root.set("role", "img")
    if alone:
        root.set("style", f"color: {_INK_ALONE}")
    return ElementTree.tostring(root, encoding="unicode")


def _options(height: int, x_title: str, **others: Any) -> dict[str, Any]:
    """What all charts have in common."""
    from pygal.style import Style

    sizes = {f"{what}_font_size": 14 for what in ("label", "major_label", "value", "title", "legend")}
    return {
        "width": WIDTH,
        "height": height,
        "style": Style(font_family="system-ui, sans-serif", **sizes),
        "css": (f"inline:{_CSS}",),
        "js": [],
        "margin": 4,
        "margin_right": 16,  # the last label of an axis stands half beyond it
        "max_scale": 6,
        "x_title": x_title,
        "value_formatter": _short,
        **others,
    }


def _short(value: float) -> str:
    """A number with as many digits as say something."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _import_pygal() -> Any:
    if "pygal" in sys.modules:
        return sys.modules["pygal"]  # whoever imported it lives with what it does
    pygal = importlib.import_module("pygal")
    # Its finder of plugins, of which there are none, has Python 3.10 and 3.11 warn at every later import.
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]
    return pygal
