"""Which files a user means: names, folders and globs."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from live_classify.core.errors import SourceOpenError
from live_classify.sources.address import scheme_of, shown_name

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp")
VIDEO_SUFFIXES = (
    ".mp4",
    ".m4v",
    ".mov",
    ".mkv",
    ".webm",
    ".avi",
    ".mpg",
    ".mpeg",
    ".ts",
    ".mts",
    ".wmv",
    ".flv",
    ".3gp",
)


def require_file(path: Path, name: str) -> None:
    """Raise SourceOpenError, saying why, unless ``path`` is a file that can be read and isn't empty."""
    try:
        status = path.stat()
    except FileNotFoundError:
        broken = " (a link to nothing)" if path.is_symlink() else ""
        raise SourceOpenError(f"cannot open {name}: no such file{broken}") from None
    except (OSError, ValueError) as error:
        raise SourceOpenError(f"cannot open {name}: {getattr(error, 'strerror', None) or error}") from error
    if path.is_dir():
        raise SourceOpenError(f"cannot open {name}: it is a folder")
    if not path.is_file():
        raise SourceOpenError(f"cannot open {name}: it is a pipe or device, not a file")  # one that may never answer
    if not os.access(path, os.R_OK):
        raise SourceOpenError(f"cannot open {name}: no permission to read it")
    if status.st_size == 0:
        raise SourceOpenError(f"cannot open {name}: the file is empty")


def expand(names: Iterable[str], suffixes: tuple[str, ...]) -> list[str]:
    """Replace folders and globs by the files they stand for.

    Args:
        names: files, folders (searched with all that is below them) and globs (``**`` included). A name that exists
            is never taken for a glob, nor is an address on the network.
        suffixes: what counts as a file of the kind within a folder, lower case with the dot.

    Returns:
        File names; those of one folder or glob sorted. A plain name is kept as it is, whether it exists or not: only
        opening it tells.

    Raises:
        SourceOpenError: a folder holds no such file, or a glob matches none.
    """
    files: list[str] = []
    for name in names:
        if not name:
            raise SourceOpenError("an empty name stands for no file")
        if os.path.isdir(name):  # noqa: PTH112 (Path.is_dir raises on names that are too long)
            found = _in_folder(name, suffixes)
            if not found:
                raise SourceOpenError(f"no {'/'.join(s[1:] for s in suffixes)} file in folder {name}")
        elif glob.has_magic(name) and scheme_of(name) is None and not os.path.lexists(name):
            found = sorted(match for match in glob.glob(name, recursive=True) if not Path(match).is_dir())  # noqa: PTH207 (absolute globs)
            if not found:
                raise SourceOpenError(f"no file matches {shown_name(name)}")
        else:
            found = [name]
        files += found
    return files


def _in_folder(folder: str, suffixes: tuple[str, ...]) -> list[str]:
    from imutils import paths

    return sorted(paths.list_files(folder, validExts=suffixes))
