"""The smallest layer on which a command still fails."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.errors import counted
from tilewright.trials.candidate import Candidate
from tilewright.trials.command import Command
from tilewright.trials.oracle import Oracle
from tilewright.trials.search import Search
from tilewright.trials.several import claim, try_bundles
from tilewright.trials.trial import Expected, Trial
from tilewright.vectors import Bundle

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Reduction:
    """The smallest bundle that was found.

    before, after: the layer. first: the run on the whole layer, from whose numbers a cause is told best.
    trial: the run on the smallest. notes: what was not tried, and why. runs: how
    often the command ran.
    """

    before: Candidate
    after: Candidate
    first: Trial
    trial: Trial
    notes: tuple[str, ...]
    runs: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The reduction as JSON facts."""
        return {
            "before": _facts(self.before),
            "after": _facts(self.after),
            "trial": self.trial.to_json(),
            "notes": list(self.notes),
            "runs": self.runs,
            "seconds": round(self.seconds, 3),
        }


def _facts(candidate: Candidate) -> dict[str, Any]:
    return {
        "shape": candidate.shape.to_facts(),
        "weights": int(np.count_nonzero(candidate.weight)),
        "codes": int(np.count_nonzero(candidate.codes)),
    }


def reduce_bundle(
    bundle: Bundle,
    command: Command,
    expected: Expected,
    *,
    out: Path,
    keeps_sizes: bool = False,
    budget_s: float = 180.0,
    progress: Progress = lambda _line: None,
) -> Reduction:
    """Search for the smallest layer on which `command` still fails; it is written to ``out/bundle``.

    The array and its number formats stay. keeps_sizes: numbers become 0, sizes stay. The command's last run
    is in ``out/run``. budget_s: the search ends after so many seconds with the smallest found so far. On
    Ctrl-C, too, the smallest so far is written. Raises `ConfigError` if the command does not fail on
    `bundle`, and what `try_bundles` raises.
    """
    since = time.monotonic()
    claim(out)
    with tempfile.TemporaryDirectory(prefix="tilewright-reduce-") as name:
        oracle = Oracle(bundle, command, expected, Path(name), since + budget_s)
        oracle.keeps_sizes = keeps_sizes
        before = Candidate.of(bundle)
        oracle.begin(before)
        search = Search(
            before,
            oracle.fails,
            keeps_sizes=oracle.keeps_sizes,
            progress=lambda best: progress(_line(best, oracle.runs)),
        )
        try:
            after = search.smallest()
        except KeyboardInterrupt:
            search.best.write(bundle, out / "bundle")
            raise
    smallest = after.write(bundle, out / "bundle")
    last = try_bundles({"run": smallest}, command, expected, out=out, is_kept=True)
    late = ("the time was over before the search was: more with --budget",) * search.is_late
    seconds = time.monotonic() - since
    return Reduction(
        before,
        after,
        oracle.first,
        last.trials[0],
        (*late, *oracle.notes),
        oracle.runs + 1,
        seconds,
    )


def _line(best: Candidate, runs: int) -> str:
    shape = best.shape
    return (
        f"{counted(runs, 'run')}: {shape.ic} -> {shape.oc} channels, {shape.oh}x{shape.ow} pixels, "
        f"{shape.kh}x{shape.kw} taps, {counted(best.cost[1], 'value')} that are not 0"
    )
