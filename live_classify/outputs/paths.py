"""Where outputs may go: looked at before any work is done, so that nothing is lost and nothing is done in vain."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from live_classify.core.errors import OutputError, UsageError


def require_suffix(option: str, path: Path | None, *suffixes: str) -> None:
    """Raise UsageError unless the option's file, if one is given, has one of the endings."""
    if path is not None and path.suffix.lower() not in suffixes:
        raise UsageError(f"{option} {path}: its name must end in {' or '.join(suffixes)}")


def check_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[Path], overwrite: bool) -> None:
    """Refuse outputs that can't be written or would destroy something.

    A pipe or device that exists may be written to without ``overwrite``.

    Args:
        outputs: option to file; None where the option wasn't given.
        inputs: files that will be read.
        overwrite: whether files that exist may be replaced.

    Raises:
        OutputError: it exists, is a folder, or its folder is missing or can't be written to.
        UsageError: it is an input, or two outputs are one file.
    """
    given = {option: path for option, path in outputs.items() if path is not None}
    read = {_identity(path) for path in inputs}
    written: dict[object, str] = {}
    for option, path in given.items():
        identity = _identity(path)
        if identity in read:
            raise UsageError(f"{option} {path} is an input: it would be destroyed")
        check_output(path, overwrite)
        if identity in written and (path.is_file() or not path.exists()):
            raise UsageError(f"{written[identity]} and {option} are the same file, {path}")
        written[identity] = option


def check_output(path: Path, overwrite: bool) -> None:
    """Refuse one output that can't be written, or exists and may not be replaced.

    Raises:
        OutputError: as said.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        _check_folder(path)
        return
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        raise OutputError(f"cannot write {path}: it is a folder")
    if stat.S_ISREG(mode) and not overwrite:
        raise OutputError(f"{path} exists already; --overwrite replaces it")
    if not os.access(path, os.W_OK):
        raise OutputError(f"cannot write {path}: no permission")


def _check_folder(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"cannot write {path}: no permission to write in folder {folder}")


def _identity(path: Path) -> object:
    """Equal for two paths that lead to the same place, whether or not a file is there."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return path.absolute().parent.resolve() / path.name
    return status.st_dev, status.st_ino


def free_path(stem: str, suffix: str) -> Path:
    """A name for a new file in the current folder: ``stem.suffix``, ``stem-2.suffix`` and so on."""
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    return next(path for path in (Path(name + suffix) for name in names) if not path.exists())
