"""Another Python process that runs a part of this package."""

from __future__ import annotations

import json
import sys

_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from {module} import main; main()"


def child_command(module: str, *arguments: str) -> list[str]:
    """A command that calls ``main()`` of a module of this package, with the arguments in ``sys.argv[1:]``.

    Modules are looked for where this process looks for them: not in the current folder, which comes first otherwise and
    may hold anything.
    """
    return [sys.executable, "-c", _PROGRAM.format(module=module), *arguments, json.dumps(sys.path)]
