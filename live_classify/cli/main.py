"""``live-classify``: the group of commands, and what becomes of their errors."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import click

from live_classify import __version__
from live_classify.cli.demo import demo
from live_classify.cli.image import image
from live_classify.cli.models import models
from live_classify.cli.video import video
from live_classify.cli.watch import watch
from live_classify.errors import LiveClassifyError

_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="live-classify")
def live_classify() -> None:
    """Say what a camera or a video shows, live.

    Results go to standard output, everything else to standard error. Exit status: 0 done, 1 failed, 2 wrong usage,
    130 interrupted.
    """


for command in (watch, video, image, models, demo):
    live_classify.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what follows the program's name; None takes them from ``sys.argv``.

    Returns:
        The exit status.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        status = live_classify.main(arguments, prog_name="live-classify", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "live-classify"
        return _failed(f"{error.format_message().rstrip('.')} (see {command} --help)", error.exit_code)
    except LiveClassifyError as error:
        return _failed(str(error), error.exit_status)
    except BrokenPipeError:
        return _failed("standard output was closed", 1)
    except _InterruptedError:
        return _failed("interrupted", _INTERRUPTED)
    return status if isinstance(status, int) else 0


class _InterruptedError(BaseException):
    """The user, or the system, wants the program to end. Not KeyboardInterrupt, to which Click adds an empty line."""


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the form of a signal handler)
    """End in order at the first signal, at once at the second."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    raise _InterruptedError


def _failed(message: str, status: int) -> int:
    print(f"live-classify: {' '.join(message.split())}", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        # What can't be written would be tried again, with a complaint, when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status
