from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from live_classify.core.errors import SourceOpenError
from live_classify.measure.result import noisy, rates, read_measurement
from live_classify.measure.text import lines, noise_warning, sections
from measure_results import nothing_measured, result, stage, whole


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(result()), encoding="utf-8")
    assert read_measurement(path) == json.loads(json.dumps(result()))


def spoilt(*keys: str | int, value: Any) -> Any:
    changed: Any = json.loads(json.dumps(result()))
    place = changed
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return changed


@pytest.mark.parametrize(
    "contents",
    [
        "",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        json.dumps(spoilt("stages", value=[])),
        json.dumps(spoilt("stages", "infer", "rounds", value=[])),
        json.dumps(spoilt("stages", "infer", "rounds", value="fast")),
        json.dumps(spoilt("stages", "infer", "fps", value=float("nan"))),
        json.dumps(spoilt("together", "recorded", "rounds", 0, value=-1)),
        json.dumps(spoilt("together", "live", "latency_rounds", value=None)),
        json.dumps(spoilt("together", "live", "fps", value=True)),
        json.dumps(spoilt("subject", "width", value="640")),
        json.dumps(spoilt("subject", "model", value=None)),
        json.dumps(spoilt("machine", "versions", value=7)),
        json.dumps(spoilt("machine", value=None)),
        json.dumps(spoilt("table", value=[{"goal": "latency"}])),
        json.dumps(spoilt("table", 0, "workers", value="many")),
        json.dumps(spoilt("table", value=None)),
    ],
)
def test_other_files_are_refused(contents: str, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(contents, encoding="utf-8")
    with pytest.raises(SourceOpenError, match=r"result\.json isn't a result of `measure --json`, or is damaged"):
        read_measurement(path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceOpenError, match="isn't a result"):
        read_measurement(path)
    with pytest.raises(SourceOpenError, match="Is a directory"):
        read_measurement(tmp_path)


def test_every_rate_has_a_name() -> None:
    names = list(rates(result()))
    assert names[:2] == ["decode alone", "fit alone"]
    assert "recorded with output" in names
    assert len(names) == 5 + 3 + 3


def test_rounds_that_differ_are_noise() -> None:
    still = result()
    assert noisy(still) == []
    assert noise_warning(still) is None
    restless = result()
    restless["together"]["recorded"] = whole(300, 320, 270)
    assert noisy(restless) == ["recorded"]
    assert noise_warning(restless) == (
        "this machine is busy or noisy (load 0.1 on 2 cores at the beginning): "
        "rounds of the same work differ by more than 15%, in 1 case: recorded"
    )


def test_the_text_has_columns() -> None:
    text = [*lines([*sections(result())])]
    assert "decode              1000.0    1.00  1.50  2.00    1.00      0%      20" in text
    assert any(line.startswith("recorded --output") for line in text)
    assert any(re.fullmatch("cameras: 7 of 640x480 at 30 fps, .* with 7 99%, with 8 90%", line) for line in text)
    assert sum(line.endswith("fastest") for line in text) == 2


def test_what_is_not_measured_yet_is_left_out() -> None:
    begun = nothing_measured()
    begun["stages"]["draw"] = stage(2500)
    text = "\n".join(lines([*sections(begun)]))
    assert "together" not in text
    assert "encode" not in text
    assert "draw" in text
