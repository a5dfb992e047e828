"""The virtual environment in which the set-up scripts run everything."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from _console import SetupError, run_quietly, say
from _system import PythonModule, advice, obtain

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
"""The repository's root."""

PYTHON_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
PIP_OPTIONS = ("--disable-pip-version-check", "--progress-bar=off")


@dataclass(frozen=True)
class Stamp:
    """What an environment was made for and from. An empty one stands for an environment that isn't finished.

    Attributes:
        python: the interpreter and the environment's folder, neither of which an environment survives a change of.
        pyproject: SHA-256 of pyproject.toml.
        groups: the dependency groups that are installed, sorted.
    """

    python: str = ""
    pyproject: str = ""
    groups: Sequence[str] = ()


class Environment:
    """``.venv`` in a project's root: the project itself, editable, with what it and its dependency groups need.

    A stamp inside says what was installed. It is laid down empty before anything else and filled in last, so that an
    interrupted installation shows. A folder of that name that somebody else made has none, and is left alone.
    """

    def __init__(self, root: Path = ROOT) -> None:
        """Take the environment of the project in the folder ``root``, whether it is there yet or not."""
        self._root = root
        self._folder = root / ".venv"
        self._stamp = self._folder / "live_classify-setup.json"

    def ensure(self, groups: Sequence[str] = ()) -> None:
        """Make or complete the environment, unless it is complete already.

        Args:
            groups: the dependency groups of pyproject.toml that have to be installed.

        Raises:
            SetupError: Python can't make environments, an installation failed, or ``.venv`` isn't one of ours.
        """
        found = self._read_stamp()
        wanted = Stamp(
            python=f"{sys.implementation.name} {sys.version} in {sys.base_prefix} for {self._folder}",
            pyproject=hashlib.sha256((self._root / "pyproject.toml").read_bytes()).hexdigest(),
            groups=sorted({*groups, *found.groups}),
        )
        if found == wanted:
            return
        if found.python != wanted.python:
            self._make()
        self._write_stamp(Stamp())
        try:
            self._install(wanted.groups)
        except SetupError:
            # pip gave up in good order, unlike after an interruption: the next run can go on with what there is.
            self._write_stamp(replace(wanted, pyproject=""))
            raise
        self._write_stamp(wanted)

    def run(self, program: str, *arguments: str) -> int:
        """Run one of the environment's programs to its end, and return its exit status."""
        return subprocess.run([self._program(program), *arguments], check=False).returncode

    def hand_over(self, program: str, *arguments: str) -> int:
        """Let one of the environment's programs take the place of this process, signals and exit status included.

        Returns:
            The program's exit status, on Windows, where no process can be replaced. Elsewhere this never returns.
        """
        path = self._program(program)
        if os.name != "nt":
            os.execv(path, [path, *arguments])
        # Ctrl-C reaches the program as well, and how it ends is its own affair.
        signal.signal(signal.SIGINT, lambda _number, _frame: None)
        return self.run(program, *arguments)

    def _program(self, name: str) -> str:
        if os.name == "nt":
            return str(self._folder / "Scripts" / f"{name}.exe")
        return str(self._folder / "bin" / name)

    def _read_stamp(self) -> Stamp:
        if not self._folder.exists():
            return Stamp()
        try:
            return Stamp(**json.loads(self._stamp.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise SetupError(f"{self._folder} was not made by this script: move it away or delete it") from None
        except ValueError:  # it was cut off while being written
            return Stamp()

    def _write_stamp(self, stamp: Stamp) -> None:
        self._stamp.write_text(json.dumps(asdict(stamp)), encoding="utf-8")

    def _make(self) -> None:
        if Path(sys.prefix) == self._folder:
            raise SetupError(f"{self._folder} has to be made anew, and is in use: type `deactivate`, then try again")
        missing = obtain([PythonModule("ensurepip", f"python{PYTHON_VERSION}-venv")])
        if missing:
            raise SetupError(advice(missing))
        say("Making an environment in .venv (once, a minute or two) ...")
        try:
            if self._folder.exists():
                shutil.rmtree(self._folder)
            self._folder.mkdir()
        except OSError as error:
            raise SetupError(f"{self._folder} can't be made: {error}") from error
        self._write_stamp(Stamp())
        if not run_quietly([sys.executable, "-m", "venv", str(self._folder)]):
            raise SetupError(f"Python could not make an environment in {self._folder}: see above")

    def _install(self, groups: Sequence[str]) -> None:
        say("Installing live_classify and what it needs ...")
        options = [argument for group in groups for argument in ("--group", group)]
        # pip knows dependency groups since 25.1, and most Pythons bring an older one.
        if not (self._pip_install("pip>=25.1") and self._pip_install("--editable", ".", *options)):
            raise SetupError(f"installing for Python {PYTHON_VERSION} failed: see above; try again, or another Python")

    def _pip_install(self, *arguments: str) -> bool:
        return run_quietly(
            [self._program("python"), "-m", "pip", "install", *PIP_OPTIONS, *arguments],
            folder=self._root,
            worth_showing=lambda line: "Downloading" in line and " MB)" in line,
        )
