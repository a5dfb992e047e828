"""The shape of the package: rooms, which imports point downwards between them, and files of a size to be read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import live_classify

PACKAGE = Path(live_classify.__file__).parent
ROOT = PACKAGE.parent
MOST_LINES = 300

FLOORS = (
    ("core",),
    ("assets",),
    ("imaging",),
    ("answers",),
    ("flow",),
    ("sources",),
    ("models/guard", "models/weights", "models/records", "models/formats", "models/catalogue"),
    ("models",),
    ("models/convert",),
    ("heads",),
    ("engines",),
    ("classifier",),
    ("spec",),
    ("streaming",),
    ("outputs",),
    ("window",),
    ("jobs",),
    ("measure",),
    ("selfcheck",),
    ("cli",),
    ("__init__", "__main__"),
)
"""From the ground up. A module imports from its own floor and from those below."""

WITHOUT = {
    "core": {"cv2", "av", "keras", "tensorflow", "click", "rich", "imutils"},
    "answers": {"cv2", "av", "keras", "tensorflow", "click", "rich", "imutils"},
    "flow": {"cv2", "av", "keras", "tensorflow", "click", "rich", "imutils", "live_classify.imaging"},
    "sources": {"keras", "tensorflow", "ai_edge_litert", "openvino", "click", "rich"},
    "imaging": {"threading", "keras", "tensorflow", "av", "click", "rich"},
    "engines": {"click", "rich", "live_classify.sources", "live_classify.flow"},
}
"""What a room must know nothing of."""


def modules() -> dict[str, Path]:
    """Every module of the package by its full name."""
    names = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts).removesuffix(".__init__")] = path
    return names


MODULES = modules()


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else node.module


def room_of(module: str) -> str:
    inside = module.removeprefix("live_classify").lstrip(".").split(".")
    if inside[0] == "models" and len(inside) > 1 and (PACKAGE / "models" / inside[1]).is_dir():
        return f"models/{inside[1]}"
    return inside[0] or "__init__"


def floor_of(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def test_every_module_lies_in_a_known_room() -> None:
    known = {room for floor in FLOORS for room in floor}
    assert {room_of(module) for module in MODULES} <= known


def test_imports_point_downwards() -> None:
    upwards = [
        f"{module} -> {other}"
        for module, path in MODULES.items()
        for other in imported(path)
        if other.startswith("live_classify.") and floor_of(room_of(other)) > floor_of(room_of(module))
    ]
    assert not upwards


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        module: {other for other in imported(path) if other in MODULES and other not in {module, "live_classify"}}
        for module, path in MODULES.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("room", WITHOUT)
def test_a_room_knows_nothing_of_what_is_not_its_own(room: str) -> None:
    found = {
        f"{module} imports {other}"
        for module, path in MODULES.items()
        if room_of(module) == room
        for other in imported(path)
        for foreign in WITHOUT[room]
        if other == foreign or other.startswith(f"{foreign}.")
    }
    assert not found


def test_no_file_is_too_long_to_be_read_at_once() -> None:
    paths = [path for folder in ("live_classify", "scripts", "tests") for path in (ROOT / folder).rglob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_the_sketch_of_the_package_names_every_room() -> None:
    first_floor = {path.name for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert first_floor == {room.partition("/")[0] for floor in FLOORS for room in floor if (PACKAGE / room).is_dir()}
