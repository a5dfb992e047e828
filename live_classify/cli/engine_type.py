"""The type of ``--engine``: one of the engines there are when it is read, not when the commands were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class EngineType(click.ParamType[str]):
    """``auto``, or the name of an engine."""

    name = "choice"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> str:
        """Return the name; usage that is wrong is told as of any choice."""
        return "auto" if value == "auto" else _choice().convert(value, parameter, context)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Return the names."""
        return _choice().get_metavar(param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the names that begin so."""
        return _choice().shell_complete(ctx, param, incomplete)


def _choice() -> click.Choice[str]:
    from live_classify.engines.registry import names

    return click.Choice(("auto", *names()))
