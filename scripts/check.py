"""Check the code without running it: lint, format, types, and that the changelog knows the version.

    python3 scripts/check.py

All checks run, whatever the others found; the exit status is 1 if any failed.
"""

import os
import re

from _console import end_with, say
from _environment import ROOT, Environment

VERSION = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)
NEWEST_ENTRY = re.compile(r"^## \[?v?(\d[^\s\]]*)", re.MULTILINE)


def version_mismatch(package: str, changelog: str) -> str | None:
    """Say how the version and the changelog differ; None if they agree.

    Args:
        package: the text of ``live_classify/__init__.py``.
        changelog: the text of ``CHANGELOG.md``, newest entry first.
    """
    version, newest = VERSION.search(package), NEWEST_ENTRY.search(changelog)
    if version is None:
        return "live_classify/__init__.py sets no __version__"
    if newest is None:
        return "CHANGELOG.md has no entry with a version"
    if version[1] != newest[1]:
        return f"live_classify is {version[1]}, but the newest entry of CHANGELOG.md is {newest[1]}"
    return None


def main() -> int:
    """Run all checks and return 0 if they passed, 1 otherwise."""
    environment = Environment()
    environment.ensure(["check", "test"])
    os.chdir(ROOT)
    passed = True
    for command in (("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)):
        say(f"== {' '.join(command)}")
        passed &= environment.run(*command) == 0
    say("== changelog and version")
    package, changelog = ROOT / "live_classify" / "__init__.py", ROOT / "CHANGELOG.md"
    mismatch = version_mismatch(package.read_text(encoding="utf-8"), changelog.read_text(encoding="utf-8"))
    if mismatch is not None:
        say(mismatch)
        passed = False
    say("All checks passed." if passed else "Some checks failed.")
    return 0 if passed else 1


if __name__ == "__main__":
    end_with(main)
