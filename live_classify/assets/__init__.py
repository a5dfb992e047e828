"""What ships inside the package: the default network, its labels, and the clip of ``live-classify demo``.

README.md beside this file says where each comes from and under which licence; ``scripts/build_assets.py`` makes them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from live_classify.core.errors import ModelFileError

FOLDER = Path(__file__).parent
SUMS = "SHA256SUMS"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class DemoScene:
    """What is to be seen during one stretch of ``demo.mp4``."""

    start_s: float
    end_s: float
    """Where the next scene begins; not part of this one."""
    names: tuple[str, ...]
    """The labels that are right."""


DEMO_SCENES = (
    DemoScene(0.0, 4.0, ("espresso",)),
    DemoScene(4.0, 8.0, ("Egyptian_cat", "tabby", "tiger_cat")),
    DemoScene(8.0, 12.0, ("tripod",)),
    DemoScene(12.0, 16.0, ("missile",)),
)


def asset(name: str, folder: Path = FOLDER) -> Path:
    """Find a shipped file and make sure that it is whole.

    A damaged network can load and run without an error and answer wrongly, so the contents are compared with the
    recorded SHA-256 each time.

    Args:
        name: file name, such as ``imagenet_labels.tsv``.
        folder: where the files and their ``SHA256SUMS`` are.

    Raises:
        ModelFileError: the file is missing or damaged.
    """
    path = folder / name
    try:
        expected = read_sums(folder).get(name)
        found = sha256(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFileError(f"{path} can't be read ({error}): reinstall live_classify") from error
    if found != expected:
        raise ModelFileError(f"{path} is damaged: reinstall live_classify")
    return path


def read_sums(folder: Path) -> dict[str, str]:
    """Read ``SHA256SUMS``: file name to hexadecimal digest."""
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def sha256(path: Path) -> str:
    """Hash a file without holding all of it in memory (``hashlib.file_digest`` needs Python 3.11)."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
