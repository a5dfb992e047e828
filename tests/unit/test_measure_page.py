from __future__ import annotations

import itertools
import re
import sys
from html.parser import HTMLParser

import pytest

from live_classify.measure.figures import gathered, latency_plot, throughput_plots
from live_classify.measure.page import page
from live_classify.measure.result import Stages
from measure_results import nothing_measured, result, row, stage

HOSTILE = "</style><script>alert(1)</script> \"'& <b>"


class Reader(HTMLParser):
    """Finds a page's elements and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_holds_three_plots_the_words_and_the_tables() -> None:
    reader = Reader(page(result()))
    assert reader.tags.count("svg") == 3
    assert reader.tags.count("table") == 3
    for text in ("A processor", "clip.mp4", "limited by inference", "camera-limited", "7 of 640x480", "p95 ", "8: 410"):
        assert text in reader.text
    assert "<code>--every 2</code>" in page(result())


def test_the_page_needs_nothing_from_elsewhere() -> None:
    html = page(result())
    assert set(re.findall(r"[a-z]+://[^\"' <]+", html)) == {"http://www.w3.org/2000/svg"}
    reader = Reader(html)
    assert not {"script", "link", "img", "iframe", "image", "use"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name in ("src", "href", "xlink:href") or name[:2] == "on"]
    assert "@import" not in html
    assert "url(" not in html


def test_names_are_text_whatever_they_hold() -> None:
    plain, table = result(), [row(model=HOSTILE, engine=HOSTILE, device=HOSTILE)]
    machine = {**plain["machine"], "processor": HOSTILE, "gpus": [HOSTILE], "versions": {HOSTILE: HOSTILE}}
    subject = {**plain["subject"], "source": HOSTILE, "model": HOSTILE}
    reader = Reader(page(result(machine=machine, subject=subject, table=table, measured=HOSTILE)))
    assert not {"script", "b"} & set(reader.tags)
    assert reader.text.count(HOSTILE) >= 9


def test_a_noisy_machine_is_remarked() -> None:
    assert "busy or noisy" not in page(result())
    assert "busy or noisy" in page(result(table=[{**row(), "spread": 0.5}]))


def test_what_is_not_measured_is_left_out() -> None:
    reader = Reader(page(nothing_measured()))
    assert not {"svg", "table"} & set(reader.tags)
    assert "A processor" in reader.text
    stages = Stages(decode=None, fit=stage(5000), infer=None, draw=None, encode=None)
    partial = Reader(page({**nothing_measured(), "stages": stages}))
    assert partial.tags.count("svg") == 1
    assert "fit 0.20" in partial.text
    assert "decode" not in partial.text


@pytest.mark.parametrize(
    "changes",
    [
        {"latency_histogram": [(5.0, 1)]},
        {"latency_histogram": [(0.01, 1), (100_000.0, 1)]},
        {"latency_histogram": [(0.0, 5)]},
        {"table": [row(fps=0.0)]},
        {"table": [row(fps=1e6, precision="float32"), row(fps=0.001)]},
        {"stages": Stages(decode=stage(1e7), fit=None, infer=stage(0.01), draw=None, encode=None)},
    ],
)
def test_extreme_results_give_a_page_without_nonsense(changes: dict[str, object]) -> None:
    html = page(result(**changes))
    assert "How fast this machine is" in html
    assert not re.search(r"\b(nan|inf|None)\b", html)


def test_fine_bins_are_gathered_into_some_thirty_that_hold_all_frames() -> None:
    fine = [(1.01**number, 1) for number in range(200)]
    coarse = gathered(fine)
    assert 25 <= len(coarse) <= 30
    assert sum(count for _, _, count in coarse) == 200
    assert {count for _, _, count in coarse[:-1]} == {7}  # a level distribution looks level
    assert all(end == begin for (_, end, _), (begin, _, _) in itertools.pairwise(coarse))
    ((begin, end, count),) = gathered([(5.0, 3)])
    assert (begin, end, count) == pytest.approx((5 / 1.005, 5 * 1.005, 3), rel=1e-4)


def test_percentiles_are_marked_where_they_are() -> None:
    plot = latency_plot([(5.0, 60), (8.0, 37), (20.0, 3)])
    assert plot is not None
    assert re.findall(r"p\d\d [\d.]+ ms", plot) == ["p50 5 ms", "p95 8 ms", "p99 20 ms"]


def test_throughput_has_a_plot_for_each_network_and_the_best_workers() -> None:
    table = [
        row(fps=100.0),
        row(fps=180.0, workers=2),
        row(fps=90.0, engine="keras", batch=8),
        row(fps=70.0, model="resnet50"),
        row(goal="latency", fps=999.0),
    ]
    plots = dict(throughput_plots(table))
    assert [*plots] == ["efficientnet-lite0", "resnet50"]
    first = Reader(plots["efficientnet-lite0"]).text
    assert "litert int8, batch 1: 180" in first
    assert "keras int8, batch 8: 90" in first
    assert "100" not in re.findall(r": (\d+)", first)
    assert "litert int8: 70" in Reader(plots["resnet50"]).text


def test_drawing_leaves_the_imports_of_others_alone() -> None:
    before = list(sys.meta_path)
    page(result())
    assert sys.meta_path == before
