"""Cameras that fall silent and come back: real servers, in the program and below it."""

from __future__ import annotations

import itertools
import json
import signal
import threading
from pathlib import Path

from cameras import PASSWORD, USER, MjpegCamera, RtspCamera, needs_rtsp, number_in
from doubles import at_once
from live_classify.core.events import SignalLost, SignalRestored
from live_classify.core.protocols import Signal
from live_classify.core.values import Frame
from live_classify.sources.open import live_source
from live_classify.sources.reconnecting import Patience, Reconnecting
from program import DEADLINE_S, run, start


def test_an_http_camera_that_hangs_up_stalls_and_returns_with_another_size() -> None:
    with MjpegCamera() as camera:
        source = live_source(camera.address("locked", f"{USER}:{PASSWORD}@"), Patience(2, 0.5))
        assert isinstance(source, Reconnecting)
        source._intervals = at_once
        faults = iter([camera.hang_up, camera.stall])
        seen: list[Frame] = []
        signals: list[Signal] = []
        for item in itertools.islice(source.frames(threading.Event()), 2000):
            if not isinstance(item, Frame):
                signals.append(item)
                continue
            seen.append(item)
            if item.index % 20 == 10 and (fault := next(faults, None)) is not None:
                fault()
                if fault == camera.stall:
                    camera.size = (384, 192)
                    threading.Timer(0.8, camera.resume).start()
            if item.size == (384, 192):
                break
    numbers = [number_in(frame.bgr) for frame in seen]
    assert seen[-1].size == (384, 192)
    assert numbers == sorted(set(numbers))
    assert [frame.index for frame in seen] == list(range(len(seen)))
    assert source.status().reconnects == 2
    assert [type(signal) for signal in signals] == [SignalLost, SignalRestored] * 2
    assert PASSWORD not in repr(signals)
    for thread in threading.enumerate():
        if thread.name.startswith(("reader", "Thread-")):
            thread.join(DEADLINE_S)


@needs_rtsp
def test_an_rtsp_camera_that_goes_and_comes_back(tmp_path: Path) -> None:
    with RtspCamera(locked=True) as camera:
        address, port = camera.address(userinfo=f"{USER}:{PASSWORD}@"), camera.port
        arguments = ["watch", address, "--no-window", "--stall", "1", "--log", "log.jsonl", "--stats", "stats.json"]
        with start(*arguments, cwd=tmp_path) as program:
            wait_for_rows(tmp_path / "log.jsonl", 10)
            camera.close()
            with RtspCamera(port=port, locked=True, size=(384, 192)):
                assert program.stderr is not None
                errors = "".join(itertools.takewhile(lambda line: "is back" not in line, program.stderr))
                wait_for_rows(tmp_path / "log.jsonl", 20)
                program.send_signal(signal.SIGINT)
                said, rest = program.communicate(timeout=DEADLINE_S)
    assert (program.returncode, rest) == (130, "live-classify: interrupted\n")
    stats = json.loads((tmp_path / "stats.json").read_text(encoding="utf-8"))
    log = (tmp_path / "log.jsonl").read_text(encoding="utf-8")
    assert stats["reconnects"] == stats["by_source"][0]["reconnects"] >= 1, errors
    rows = [json.loads(line) for line in log.splitlines()]
    assert [row["frame"] for row in rows] == sorted({row["frame"] for row in rows})
    assert {row["source"] for row in rows} == {camera.address(userinfo=f"{USER}@")}
    assert "no signal: " in errors
    assert PASSWORD not in said + errors + log + json.dumps(stats)


def wait_for_rows(path: Path, count: int) -> None:
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        threading.Event().wait(0.05)


def test_a_dead_camera_keeps_no_other_from_being_watched(tmp_path: Path) -> None:
    with MjpegCamera() as camera:
        sources = [camera.address(), camera.address(), camera.address("nothing"), "synthetic:?fps=15"]
        arguments = ["--no-window", "--duration", "2", "--stats", "stats.json", "--log", "log.jsonl"]
        done = run("watch", *sources, *arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"live-classify: cannot open {sources[2]}: there is no such stream or file on that host (404)"
    )
    by_source = json.loads((tmp_path / "stats.json").read_text(encoding="utf-8"))["by_source"]
    assert [source["source"] for source in by_source] == [sources[0], f"{sources[0]} (2)", *sources[2:]]
    for source in by_source:
        assert (source["frames_classified"] > 0) == (source["source"] != sources[2])
    logged = [json.loads(line)["source"] for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert set(logged) == {source["source"] for source in by_source} - {sources[2]}


def test_stopping_takes_no_longer_than_asked_although_a_host_says_nothing(tmp_path: Path) -> None:
    with MjpegCamera() as camera:
        arguments = ["--no-window", "--log", "log.jsonl", "--timeout", "600", "--duration", "1"]
        done = run("watch", camera.address("silent"), *arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"live-classify: cannot open {camera.address('silent')}: no answer yet\n"
