from __future__ import annotations

import json
from pathlib import Path

from live_classify.answers.segments import Segment
from live_classify.core.values import Label
from live_classify.jobs.find import Sightings, find_in_log
from live_classify.outputs.factory import Answering

CAT = Segment(Label(0, "n0", "grey_cat", 0.9), 0.0, 1.0, 25)
CUP = Segment(Label(1, "n1", "cup", 0.9), 1.0, 2.0, 25)


def test_a_recording_that_is_given_twice_is_seen_under_two_names_in_one_file() -> None:
    sightings = Sightings("cat", {"clip.mp4": Path("clip.mp4"), "clip.mp4 (2)": Path("clip.mp4")})
    for source in ("clip.mp4", "clip.mp4 (2)"):
        for segment in (CAT, CUP):
            sightings.write_segment(source, segment)
    sightings.close()
    assert [(s.source, s.recording, s.segment) for s in sightings.kept] == [
        ("clip.mp4", Path("clip.mp4"), CAT),
        ("clip.mp4 (2)", Path("clip.mp4"), CAT),
    ]


def test_a_log_names_its_recordings_itself(tmp_path: Path) -> None:
    label = {"index": 3, "id": "n3", "name": "grey_cat", "probability": 0.9}
    rows = [{"source": "in/a.mp4", "time_s": number / 25, "labels": [label]} for number in range(5)]
    log = tmp_path / "a.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (sighting,) = find_in_log("cat", log, Answering())
    assert (sighting.source, sighting.recording, sighting.segment.frames) == ("in/a.mp4", Path("in/a.mp4"), 5)
