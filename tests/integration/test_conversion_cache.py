"""Converted networks are made once, found again, never half there; most conversions here are a stand-in's."""

from __future__ import annotations

import dataclasses
import os
import re
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from converter import PYTHON, StandIn
from live_classify.core.errors import EngineError, SourceOpenError, UsageError
from live_classify.models.catalogue.lite_weights import LITE1
from live_classify.models.convert.cache import cache_folder, converted, find_converted
from live_classify.models.convert.calibration import Calibration
from live_classify.models.records.network import Network, Precision
from live_classify.models.records.preprocessing import MODES
from live_classify.models.weights.origin import LocalFile
from media import photograph
from program import DEADLINE_S, environment, only_line, run

OPTIONS = ["--model", "efficientnet-lite1", "--engine", "litert", "--precision", "int8"]

DAMAGES: dict[str, Callable[[Path], object]] = {
    "changed": lambda path: path.write_bytes(bytes([255]) + path.read_bytes()[1:]),
    "cut short": lambda path: os.truncate(path, 1000),
    "gone": lambda path: path.unlink(),
    "without its checksum": lambda path: path.with_suffix(".sha256").unlink(),
}


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StandIn:
    made = StandIn(tmp_path)
    monkeypatch.setattr(sys, "executable", made.executable)
    return made


@pytest.fixture
def doomed_folder(tmp_path: Path) -> Path:
    """Where a second stand-in lives."""
    folder = tmp_path / "doomed"
    folder.mkdir()
    return folder


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), photograph())
    return path


def convert(network: Network = LITE1, precision: Precision = "int8", *pictures: Path) -> Path:
    return converted(network, precision, Calibration(pictures))


def in_cache() -> set[str]:
    """What is in the cache, without locks, which stay."""
    return {path.name for path in cache_folder().iterdir() if path.suffix != ".lock"}


