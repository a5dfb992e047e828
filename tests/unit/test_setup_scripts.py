"""The scripts that set everything up: which Python they accept, and what they install when."""

from __future__ import annotations

import ast
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

import _environment
import check
from _console import SetupError, end_with, run_quietly
from _environment import ROOT, Environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

SCRIPTS = ROOT / "scripts"


class Commands:
    """Stands in for the programs that set-up runs: notes what was asked for, and makes what they would make."""

    def __init__(self) -> None:
        self.pip: list[list[str]] = []
        self.environments_made = 0
        self.on_install: Callable[[], bool] = lambda: True

    def __call__(self, command: Sequence[str], **_options: object) -> bool:
        if command[1:3] == ["-m", "venv"]:
            self.environments_made += 1
            return True
        self.pip.append(list(command[command.index("install") + 1 :]))
        return self.on_install() if "--editable" in command else True

    @property
    def installations(self) -> list[list[str]]:
        """The groups of each time that the project itself was installed."""
        return [
            [group for option, group in pairwise(call) if option == "--group"]
            for call in self.pip
            if "--editable" in call
        ]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    fake = Commands()
    monkeypatch.setattr(_environment, "run_quietly", fake)
    return fake


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return tmp_path


def fail_to_install() -> bool:
    return False


def interrupt() -> bool:
    raise KeyboardInterrupt


def test_first_run_installs_the_project_and_later_ones_do_not(commands: Commands, project: Path) -> None:
    Environment(project).ensure()
    Environment(project).ensure()
    assert commands.environments_made == 1
    assert commands.installations == [[]]


def test_pip_is_made_new_enough_for_groups_before_it_needs_to_be(commands: Commands, project: Path) -> None:
    Environment(project).ensure(["test"])
    assert commands.pip[0][-1] == "pip>=25.1"
    assert commands.pip[1][-2:] == ["--group", "test"]


def test_a_further_group_is_added_to_the_same_environment(commands: Commands, project: Path) -> None:
    Environment(project).ensure(["test"])
    Environment(project).ensure(["check"])
    Environment(project).ensure()
    Environment(project).ensure(["test", "check"])
    assert commands.environments_made == 1
    assert commands.installations == [["test"], ["check", "test"]]


def test_a_changed_project_is_installed_again_with_the_groups_it_had(commands: Commands, project: Path) -> None:
    Environment(project).ensure(["test"])
    (project / "pyproject.toml").write_text("[project]\ndependencies = ['click']\n")
    Environment(project).ensure()
    assert commands.environments_made == 1
    assert commands.installations == [["test"], ["test"]]


def test_another_python_gets_another_environment(
    commands: Commands, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Environment(project).ensure(["test"])
    (project / ".venv" / "old").touch()
    monkeypatch.setattr(sys, "version", "3.99.0")
    Environment(project).ensure()
    assert commands.installations == [["test"], ["test"]]
    assert not (project / ".venv" / "old").exists()


def test_an_interrupted_installation_is_begun_anew(commands: Commands, project: Path) -> None:
    commands.on_install = interrupt
    with pytest.raises(KeyboardInterrupt):
        Environment(project).ensure()
    commands.on_install = lambda: True
    Environment(project).ensure()
    assert commands.environments_made == 2


def test_a_stamp_cut_short_counts_as_unfinished(commands: Commands, project: Path) -> None:
    Environment(project).ensure()
    (stamp,) = (project / ".venv").glob("*.json")
    stamp.write_text(stamp.read_text()[:20])
    Environment(project).ensure()
    assert commands.environments_made == 2


def test_a_failed_installation_is_said_and_tried_again_where_it_stopped(commands: Commands, project: Path) -> None:
    commands.on_install = fail_to_install
    with pytest.raises(SetupError, match=r"installing for Python .* failed"):
        Environment(project).ensure(["test"])
    commands.on_install = lambda: True
    Environment(project).ensure(["test"])
    assert commands.environments_made == 1
    assert commands.installations == [["test"], ["test"]]


def test_an_environment_of_somebody_else_is_left_alone(commands: Commands, project: Path) -> None:
    own = project / ".venv" / "pyvenv.cfg"
    own.parent.mkdir()
    own.touch()
    with pytest.raises(SetupError, match=r"\.venv was not made by this script"):
        Environment(project).ensure()
    assert own.exists()
    assert commands.pip == []


@pytest.mark.parametrize("script", ["demo.py", "test.py", "check.py"])
def test_an_old_python_is_refused_in_one_line(script: str) -> None:
    pretend = "import runpy, sys; sys.version_info = (3, 8, 18); sys.argv = sys.argv[1:]; sys.path[0] = sys.argv[1]"
    result = subprocess.run(
        [sys.executable, "-c", f"{pretend}; runpy.run_path(sys.argv[0])", str(SCRIPTS / script), str(SCRIPTS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == f"{SCRIPTS / script}: needs Python 3.10 or newer, and this is Python 3.8\n"


@pytest.mark.parametrize("script", ["demo.py", "test.py", "check.py", "_console.py"])
def test_what_an_old_python_reads_before_it_is_refused_parses_there(script: str) -> None:
    tree = ast.parse((SCRIPTS / script).read_text(encoding="utf-8"), feature_version=(3, 6))
    futures = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    assert futures == [], "Python 3.6 doesn't know annotations from __future__"


@pytest.mark.parametrize(
    ("outcome", "status", "said"),
    [(SetupError("no disk"), 1, "no disk"), (KeyboardInterrupt(), 130, "Interrupted")],
)
def test_a_script_ends_with_one_line_and_a_status(
    outcome: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def main() -> int:
        raise outcome

    with pytest.raises(SystemExit) as ended:
        end_with(main)
    assert ended.value.code == status
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_what_a_program_says_is_shown_only_if_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_quietly([sys.executable, "-c", "print('all is well')"])
    assert capsys.readouterr().err == ""
    assert not run_quietly([sys.executable, "-c", "print('disk full'); raise SystemExit(3)"])
    assert capsys.readouterr().err == "disk full\n"


def test_lines_worth_showing_are_shown_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    run_quietly([sys.executable, "-c", "print('one'); print('two')"], worth_showing=lambda line: "two" in line)
    assert capsys.readouterr().err == "  two\n"


@pytest.mark.parametrize(
    ("package", "changelog", "said"),
    [
        ('__version__ = "1.2.0"\n', "# Changelog\n\n## 1.2.0\n\n## 1.1.0\n", None),
        ('__version__ = "1.2.0"\n', "## [Unreleased]\n\n## [1.2.0] - 2025-01-01\n", None),
        ('__version__ = "1.2.0"\n', "## 1.1.0\n\n## 1.2.0\n", "newest entry of CHANGELOG.md is 1.1.0"),
        ('__version__ = "1.2.0"\n', "# Changelog\n", "no entry"),
        ("", "## 1.2.0\n", "no __version__"),
    ],
)
def test_changelog_and_version_have_to_agree(package: str, changelog: str, said: str | None) -> None:
    mismatch = check.version_mismatch(package, changelog)
    if said is None:
        assert mismatch is None
    else:
        assert mismatch is not None
        assert said in mismatch
