"""What surrounds a run on the command line: its outputs checked before, its statistics written after."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.cli.console import closing_line, note
from live_classify.core.errors import OutputError
from live_classify.core.whole_file import write_whole
from live_classify.outputs.factory import Outputs
from live_classify.outputs.paths import check_outputs

if TYPE_CHECKING:
    from live_classify.classifier import Classifier
    from live_classify.flow.monitor import Monitor, RunSnapshot


def check_video_outputs(
    output: Path | None, log: Path | None, stats: Path | None, inputs: Iterable[Path], overwrite: bool
) -> None:
    """Refuse outputs of video that can't be written, before any work is done; see :func:`check_outputs`."""
    Outputs(video=output, log=log).check_kinds()
    check_outputs({"--output": output, "--log": log, "--stats": stats}, inputs, overwrite)


@dataclass(frozen=True, slots=True)
class RunReport:
    """What is to be said of a run when it has ended."""

    command: str
    """Which command it is."""
    written: Sequence[Path | None]
    """What its outlets write, to be named."""
    stats: Path | None
    """The statistics' file, if any."""
    quiet: bool
    """Say nothing."""

    @contextlib.contextmanager
    def of(self, classifier: Classifier, monitor: Monitor) -> Iterator[None]:
        """Write the statistics when the block that runs the pipeline ends, however; say what came of a good run.

        Raises:
            OutputError: the statistics could not be written, and nothing else had failed.
        """
        try:
            yield
        except BaseException:
            with contextlib.suppress(OutputError):  # the first failure is the one to report
                self._save(classifier, monitor.snapshot())
            raise
        run = monitor.snapshot()
        self._save(classifier, run)
        if not self.quiet and run.classified:
            note(closing_line(run, [*self.written, self.stats]))

    def _save(self, classifier: Classifier, run: RunSnapshot) -> None:
        if self.stats is None:
            return
        from live_classify.outputs.stats import run_stats

        written = [path for path in self.written if path is not None]
        stats = run_stats(self.command, classifier, run, written)
        write_whole(self.stats, json.dumps(stats, indent=2, ensure_ascii=False) + "\n")
