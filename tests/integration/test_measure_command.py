"""``live-classify measure``, and what becomes of its choice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from live_classify.assets import asset
from program import run


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))


def test_the_fastest_is_stored_and_taken(tmp_path: Path) -> None:
    # Float32 only, so that the stored choice isn't what the processor's features would have chosen.
    measured = run("measure", "--engine", "litert", "--precision", "float32", "--save", cwd=tmp_path)
    assert measured.returncode == 0, measured.stderr
    header, *lines = measured.stdout.splitlines()
    assert header.split()[:3] == ["for", "engine", "precision"]
    assert {line.split()[0] for line in lines} == {"latency", "throughput"}
    assert sum(line.endswith("fastest") for line in lines) == 2
    assert all("litert" in line and "float32" in line and "100%" in line for line in lines)
    assert "stored in" in measured.stderr

    stats = tmp_path / "stats.json"
    done = run("video", asset("demo.mp4"), "--stats", stats, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "efficientnet-lite0 on litert float32, cpu, batch 1" in done.stderr
    assert json.loads(stats.read_text())["precision"] == "float32"


def test_nothing_is_stored_unasked(tmp_path: Path) -> None:
    assert run("measure", "--engine", "litert", "--precision", "int8", "--quiet", cwd=tmp_path).stderr == ""
    assert not (tmp_path / "settings").exists()
