from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from live_classify.core.errors import OutputError, UsageError
from live_classify.core.values import Answered, Frame, Label, Prediction, Region
from live_classify.outputs.log import CsvSink, JsonLinesSink, open_log

if TYPE_CHECKING:
    from live_classify.core.protocols import Sink

KINDS = ["log.jsonl", "log.csv"]
ESPRESSO = Label(967, "n07920052", "espresso", 0.95312345678)
CUP = Label(968, "n07930864", "cup", 0.0200004)


def frame(index: int = 12, source: str = "clip.mp4") -> Frame:
    return Frame(np.zeros((4, 4, 3), np.uint8), index, captured_s=100.0, time_s=index / 30, source=source)


def prediction(*labels: Label) -> Prediction:
    stable = Label(1, "", "smoothed", 1.0)
    return Prediction(labels or (ESPRESSO, CUP), stable, np.zeros(1000, np.float32), finished_s=100.0071234)


def write_one(sink: Sink, *labels: Label, source: str = "clip.mp4") -> None:
    sink.write(Answered(frame(source=source), (prediction(*labels),)))
    sink.close()


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_a_json_row_has_exactly_the_documented_keys_and_digits(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    write_one(open_log(path, top=1))
    assert path.read_text(encoding="utf-8") == (
        '{"source": "clip.mp4", "frame": 12, "time_s": 0.4, "latency_ms": 7.123, "labels": ['
        '{"index": 967, "id": "n07920052", "name": "espresso", "probability": 0.953123}, '
        '{"index": 968, "id": "n07930864", "name": "cup", "probability": 0.02}]}\n'
    )


def test_a_live_row_bears_the_time_of_day_and_a_row_of_a_region_its_name(tmp_path: Path) -> None:
    at = datetime(2026, 11, 25, 13, 2, 0, 123456, tzinfo=timezone.utc)
    door, desk = (replace(prediction(), region=Region(name, 0, 0, 0.5, 1)) for name in ("door", "desk"))
    for kind in KINDS:
        sink = open_log(tmp_path / kind, top=1)
        sink.write(Answered(replace(frame(), at=at), (door, desk)))
        sink.close()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["frame"], row["region"], row["at"]) for row in rows] == [
        (12, "door", "2026-11-25T13:02:00.123+00:00"),
        (12, "desk", "2026-11-25T13:02:00.123+00:00"),
    ]
    assert len(read_csv(tmp_path / "log.csv")) == 1 + 2


def test_a_csv_log_has_a_header_and_one_row_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    sink = open_log(path, top=2)
    sink.write(Answered(frame(12), (prediction(),)))
    sink.write(Answered(frame(15), (prediction(),)))
    sink.close()
    answers = ["967", "n07920052", "espresso", "0.953123", "968", "n07930864", "cup", "0.02"]
    label_columns = ["index_1", "id_1", "name_1", "probability_1", "index_2", "id_2", "name_2", "probability_2"]
    assert read_csv(path) == [
        ["source", "frame", "time_s", "latency_ms", *label_columns],
        ["clip.mp4", "12", "0.4", "7.123", *answers],
        ["clip.mp4", "15", "0.5", "7.123", *answers],
    ]


@pytest.mark.parametrize(("top", "names"), [(1, ["espresso"]), (3, ["espresso", "cup", ""])])
def test_a_csv_row_has_as_many_labels_as_its_header(tmp_path: Path, top: int, names: list[str]) -> None:
    path = tmp_path / "log.csv"
    write_one(open_log(path, top))
    header, row = read_csv(path)
    assert len(header) == len(row) == 4 + 4 * top
    assert row[6::4] == names


@pytest.mark.parametrize("text", ['a, "b"', "two\nlines", "carriage\rreturn", "Käse 芝士 \u2028", "\\", "=1+1", "a\tb"])
def test_any_text_survives(tmp_path: Path, text: str) -> None:
    label = Label(0, "", text, 0.5)
    write_one(open_log(tmp_path / "log.csv", top=1), label, source=text)
    row = read_csv(tmp_path / "log.csv")[1]
    assert (row[0], row[6]) == (text, text)

    write_one(open_log(tmp_path / "log.jsonl", top=1), label, source=text)
    (line,) = (tmp_path / "log.jsonl").read_bytes().splitlines()
    parsed: dict[str, Any] = json.loads(line)
    assert (parsed["source"], parsed["labels"][0]["name"]) == (text, text)


