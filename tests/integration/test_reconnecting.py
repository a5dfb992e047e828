"""Signals that are lost and come back: with sources made for it, and with real servers."""

from __future__ import annotations

import itertools
import json
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cameras import PASSWORD, USER, MjpegCamera, RtspCamera, needs_rtsp, number_in
from doubles import Collector, ListSource, grey_classifier, grey_frame
from live_classify.core.errors import SourceError, SourceOpenError, SourceReadError
from live_classify.core.protocols import Source
from live_classify.core.reading import read_frames
from live_classify.core.values import Frame
from live_classify.flow.pipeline import Pipeline
from live_classify.sources.open import live_source
from live_classify.sources.reconnecting import Patience, Reconnecting
from program import DEADLINE_S, run, start

SOON = Patience(open_s=20, stall_s=0.2)


def at_once() -> Iterator[float]:
    return itertools.repeat(0.0)


def reconnecting(
    connections: list[Source], patience: Patience = SOON, pauses: Callable[[], Iterator[float]] = at_once
) -> tuple[Reconnecting, list[str]]:
    """A source with one of the given connections after the other; the first one is only asked for its properties."""
    told: list[str] = []
    waiting = iter([ListSource([]), *connections])
    return Reconnecting("test", lambda: next(waiting), patience, told.append, pauses), told


def lost(frames: list[Frame]) -> ListSource:
    return ListSource(frames, then=SourceReadError("gone"))


def test_frames_count_on_across_connections_and_times_rise() -> None:
    first = [grey_frame(level, level, time_s=level * 1e-6) for level in range(3)]
    source, told = reconnecting([lost(first), ListSource([grey_frame(7, 0), grey_frame(8, 1)])])
    frames = list(source.frames(threading.Event()))
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert [int(frame.bgr[0, 0, 0]) for frame in frames] == [0, 1, 2, 7, 8]
    assert [frame.time_s for frame in frames] == sorted(frame.time_s for frame in frames)
    assert (source.status().reconnects, source.status().silent_since_s) == (1, None)
    assert told[0] == "no signal: gone; connecting again"
    assert told[1].startswith("test: the signal is back after ")


def test_what_never_gave_a_frame_is_an_error_unless_it_is_waited_for() -> None:
    broken = [ListSource([], then=SourceOpenError("refused")) for _ in range(3)]
    source, told = reconnecting([*broken])
    with pytest.raises(SourceOpenError, match="refused"):
        next(source.frames(threading.Event()))
    assert told == []
    patient = Patience(1, 1, unopened=True)
    source, told = reconnecting([*broken, ListSource([grey_frame(1)])], patient)
    assert len(list(source.frames(threading.Event()))) == 1
    assert told[0] == "no signal: refused; connecting again"  # once, not for each attempt
    assert len(told) == 2
    assert source.status().reconnects == 0


def test_pauses_grow_within_an_outage_and_end_when_it_shall_stop() -> None:
    asked: list[float] = []
    stop = threading.Event()

    def pauses() -> Iterator[float]:
        for pause_s in (0.001, 0.002, DEADLINE_S):
            asked.append(pause_s)
            if pause_s == DEADLINE_S:
                stop.set()
            yield pause_s

    source, _ = reconnecting([lost([grey_frame(1)]), lost([]), lost([])], pauses=pauses)
    assert len(list(source.frames(stop))) == 1
    assert asked == [0.001, 0.002, DEADLINE_S]
    assert source.status().silent_since_s is not None


def test_the_pauses_are_from_one_to_thirty_seconds() -> None:
    from live_classify.sources.reconnecting import _growing_pauses

    pauses = list(itertools.islice(_growing_pauses(), 8))
    for pause_s, about_s in zip(pauses, (1, 2, 4, 8, 16, 30, 30, 30), strict=True):
        assert 0.8 * about_s <= pause_s <= 1.2 * about_s


class Hanging(ListSource):
    """Hangs after its frames, as a driver does, until it is let go."""

    def __init__(self, frames: list[Frame]) -> None:
        super().__init__(frames)
        self.let_go = threading.Event()

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        yield from super().frames(stop)
        self.let_go.wait(DEADLINE_S)


