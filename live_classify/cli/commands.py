"""``live-classify``: the group of commands, and what becomes of their errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from live_classify import __version__
from live_classify.cli.console import note
from live_classify.cli.demo import demo
from live_classify.cli.find import find
from live_classify.cli.image import image
from live_classify.cli.measure import measure
from live_classify.cli.models import models
from live_classify.cli.video import video
from live_classify.cli.watch import watch
from live_classify.core.errors import LiveClassifyError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="live-classify")
def live_classify() -> None:
    """Say what a camera or a video shows, live.

    Results go to standard output, everything else to standard error. Exit status: 0 done, 1 failed, 2 wrong usage,
    130 interrupted, 129 by a terminal that was closed.
    """


for command in (watch, video, image, find, measure, models, demo):
    live_classify.add_command(command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what follows the program's name; None takes them from ``sys.argv``.

    Returns:
        The exit status.
    """
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
    except OSError as error:  # what Click prints itself, to a pipe or disk that takes no more
        return _failed(f"cannot write to standard output: {error.strerror}", 1)
    return status if isinstance(status, int) else 0


def _failed(message: str, status: int) -> int:
    note(f"live-classify: {' '.join(message.split())}")
    try:
        sys.stdout.flush()
    except OSError:
        # What can't be written would be tried again, with a complaint, when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status
