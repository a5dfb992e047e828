from __future__ import annotations

import csv
import html
import json
from pathlib import Path

import av
import numpy as np
import pytest

from live_classify.answers.segments import Segment
from live_classify.core.errors import OutputError, UsageError
from live_classify.core.values import Answered, Frame, Label, Prediction
from live_classify.outputs.report import Report
from live_classify.outputs.segments import COLUMNS, SegmentTable
from live_classify.outputs.subtitles import Subtitles
from media import photograph

ESPRESSO = Segment(Label(967, "n07920052", "espresso", 0.9531), 0.0, 4.0, 120)
HOSTILE = Segment(Label(5, "", '<b>a_&_"b"</b>{\\an8}-->\n', 0.25), 3661.5, 3662.0004, 12)


def test_a_table_has_a_row_for_each_segment(tmp_path: Path) -> None:
    for name in ("s.csv", "s.jsonl"):
        table = SegmentTable(tmp_path / name)
        table.write_segment("clip.mp4", ESPRESSO)
        table.write_segment("clip.mp4", HOSTILE)
        table.close()
    with (tmp_path / "s.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    objects = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text(encoding="utf-8").splitlines()]
    assert list(rows[0]) == list(objects[0]) == list(COLUMNS)
    assert list(rows[0].values()) == ["clip.mp4", "n07920052", "espresso", "0.0", "4.0", "120", "0.9531"]
    assert list(objects[0].values()) == ["clip.mp4", "n07920052", "espresso", 0.0, 4.0, 120, 0.9531]
    assert rows[1]["name"] == objects[1]["name"] == HOSTILE.label.name


@pytest.mark.parametrize("make", [SegmentTable, Subtitles])
def test_another_ending_is_refused(make: type[SegmentTable] | type[Subtitles], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"x\.txt"):
        make(tmp_path / "x.txt")


@pytest.mark.parametrize(
    ("name", "shown"), [("s.srt", '(b)a & "b"(/b)(\\an8)--) 25%'), ("s.vtt", '<b>a & "b"</b>{\\an8}--> 25%')]
)
def test_ffmpeg_reads_the_subtitles_as_they_were_meant(name: str, shown: str, tmp_path: Path) -> None:
    subtitles = Subtitles(tmp_path / name, offset_s=0.5)
    subtitles.write_segment("clip.mp4", ESPRESSO)
    subtitles.write_segment("clip.mp4", HOSTILE)
    subtitles.close()
    with av.open(str(tmp_path / name)) as container:
        stream = container.streams.subtitles[0]
        cues = [packet for packet in container.demux(stream) if packet.size]
        assert stream.time_base is not None
        times = [tuple(float((ticks or 0) * stream.time_base) for ticks in (cue.pts, cue.duration)) for cue in cues]
        texts = [bytes(cue).decode() for cue in cues]
    assert times == [(0.5, 4.0), (3662.0, 0.5)]
    assert texts[0] == "espresso 95%"
    if name.endswith("vtt"):
        assert "<" not in texts[1]
        texts[1] = html.unescape(texts[1])
    assert texts[1] == shown


def test_a_segment_of_no_length_is_still_a_cue(tmp_path: Path) -> None:
    subtitles = Subtitles(tmp_path / "s.srt")
    subtitles.write_segment("clip.mp4", Segment(Label(0, "", " ", 1.0), 1.0, 1.0, 1))
    subtitles.close()
    text = (tmp_path / "s.srt").read_text(encoding="utf-8")
    assert text == "1\n00:00:01,000 --> 00:00:01,001\n(no name) 100%\n\n"


def reported(path: Path, source: str, segment: Segment) -> str:
    report = Report(path)
    prediction = Prediction((segment.label,), None, np.ones(1, np.float32), 0.0)
    report.write_frame(Answered(Frame(photograph(), 0, 0.0, 0.0, source), (prediction,)))
    report.write_segment(source, segment)
    report.close()
    report.close()
    return path.read_text(encoding="utf-8")


def test_names_in_the_report_stay_text(tmp_path: Path) -> None:
    page = reported(tmp_path / "r.html", "in/<script>alert(1)</script>\"'&.mp4", HOSTILE)
    assert page.count("<script>") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_report_of_nothing_is_not_written(tmp_path: Path) -> None:
    Report(tmp_path / "r.html").close()
    assert not list(tmp_path.iterdir())


def test_a_report_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file"):
        reported(tmp_path / "gone" / "r.html", "clip.mp4", ESPRESSO)