@contextmanager
def all_let_go(sources: list[Hanging]) -> Iterator[None]:
    try:
        yield
    finally:
        for source in sources:
            source.let_go.set()
        for thread in threading.enumerate():
            if thread.name.startswith("reader"):
                thread.join(DEADLINE_S)


def test_a_reader_that_hangs_is_left_behind_and_the_next_one_delivers() -> None:
    hanging = Hanging([grey_frame(1, 0)])
    source, told = reconnecting([hanging, ListSource([grey_frame(2, 0)])])
    with all_let_go([hanging]):
        frames = list(source.frames(threading.Event()))
    assert [int(frame.bgr[0, 0, 0]) for frame in frames] == [1, 2]
    assert told[0] == "no signal: test: no frame for 0.2 s; connecting again"


def test_no_more_than_three_readers_hang_at_a_time() -> None:
    hanging = [Hanging([grey_frame(1)]) for _ in range(3)]
    stop, attempts = threading.Event(), itertools.count()

    def counted() -> Iterator[float]:
        while next(attempts) < 8:
            yield 0.0
        stop.set()
        yield 0.0

    source, _ = reconnecting([*hanging], pauses=counted)
    with all_let_go(hanging):
        assert len(list(source.frames(stop))) == 3  # a fourth connection would fail: there is none
    assert next(attempts) == 9


def test_stopping_does_not_wait_for_a_reader_that_hangs() -> None:
    hanging = Hanging([grey_frame(1)])
    source, _ = reconnecting([hanging], Patience(DEADLINE_S, DEADLINE_S))
    sink = Collector()
    with all_let_go([hanging]):
        with Pipeline([source], grey_classifier(), live=True, sinks=[sink]) as pipeline:
            pipeline.monitor.wait_for_answer(0, DEADLINE_S)
        assert not any(thread.name.startswith("capture") for thread in threading.enumerate())
    assert sink.closed


def test_a_silent_source_is_never_classified_twice() -> None:
    hanging = Hanging([grey_frame(1, 0)])
    source, _ = reconnecting([hanging, ListSource([grey_frame(2, 0)])])
    sink = Collector()
    with all_let_go([hanging]):
        with Pipeline([source], grey_classifier(), live=True, sinks=[sink]) as pipeline:
            assert pipeline.wait(DEADLINE_S)
    assert [prediction.top.index for _, prediction in sink.written] == [1, 2]
    assert sink.indices == [0, 1]


def follow(source: Source, until: Callable[[Frame], bool], most: int = 2000) -> list[Frame]:
    """Frames up to the first of which something is true."""
    seen: list[Frame] = []
    for frame in itertools.islice(read_frames(source, threading.Event()), most):
        seen.append(frame)
        if until(frame):
            return seen
    raise AssertionError(f"not so for {len(seen)} frames")


def test_an_http_camera_that_hangs_up_stalls_and_returns_with_another_size() -> None:
    told: list[str] = []
    with MjpegCamera() as camera:
        source = live_source(camera.address("locked", f"{USER}:{PASSWORD}@"), Patience(2, 0.5), told.append)
        assert isinstance(source, Reconnecting)
        source._pauses = at_once
        faults = iter([camera.hang_up, camera.stall])

        def after_each_fault(frame: Frame) -> bool:
            if frame.index % 20 == 10 and (fault := next(faults, None)) is not None:
                fault()
                if fault == camera.stall:
                    camera.size = (384, 192)
                    threading.Timer(0.8, camera.resume).start()
            return frame.size == (384, 192)

        seen = follow(source, after_each_fault)
    numbers = [number_in(frame.bgr) for frame in seen]
    assert numbers == sorted(set(numbers))
    assert [frame.index for frame in seen] == list(range(len(seen)))
    assert source.status().reconnects == 2
    assert not any(PASSWORD in line for line in told)
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


def test_errors_of_a_source_are_its_own() -> None:
    source, _ = reconnecting([ListSource([], then=ZeroDivisionError("a bug"))])
    with pytest.raises(ZeroDivisionError, match="a bug"):
        next(source.frames(threading.Event()))
    assert issubclass(SourceReadError, SourceError)