def test_a_file_name_that_is_not_utf8_is_written_as_utf8(tmp_path: Path) -> None:
    source = os.fsdecode(b"\xff.mp4")
    write_one(open_log(tmp_path / "log.jsonl", top=1), source=source)
    assert json.loads((tmp_path / "log.jsonl").read_text(encoding="utf-8"))["source"] == source
    write_one(open_log(tmp_path / "log.csv", top=1), source=source)
    assert read_csv(tmp_path / "log.csv")[1][0] == r"\udcff.mp4"


@pytest.mark.parametrize("name", KINDS)
def test_a_row_can_be_read_as_soon_as_it_is_written(tmp_path: Path, name: str) -> None:
    sink = open_log(tmp_path / name, top=1)
    before = (tmp_path / name).read_bytes().count(b"\n")
    for rows in (1, 2):
        sink.write(Answered(frame(), (prediction(),)))
        contents = (tmp_path / name).read_bytes()
        assert contents.count(b"\n") == before + rows
        assert contents.endswith(b"\n")
    sink.close()


@pytest.mark.parametrize("name", KINDS)
def test_an_older_file_is_emptied_and_closing_twice_is_harmless(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("old " * 1000, encoding="utf-8")
    sink = open_log(tmp_path / name, top=1)
    sink.close()
    sink.close()
    assert "old" not in (tmp_path / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["log.txt", "log", "log.json"])
def test_another_suffix_is_refused_before_anything_is_created(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=rf"a \.jsonl or a \.csv file, not .*{name}"):
        open_log(tmp_path / name, top=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", KINDS)
def test_a_missing_folder_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match=rf"cannot create .*gone.*{name}: No such file or directory"):
        open_log(tmp_path / "gone" / name, top=1)


def test_a_full_device_is_an_error_that_names_it() -> None:
    sink = JsonLinesSink(Path("/dev/full"))
    with pytest.raises(OutputError, match="cannot write /dev/full: No space left on device"):
        sink.write(Answered(frame(), (prediction(),)))
    sink.close()
    with pytest.raises(OutputError, match="cannot write /dev/full: No space left on device"):
        CsvSink(Path("/dev/full"), top=1)


WRITE_UNTIL_FULL = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from live_classify.core.errors import OutputError
from live_classify.core.values import Answered, Frame, Label, Prediction
from live_classify.outputs.log import open_log

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
sink = open_log(Path(sys.argv[1]), top=1)
answer = Prediction((Label(0, "", "x", 1.0),), None, np.ones(1, np.float32), 0.0)
rows = 0
try:
    while True:
        sink.write(Answered(Frame(np.zeros((4, 4, 3), np.uint8), rows, 0.0, 0.0, "s"), (answer,)))
        rows += 1
except OutputError as error:
    print(error)
sink.close()
print(rows)
"""


@pytest.mark.parametrize("name", KINDS)
def test_a_full_disk_leaves_whole_rows_only(tmp_path: Path, name: str) -> None:
    # A limit on the file's size fails as a full disk does: a short write, then an error.
    command = [sys.executable, "-B", "-c", WRITE_UNTIL_FULL, str(tmp_path / name)]
    message, rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert message == f"cannot write {tmp_path / name}: File too large"
    contents = (tmp_path / name).read_bytes()
    assert contents.endswith(b"\n")
    header_lines = int(name.endswith(".csv"))
    assert contents.count(b"\n") == int(rows) + header_lines
    assert int(rows) > 5


@pytest.mark.parametrize("name", KINDS)
def test_a_named_pipe_takes_rows_and_a_reader_that_leaves_is_an_error(tmp_path: Path, name: str) -> None:
    pipe = tmp_path / name
    os.mkfifo(pipe)
    received: list[bytes] = []

    def read_the_first_answer() -> None:
        with pipe.open("rb") as file:
            received.append(next(line for line in file if b"espresso" in line))

    reader = threading.Thread(target=read_the_first_answer)
    reader.start()
    sink = open_log(pipe, top=1)
    sink.write(Answered(frame(), (prediction(),)))
    reader.join()
    assert received[0].startswith((b"clip.mp4,12,", b'{"source": "clip.mp4", "frame": 12,'))
    with pytest.raises(OutputError, match=rf"cannot write .*{name}: Broken pipe"):
        sink.write(Answered(frame(), (prediction(),)))
    sink.close()
