from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from live_classify.core.errors import SourceOpenError
from live_classify.core.values import Answered, Frame, Label, Prediction
from live_classify.outputs.log import open_log
from live_classify.outputs.log_reader import Log

LABELS = (Label(967, "n07920052", "espresso", 0.75), Label(3, "", "great, white", 0.125))


@pytest.mark.parametrize("name", ["l.jsonl", "l.csv"])
def test_what_was_logged_comes_back(name: str, tmp_path: Path) -> None:
    sink = open_log(tmp_path / name, 3)
    for index in range(3):
        frame = Frame(np.zeros((4, 4, 3), np.uint8), index, 0.0, index / 4, "clip.mp4")
        sink.write(Answered(frame, (Prediction(LABELS[: min(index + 1, 2)], None, np.ones(1, np.float32), 0.0),)))
    sink.close()
    log = Log(tmp_path / name)
    rows = list(log.rows())
    assert [row.time_s for row in rows] == [0.0, 0.25, 0.5]
    assert rows[2].labels == LABELS
    assert {row.source for row in rows} == {"clip.mp4"}
    assert [list(log.probabilities(row)) for row in rows] == [[0.75, 0.0], [0.75, 0.125], [0.75, 0.125]]
    assert log.label(1, 0.5) == Label(3, "", "great, white", 0.5)


@pytest.mark.parametrize("name", ["l.jsonl", "l.csv"])
@pytest.mark.parametrize(
    "contents", [b"not a log\nat all\n", b"{}\n{}\n", b"source\nx\n", b"[]\n[]\n", b"\xff\xfe\n\xff\n"]
)
def test_what_is_no_log_is_named(name: str, contents: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(SourceOpenError, match=name.replace(".", r"\.")):
        Log(tmp_path / name)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", '"soon"'])
def test_numbers_that_can_not_be_are_refused(value: str, tmp_path: Path) -> None:
    label = '{"index": 1, "id": "", "name": "a", "probability": 0.5}'
    good = f'{{"source": "a", "time_s": 0, "labels": [{label}]}}\n'
    for bad in (good.replace('"time_s": 0', f'"time_s": {value}'), good.replace("0.5", value)):
        (tmp_path / "l.jsonl").write_text(good + bad)
        with pytest.raises(SourceOpenError, match="see row 2"):
            Log(tmp_path / "l.jsonl")


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match="No such file"):
        Log(tmp_path / "gone.jsonl")
