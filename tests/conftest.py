from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator

import pytest

from live_classify.cli.quiet import keep_libraries_quiet

keep_libraries_quiet()  # as the program does, and before any test has imported OpenCV


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole-catalogue", action="store_true", help="compare the largest networks with Keras, too")


@pytest.fixture(autouse=True)
def no_thread_leaks() -> Iterator[None]:
    """Every thread that a test starts has ended when the test ends."""
    before = set(threading.enumerate())
    yield
    left = set(threading.enumerate()) - before
    assert not left, f"left running: {', '.join(thread.name for thread in left)}"


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """A virtual screen of 1920x1080 without a window manager; the value for ``DISPLAY``."""
    reader, writer = os.pipe()
    # The server chooses a free number and says it when it can be reached.
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1920x1080x24", "-nolisten", "tcp", "-noreset"]
    with subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL) as server:
        os.close(writer)
        with os.fdopen(reader) as said:
            number = said.readline().strip()
        assert number, "Xvfb did not start"
        try:
            yield f":{number}"
        finally:
            server.terminate()
