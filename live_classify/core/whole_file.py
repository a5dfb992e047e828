"""A small file that is there as a whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from live_classify.core.errors import OutputError


def write_whole(path: Path, text: str) -> None:
    """Write a file at once: under its name there is the old one or the new one, never a part.

    Raises:
        OutputError: it could not be written; what was there before is there still.
    """
    contents = text.encode("utf-8", "backslashreplace")
    try:
        if path.exists() and not path.is_file():  # a pipe or a device
            path.write_bytes(contents)
            return
        part = path.with_name(f"{path.name}.part")
        try:
            with part.open("wb") as file:
                file.write(contents)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
