"""Weights that are published on the web, kept where Keras keeps them."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from live_classify.core.errors import ModelFileError
from live_classify.models.weights.origin import Progress, content_digest

_ALGORITHMS = {32: "md5", 64: "sha256"}
"""By the digest's length, as ``keras.utils.get_file`` tells them apart."""
_OFFLINE = "LIVE_CLASSIFY_OFFLINE"
_WAIT_S = 0.2
"""Between two words of progress while another process fetches the file."""


def keras_models() -> Path:
    """The folder in which Keras keeps weights: ``models`` in ``$KERAS_HOME`` or ``~/.keras``.

    Where the home folder can't be written to, Keras takes ``/tmp/.keras``; not so here, since others may write there.

    Raises:
        ModelFileError: the user has no home folder.
    """
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras")
    try:
        return home.expanduser() / "models"
    except RuntimeError as error:
        raise ModelFileError(f"there is no folder {home} for weights: set KERAS_HOME, or use --weights FILE") from error


@dataclass(frozen=True)
class PublishedFile:
    """A file on the web."""

    file: str
    """Its name in the cache."""
    url: str
    """http or https."""
    digest: str | None
    """MD5 or SHA-256 in hexadecimal; None if none is published."""
    size: int
    """Bytes, about."""
    stall_s: float = 30.0
    """A server that is silent for so long is given up."""
    pauses_s: tuple[float, ...] = (1.0, 3.0, 10.0)
    """Before each further attempt, where a connection breaks off."""

    @property
    def origin(self) -> str:
        """See :class:`~live_classify.models.weights.origin.WeightsSource`."""
        return f"download from {urlsplit(self.url).hostname}"

    def find(self) -> Path | None:
        """See :class:`~live_classify.models.weights.origin.WeightsSource`."""
        try:
            path = keras_models() / self.file
            return path if path.is_file() else None
        except (ModelFileError, OSError):  # no such folder, or none that may be looked into
            return None

    def obtain(self, progress: Progress) -> Path:
        """The file in Keras's cache, fetched if it isn't there or is damaged.

        With ``LIVE_CLASSIFY_OFFLINE=1`` in the environment nothing is fetched. What came in of a file that couldn't be
        fetched to its end, for whatever reason, stays there, and the next call goes on with it.

        Raises:
            ModelFileError: it can't be had, or isn't the file that was published.
        """
        path = keras_models() / self.file
        try:
            if self._is_whole(path):
                return path
            if os.environ.get(_OFFLINE, "0") not in {"", "0"}:
                raise self._failure(path.parent, f"{_OFFLINE} is set", "unset it")
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._alone(path, progress):
                if not self._is_whole(path):  # another process may have fetched it meanwhile
                    self._fetch(path, progress)
        except OSError as error:
            raise ModelFileError(
                f"cannot keep {self.file} ({megabytes(self.size)}) from {self.url} in {path.parent}: "
                f"{error.strerror or error}; set KERAS_HOME to another folder, or use --weights FILE"
            ) from error
        return path

    def content(self, progress: Progress) -> str:
        """See :class:`~live_classify.models.weights.origin.WeightsSource`."""
        if self.digest is not None and _ALGORITHMS[len(self.digest)] == "sha256":
            return self.digest
        return content_digest(self.obtain(progress))

    def _is_whole(self, path: Path) -> bool:
        return path.is_file() and (self.digest is None or self.is_in(path))

    def is_in(self, path: Path) -> bool:
        """Whether a file, wherever it lies, has the published checksum; never where none is published."""
        return self.digest is not None and _digest(path, len(self.digest)) == self.digest

    @contextlib.contextmanager
    def _alone(self, path: Path, progress: Progress) -> Iterator[None]:
        """Keep other processes and threads away from the part file; wait for one that is fetching it."""
        import filelock

        lock = filelock.FileLock(path.with_name(f"{path.name}.lock"))
        while True:
            try:
                lock.acquire(timeout=_WAIT_S)
                break
            except filelock.Timeout:
                part = _part(path)
                progress(f"fetching {self.file}", part.stat().st_size if part.exists() else 0, self.size)
        try:
            yield
        finally:
            lock.release()

    def _fetch(self, path: Path, progress: Progress) -> None:
        from live_classify.models.weights.transfer import Transfer, TransferError

        part = _part(path)
        transfer = Transfer(
            self.url, part, self.size, self.stall_s, self.pauses_s, partial(progress, f"fetching {self.file}")
        )
        try:
            transfer.run()
        except TransferError as error:
            held, _ = transfer.held()
            advice = "run it again to go on from there" if held else ""
            raise self._failure(path.parent, str(error), advice) from error
        if self.digest is not None and (found := _digest(part, len(self.digest))) != self.digest:
            transfer.forget()
            why = f"wrong checksum, {found} instead of {self.digest}"
            raise self._failure(path.parent, why, "run it again to fetch it anew")
        part.replace(path)
        transfer.forget()

    def _failure(self, folder: Path, why: str, advice: str) -> ModelFileError:
        damaged = ", and the file that is here is damaged" if self.find() else ""
        return ModelFileError(
            f"cannot fetch {self.file} ({megabytes(self.size)}) from {self.url}: {why}{damaged}; "
            f"{advice}{', ' if advice else ''}put the file into {folder}, or use --weights FILE"
        )


def megabytes(size: int) -> str:
    """A size in bytes in the words of keras.io, where a megabyte has 2**20 bytes."""
    return f"{size / 2**20:.0f} MB"


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _digest(path: Path, length: int) -> str:
    hasher = hashlib.new(_ALGORITHMS[length], usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            hasher.update(chunk)
    return hasher.hexdigest()
