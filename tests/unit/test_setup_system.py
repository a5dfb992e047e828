"""What set-up asks of the system: which packages it installs, and where it only names them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

import _system
from _console import SetupError
from _system import Program, PythonModule, SharedLibrary

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A search path of one empty folder."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CI", raising=False)
    return folder


def put_program(folder: Path, name: str, script: str = "") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(0o755)
    return path


def put_apt_get(folder: Path) -> Path:
    """Put an ``apt-get`` there that notes its calls, and whose ``install`` makes a program of the package's name."""
    calls = folder.parent / "apt-get.log"
    put_program(
        folder,
        "apt-get",
        f"""echo "$@" >> '{calls}'
for last; do :; done
if [ "$1" = install ]; then echo '#!/bin/sh' > '{folder}'/"$last"; /bin/chmod +x '{folder}'/"$last"; fi
""",
    )
    return calls


def test_root_on_debian_gets_the_missing_packages(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = put_apt_get(programs)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    put_program(programs, "there")
    assert _system.obtain([Program("there", "there"), Program("screen", "screen")]) == []
    assert calls.read_text().splitlines() == ["update", "install --yes --no-install-recommends screen"]


def test_nothing_is_asked_of_apt_when_nothing_is_missing(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = put_apt_get(programs)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    put_program(programs, "there")
    _system.provide([Program("there", "there")])
    assert not calls.exists()


def test_others_are_told_the_command_and_go_on(
    programs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = put_apt_get(programs)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    _system.provide([Program("Xvfb", "xvfb"), Program("import", "imagemagick")])
    assert capsys.readouterr().err == "This system lacks Xvfb, import: sudo apt-get install imagemagick xvfb\n"
    assert not calls.exists()


def test_other_systems_are_told_the_names(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _system.provide([Program("Xvfb", "xvfb")])
    assert "This system lacks Xvfb" in capsys.readouterr().err
    assert list(programs.iterdir()) == []


def test_ci_fails_on_what_is_missing(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert not (programs / "Xvfb").exists()
    with pytest.raises(SetupError, match="lacks Xvfb"):
        _system.provide([Program("Xvfb", "xvfb")])


def test_python_modules_are_found_or_missed() -> None:
    assert PythonModule("json", "python3").is_met()
    assert not PythonModule("no_such_module", "python3").is_met()


@pytest.mark.parametrize(("platform", "met"), [("linux", False), ("darwin", True), ("win32", True)])
def test_shared_libraries_are_asked_for_on_linux_alone(
    platform: str, met: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert SharedLibrary("libno-such-library.so.1", "none").is_met() is met
