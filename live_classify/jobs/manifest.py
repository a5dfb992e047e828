"""The manifest of an output folder: what was asked for, and what is done. With it an interrupted run goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from live_classify.core.errors import OutputError, UsageError
from live_classify.core.whole_file import write_whole
from live_classify.jobs.job import Job, Outcome

if TYPE_CHECKING:
    from filelock import BaseFileLock

NAME = "manifest.jsonl"
_LOCK = "manifest.lock"  # it stays: whoever removes it may take it from one who has just opened it
_VERSION = 2  # 1 said no version, and knew networks and labels by their paths


class Manifest:
    """``manifest.jsonl``: a first row with the settings, then one for each job that is planned, done or failed.

    The last row of a recording counts. Rows are added in one piece each, so a run that is killed leaves whole rows.
    Whoever opens it must close it, or use it in a ``with`` statement; meanwhile no other run can open it.

    Args:
        folder: where it lies.
        settings: all that has an influence on the outputs, as JSON values.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self._folder = folder
        self._path = folder / NAME
        self._settings = json.loads(json.dumps(settings))
        self._rows: dict[str, dict[str, Any]] = {}
        self._lock: BaseFileLock | None = None

    def open(self, jobs: Iterable[Job], overwrite: bool) -> list[Job]:
        """Read what is done, or begin anew, and note what is planned.

        Args:
            jobs: all that is to be done.
            overwrite: begin anew, whatever is there.

        Returns:
            What remains to be done.

        Raises:
            OutputError: the folder can't be used; another run is using it; it holds outputs of other settings or of
                another version of this program, or files that this program hasn't written there.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot create folder {self._folder}: {error.strerror}") from error
        self._keep_others_out()
        known = False if overwrite else self._read()
        remaining = [job for job in jobs if not self._is_done(job)]
        if not overwrite:
            self._refuse_foreign_files(remaining)
        if not known:
            first = {"version": _VERSION, "settings": self._settings}
            write_whole(self._path, json.dumps(first, ensure_ascii=False) + "\n")
        self._add([{"source": job.source, "state": "planned"} for job in remaining])
        return remaining

    def close(self) -> None:
        """Let other runs use the folder. Safe to call twice."""
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Manifest:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def note(self, outcome: Outcome) -> None:
        """Add the outcome of a job.

        Raises:
            OutputError: it can't be written.
        """
        row: dict[str, Any] = {
            "source": outcome.job.source,
            "state": "done" if outcome.error is None else "failed",
            "frames": outcome.frames,
            "media_s": round(outcome.media_s, 6),
            "elapsed_s": round(outcome.elapsed_s, 3),
            "outputs": [str(path.relative_to(self._folder)) for path in outcome.written],
        } | _identity(Path(outcome.job.source))
        self._add([row if outcome.error is None else row | {"error": outcome.error}])

    def _keep_others_out(self) -> None:
        import filelock

        path = self._folder / _LOCK
        lock = filelock.FileLock(path)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise OutputError(
                f"another run is writing to {self._folder}: wait for its end, or use another --out-dir"
            ) from None
        except NotImplementedError:  # a file system without locks: nobody can be kept out
            return
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from error
        self._lock = lock

    def _read(self) -> bool:
        """Take over an earlier run's rows; False if there was none."""
        try:
            text = self._path.read_bytes().decode()
        except FileNotFoundError:
            return False
        except (OSError, UnicodeDecodeError) as error:
            raise OutputError(f"cannot read {self._path}: {getattr(error, 'strerror', 'not text')}") from error
        # Not splitlines(): a name may hold one of the rarer characters that it takes for line ends.
        rows = [row for row in map(_parse, text.split("\n")) if row is not None]  # the last may be cut off
        first = rows[0] if rows else {}
        if not isinstance(first.get("settings"), dict):
            raise OutputError(f"{self._path} isn't a manifest of this program; use another --out-dir or --overwrite")
        if first.get("version") != _VERSION:
            other = "an earlier" if first.get("version") is None else "another"
            raise OutputError(
                f"{self._folder} holds outputs made by {other} version of this program; "
                "use another --out-dir, or --overwrite to begin anew"
            )
        said = first["settings"]
        changed = [key for key in {**self._settings, **said} if said.get(key) != self._settings.get(key)]
        if changed:
            raise OutputError(
                f"{self._folder} holds outputs made with other settings ({', '.join(changed)}); "
                "use another --out-dir, or --overwrite to begin anew"
            )
        self._rows = {row["source"]: row for row in rows[1:] if isinstance(row.get("source"), str)}
        return True

    def _is_done(self, job: Job) -> bool:
        """Whether a job's outputs are all there, and the recording is the one they were made of."""
        row = self._rows.get(job.source, {})
        same = row.get("state") == "done" and all(
            row.get(key) == value for key, value in _identity(Path(job.source)).items()
        )
        return same and all((self._folder / name).is_file() for name in row.get("outputs", []))

    def _refuse_foreign_files(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            for path in job.outputs.paths:
                if path.exists() and job.source not in self._rows:
                    raise OutputError(f"{path} exists already; --overwrite replaces it")

    def _add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        try:
            with self._path.open("ab+", buffering=0) as file:
                if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
                    file.write(b"\n")  # the last row was cut off
                file.write(text.encode("utf-8", "backslashreplace"))
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror}") from error


def _identity(path: Path) -> dict[str, int]:
    try:
        status = path.stat()
    except OSError:
        return {}
    return {"bytes": status.st_size, "modified_ns": status.st_mtime_ns}


def _parse(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def require_kinds(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """The kinds of outputs in a list parted by commas.

    Raises:
        UsageError: one isn't known, or there is none.
    """
    kinds = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [kind for kind in kinds if kind not in set(known)]
    if unknown or not kinds:
        raise UsageError(f"--write takes {', '.join(known)}, parted by commas, not {text}")
    return kinds
