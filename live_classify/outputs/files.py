"""Files of rows that a reader finds whole, whenever it looks and whatever happened to the writer."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from live_classify.core.errors import OutputError


class RowFile:
    """A file that holds whole rows.

    Each row goes to the operating system in one piece: no buffer of this process can be lost or written by half.
    """

    def __init__(self, path: Path) -> None:
        """Create or empty the file.

        Raises:
            OutputError: it can't be created.
        """
        self._path = path
        self._whole_bytes = 0
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise OutputError(f"cannot create {path}: {error.strerror}") from error

    def write_row(self, row: str) -> None:
        """Add a row, line end included.

        Raises:
            OutputError: it could not be written; the rows before it are whole.
        """
        # A file name that isn't UTF-8 has lone surrogates in it; as \udcff they are text, and in JSON what they were.
        rest = row.encode("utf-8", "backslashreplace")
        size = len(rest)
        try:
            while rest:
                rest = rest[os.write(self._file.fileno(), rest) :]
        except OSError as error:
            self._drop_broken_row()
            raise OutputError(f"cannot write {self._path}: {error.strerror}") from error
        self._whole_bytes += size

    def close(self) -> None:
        """Close the file.

        Raises:
            OutputError: the system says only now that something could not be written, or the file was removed.
        """
        if self._file.closed:
            return
        try:
            removed = os.fstat(self._file.fileno()).st_nlink == 0
            self._file.close()
        except OSError as error:
            raise OutputError(f"cannot finish {self._path}: {error.strerror}") from error
        if removed:
            raise OutputError(f"cannot finish {self._path}: it was removed while it was being written")

    def _drop_broken_row(self) -> None:
        with contextlib.suppress(OSError):  # a pipe or a terminal has swallowed it already
            self._file.seek(self._whole_bytes)
            self._file.truncate()
