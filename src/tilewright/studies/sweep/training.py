"""One trial: an ordinary run, trained and recovered, or given up early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.config import Config
from tilewright.pipeline import run_stage
from tilewright.pipeline.inventory import CONFIG
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.train import read_metrics

FIRST_LOOK = 3
"""A trial is not judged before this part of its epochs, a third, is over."""


class Hopeless(Exception):  # noqa: N818  # no error: the trial is worse than another
    """Another trial that costs no more had a higher hold-out accuracy in the same epoch."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A finished trial that costs no more in any objective. holdout: its accuracy by epoch."""

    trial: int
    holdout: tuple[float, ...]


def train_trial(
    root: Path, config: Config, listener: Listener, *, rivals: Sequence[Rival], margin: float
) -> list[float]:
    """Train and recover in the run folder `root`, or go on there; the hold-out accuracy of each epoch.

    The caller holds the folder (`locked_run`). One that has a run keeps its configuration: what it started
    from is part of it. Raises `Hopeless`.
    """
    run = RunFolder(root)
    run.start(run.config() if (root / CONFIG).is_file() else config)
    watch = _Watch(run, listener, tuple(rivals), margin, config.train.epochs)
    for stage in ("train", "recover"):
        if not run.has_result(stage) or run.is_stale(stage):
            run_stage(stage, run, watch)
    return _holdout(run)


def _holdout(run: RunFolder) -> list[float]:
    return [line["holdout_accuracy"] for line in read_metrics(run.folder("train"))]


class _Watch:
    """Passes progress on, and compares every finished epoch with the rivals'."""

    def __init__(
        self,
        run: RunFolder,
        listener: Listener,
        rivals: tuple[Rival, ...],
        margin: float,
        epochs: int,
    ) -> None:
        self._run, self._listener, self._rivals, self._margin = run, listener, rivals, margin
        self._seen = max(1, epochs // FIRST_LOOK) - 1

    def say(self, line: str) -> None:
        """Take a line that stays."""
        self._listener.say(line)

    def progress(self, line: str) -> None:
        """Take a line that the next one replaces; raises `Hopeless`."""
        self._listener.progress(line)
        if not self._rivals or "hold-out" not in line:
            return
        accuracies = _holdout(self._run)
        for epoch in range(self._seen, len(accuracies)):
            for rival in self._rivals:
                had = rival.holdout[epoch] if epoch < len(rival.holdout) else 0.0
                if accuracies[epoch] < had - self._margin:
                    raise Hopeless(
                        f"{100 * accuracies[epoch]:.2f} % of the hold-out in epoch {epoch + 1}, where trial "
                        f"{rival.trial}, which costs no more, had {100 * had:.2f} %"
                    )
        self._seen = max(self._seen, len(accuracies))