def wait_for_end(process: int) -> None:
    """Wait for the end of a process that needn't be a child of this one."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return
    ended, _, _ = select.select([handle], [], [], DEADLINE_S)
    os.close(handle)
    assert ended, f"process {process} still runs"


def test_a_network_is_converted_once(stand_in: StandIn) -> None:
    told: list[tuple[str, int, int]] = []
    first = converted(LITE1, "int8", Calibration(), lambda *words: told.append(words))
    again = converted(LITE1, "int8", Calibration(), lambda *words: told.append(words))
    assert first == again == find_converted(LITE1, "int8", Calibration())
    assert told == [("converting efficientnet-lite1 to LiteRT int8, once", 0, 0)]
    assert len(stand_in.started) == 1
    assert in_cache() == {first.name, first.with_suffix(".sha256").name}


def test_a_file_is_known_by_what_it_was_made_from(stand_in: StandIn, picture: Path, tmp_path: Path) -> None:
    weights = LITE1.weights.find()
    assert weights is not None
    others = tmp_path / "weights.pth"
    others.write_bytes(weights.read_bytes())
    copied = dataclasses.replace(LITE1, weights=LocalFile(others))
    same = convert()
    assert convert(copied) == same

    others.write_bytes(weights.read_bytes() + b"\0")
    rather_blue = dataclasses.replace(LITE1, preprocessing=MODES["caffe"])
    of_the_picture = convert(LITE1, "int8", picture)
    made = [same, convert(copied), convert(rather_blue), of_the_picture, convert(LITE1, "float32")]
    cv2.imwrite(str(picture), photograph(32, 32))
    made.append(convert(LITE1, "int8", picture))
    assert len(set(made)) == len(made) == len(stand_in.started)
    assert convert(LITE1, "float32", picture) == convert(LITE1, "float32")  # which needs no calibration


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_made_anew(damage: str, stand_in: StandIn) -> None:
    path = convert()
    whole = path.read_bytes()
    DAMAGES[damage](path)
    assert find_converted(LITE1, "int8", Calibration()) is None
    assert convert().read_bytes() == whole
    assert len(stand_in.started) == 2


def test_two_processes_at_once_convert_once(picture: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    stand_in = StandIn(tmp_path, f"open({str(gate)!r}).read(); shutil.copy(shipped, output)")
    programs = [
        subprocess.Popen(
            stand_in.program("image", picture, *OPTIONS),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    try:
        for program in programs:
            assert program.stderr is not None
            assert "converting efficientnet-lite1" in program.stderr.readline()
        gate.write_text("go")
        answers = [program.communicate(timeout=DEADLINE_S)[0] for program in programs]
    finally:
        for program in programs:
            program.kill()
            program.communicate()
    assert [program.returncode for program in programs] == [0, 0]
    assert answers[0] == answers[1]
    assert answers[0].startswith("1. ")
    assert len(stand_in.started) == 1


@pytest.mark.usefixtures("stand_in")
def test_a_converter_that_is_killed_leaves_nothing(monkeypatch: pytest.MonkeyPatch, doomed_folder: Path) -> None:
    half = "output.write_bytes(shipped.read_bytes()[:2_000_000]); os.kill(os.getpid(), signal.SIGKILL)"
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", StandIn(doomed_folder, half).executable)
        with pytest.raises(EngineError, match="int8: the converter was ended by signal 9, for want of memory perhaps"):
            convert()
    assert in_cache() == set()
    assert convert().stat().st_size > 2_000_000


@pytest.mark.usefixtures("stand_in")
def test_a_program_that_is_killed_while_it_converts_leaves_nothing_that_is_taken_for_whole(
    picture: Path, doomed_folder: Path
) -> None:
    half = "output.write_bytes(shipped.read_bytes()[:2_000_000]); os.kill(os.getppid(), signal.SIGKILL)"
    command = StandIn(doomed_folder, half).program("image", picture, *OPTIONS)
    assert subprocess.run(command, env=environment(), capture_output=True, check=False).returncode == -signal.SIGKILL
    (left,) = in_cache()
    assert left.endswith(".part")
    assert find_converted(LITE1, "int8", Calibration()) is None
    path = convert()
    assert in_cache() == {path.name, path.with_suffix(".sha256").name}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_converter_ends_with_the_program(number: signal.Signals, picture: Path, tmp_path: Path) -> None:
    """The real one here: it has only begun when the program ends."""
    started = tmp_path / "started"
    os.mkfifo(started)
    stand_in = StandIn(tmp_path)
    real = shlex.quote(PYTHON)
    Path(stand_in.executable).write_text(f'#!/bin/sh\necho $$ > {started}\nexec {real} "$@"\n', encoding="utf-8")
    command = stand_in.program("image", picture, *OPTIONS)
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as program:
        converter = int(started.read_text(encoding="utf-8"))
        program.send_signal(number)
        _, said = program.communicate(timeout=DEADLINE_S)
    wait_for_end(converter)
    if number == signal.SIGINT:
        assert program.returncode == 130
        assert said.endswith("live-classify: interrupted\n")
        assert said.count("\n") == 2
        assert in_cache() == set()


def test_a_cache_that_cannot_be_written_is_said_in_a_line(picture: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    done = run("image", picture, *OPTIONS, "--quiet", cwd=tmp_path, XDG_CACHE_HOME=str(blocked))
    assert done.returncode == 1
    says = f"cannot keep the converted network in {re.escape(str(blocked))}.*: Not a directory; set XDG_CACHE_HOME"
    assert re.search(says, only_line(done.stderr))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("print('there is no such operation'); sys.exit(1)", "there is no such operation"),
        ("raise ImportError('no TensorFlow')", "ImportError: no TensorFlow"),
        ("sys.exit(3)", "the converter ended with status 3"),
        ("os.abort()", "the converter was ended by signal 6"),
        ("print('\\x1b[2J' + 'x' * 1000); sys.exit(1)", r"\?\[2Jx+\.\.\."),
    ],
)
def test_why_a_conversion_failed_is_said_in_a_line(
    body: str, says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", StandIn(tmp_path, body).executable)
    with pytest.raises(EngineError, match=f"^efficientnet-lite1 can't be converted to LiteRT int8: {says}$"):
        convert()
    assert in_cache() == set()


def test_what_calibrates_is_read_first(stand_in: StandIn, tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match=r"missing\.jpg"):
        convert(LITE1, "int8", tmp_path / "missing.jpg")
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(b"no picture")
    with pytest.raises(UsageError, match="nothing to calibrate with"):
        convert(LITE1, "int8", damaged)
    assert not stand_in.started
    assert in_cache() == set()
