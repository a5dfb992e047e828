"""Folders on a cluster of two nodes with one worker each, on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from live_classify.assets import asset
from program import only_line, run, start

pytest.importorskip("ray", reason="the extra live_classify[ray] isn't installed")

PATIENCE_S = (
    300.0  # a cluster starts a dozen processes, each of which imports much: on a busy machine that takes minutes
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster of two nodes with a processor each."""
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        nodes.add_node(num_cpus=1)
        yield nodes.address
    finally:
        nodes.shutdown()  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two good recordings and a broken one, and what one process makes of them."""
    folder = tmp_path_factory.mktemp("ray")
    (folder / "in" / "sub").mkdir(parents=True)
    for name in ("a.mp4", "sub/b.mp4"):
        shutil.copy(asset("demo.mp4"), folder / "in" / name)
    (folder / "in" / "broken.mp4").write_text("not a video")
    assert run("video", "in", "--out-dir", "one", "--quiet", cwd=folder, deadline_s=PATIENCE_S).returncode == 1
    return folder


def rows(path: Path) -> list[dict[str, Any]]:
    """A log but for what differs from run to run."""
    return [json.loads(line) | {"latency_ms": 0} for line in path.read_text(encoding="utf-8").splitlines()]


def assert_same_outputs(folder: Path, made: str) -> None:
    for name in ("a.mp4", "sub/b.mp4"):
        assert rows(folder / made / f"{name}.jsonl") == rows(folder / "one" / f"{name}.jsonl")
        segments = f"{name}.segments.csv"
        assert (folder / made / segments).read_bytes() == (folder / "one" / segments).read_bytes()
    assert not list((folder / made).rglob(".*"))


def test_recordings_that_are_divided_become_whole_again(cluster: str, folder: Path) -> None:
    arguments = ("video", "in", "--out-dir", "split", "--ray", cluster, "--split", "0.1", "--quiet")
    done = run(*arguments, cwd=folder, deadline_s=PATIENCE_S)
    assert done.returncode == 1
    assert (
        done.stderr == "live-classify: cannot read in/broken.mp4 as video: not a video file, or damaged at its start\n"
    )
    assert_same_outputs(folder, "split")


def holder(folder: Path) -> int:
    """The process that is writing a log below a folder, once it has written something."""
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        for link in Path("/proc").glob("[0-9]*/fd/*"):
            with contextlib.suppress(OSError):  # it is gone
                path = link.readlink()
                unfinished = path.name.startswith(".part-") and path.suffix == ".jsonl" and path.is_relative_to(folder)
                if unfinished and path.stat().st_size > 0:
                    return int(link.parts[2])
    raise AssertionError("nobody writes a log")


def test_a_worker_that_is_killed_half_way_changes_nothing(cluster: str, folder: Path) -> None:
    with start("video", "in", "--out-dir", "killed", "--ray", cluster, "--quiet", cwd=folder) as program:
        os.kill(holder(folder / "killed"), signal.SIGKILL)
        _, stderr = program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 1
    assert "broken.mp4" in stderr
    assert len(stderr.splitlines()) == 1
    assert_same_outputs(folder, "killed")


def test_a_cluster_that_is_not_there_is_named(folder: Path) -> None:
    done = run("video", "in", "--out-dir", "none", "--ray", "127.0.0.1:1", "--quiet", cwd=folder, deadline_s=PATIENCE_S)
    assert done.returncode == 1
    assert only_line(done.stderr) == "live-classify: cannot connect to a Ray cluster at 127.0.0.1:1: Connection refused"
