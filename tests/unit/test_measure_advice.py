from __future__ import annotations

from doubles import GreyEngine
from live_classify.measure.advice import better_row, current_row, options_for
from measure_results import row


def test_the_current_row_is_the_one_that_runs_alike() -> None:
    table = [row(80, goal="latency"), row(100), row(150, workers=2), row(90, precision="float32", workers=2)]
    engine = GreyEngine()  # litert float32 on the CPU, batch 1
    assert current_row(table, "throughput", [engine, engine])["fps"] == 90
    assert current_row(table, "latency", [engine])["fps"] == 80


def test_what_is_better_is_named_by_its_options() -> None:
    current = row(100, precision="float32")
    quick = row(160, best=True)
    assert better_row([current, quick], current) is quick
    assert options_for(quick, current) == "--precision int8"
    assert options_for(row(1, engine="keras", precision="float16", device="gpu"), quick) == (
        "--engine keras --precision float16 --device gpu"
    )


def test_nothing_is_better_by_a_trifle_or_by_its_layout_alone() -> None:
    current = row(100)
    assert better_row([current, row(103, engine="openvino", best=True)], current) is None
    assert better_row([current, row(160, workers=2, best=True)], current) is None
    assert better_row([current, row(160, goal="latency", best=True)], current) is None
