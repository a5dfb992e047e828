"""Standard output for results, standard error for the rest."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from live_classify.flow.monitor import RunSnapshot


def say(*lines: str) -> None:
    """Print lines of a result on standard output, at once. Each stays a line, whatever is in it; see :func:`shown`.

    Raises:
        OutputError: it can't be written: closed by its reader, say.
    """
    from live_classify.core.errors import OutputError

    try:
        print(*map(shown, lines), sep="\n", flush=True)
    except BrokenPipeError:
        raise OutputError("standard output was closed before everything was written") from None
    except OSError as error:
        raise OutputError(f"cannot write to standard output: {error.strerror}") from error


def shown(text: str) -> str:
    """A text as it is printed: on one line, and with escapes for what the terminal or pipe has no characters for."""
    encoding = sys.stdout.encoding or "utf-8"
    return on_one_line(text).encode(encoding, "backslashreplace").decode(encoding)


def closing_line(run: RunSnapshot, outputs: Iterable[Path | None]) -> str:
    """What a run amounted to: ``1189 frames in 3.4 s, 349.7 a second; wrote clip.jsonl``."""
    frames, seconds = run.classified, run.elapsed_s
    rate = f", {frames / seconds:.1f} a second" if seconds > 0 else ""
    dropped = f", {run.dropped} dropped" if run.live else ""
    written = ", ".join(str(path) for path in outputs if path is not None and path.exists())
    still = f", {run.still} of them still" if run.still is not None else ""
    return f"{counted(frames, 'frame')} in {seconds:.1f} s{rate}{dropped}{still}" + (
        f"; wrote {written}" if written else ""
    )


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 frame``, ``2 frames``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def note(text: str) -> None:
    """Print a line that is no result on standard error."""
    from live_classify.sources.address import without_secrets

    print(on_one_line(without_secrets(text)).encode("utf-8", "backslashreplace").decode(), file=sys.stderr)


def on_one_line(text: str) -> str:
    """Text without what would break the line or command the terminal, as the name of a file may."""
    return "".join(
        character if character.isprintable() or "\ud800" <= character <= "\udfff" else " " for character in text
    )
