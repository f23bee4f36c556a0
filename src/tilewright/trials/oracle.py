"""Whether a command still fails on a smaller layer, for wrong numbers and not for its sizes."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tilewright.errors import ConfigError, TilewrightError
from tilewright.trials.candidate import Candidate
from tilewright.trials.command import Command
from tilewright.trials.trial import Expected, Trial, run_trial
from tilewright.vectors import Bundle


class OutOfTime(Exception):  # noqa: N818  # an end, not an error
    """The time for a search is over."""


LEAST_PATIENCE_S, PATIENCE = 5.0, 10
"""Less is asked of a smaller layer than of the whole: a run that takes ten times as long has lost its way."""


@dataclass(slots=True)
class Oracle:
    """Runs candidates, each once, as bundles like `source`.

    scratch: a folder for the runs. end: the time (`time.monotonic`) after which no other run is begun.
    """

    source: Bundle
    command: Command
    expected: Expected
    scratch: Path
    end: float
    runs: int = 0
    keeps_sizes: bool = False
    first: Trial = field(init=False)
    _sizes: tuple[int, ...] = ()
    _controls: tuple[str, ...] = ()
    _known: dict[str, Trial | None] = field(default_factory=dict)
    _refused: dict[tuple[int, ...], str] = field(default_factory=dict)

    def begin(self, whole: Candidate) -> None:
        """Run the whole layer, which must fail, and layers of 0, which tell later whether sizes can change.

        Raises `ConfigError` if the command does not fail.
        """
        trial = self._run(whole)
        if trial is None or trial.status != "fail":
            seen = "it could not be written again" if trial is None else trial.evidence
            raise ConfigError(
                f"the command must fail on {self.source.folder}, or there is nothing to reduce, but: {seen}"
            )
        self.first, self._sizes = trial, whole.sizes
        patience = max(LEAST_PATIENCE_S, PATIENCE * trial.seconds)
        self.command = replace(self.command, timeout_s=min(patience, self.command.timeout_s))
        self.keeps_sizes = self.keeps_sizes or not self.expected.has_numbers
        if not self.keeps_sizes:
            names = ("weight", "codes")
            self._controls = tuple(name for name in names if self._passes(whole, name))

    def fails(self, candidate: Candidate) -> bool:
        """Whether the command fails on a candidate as it did at first.

        Numbers must differ; where nothing but the core's own word is judged, that must be bad. Of other
        sizes, every number must be there, and a layer of 0 must pass where it passed in the first sizes: a
        bench whose sizes are fixed would fail, too. Raises `OutOfTime`.
        """
        if time.monotonic() > self.end:
            raise OutOfTime
        trial, is_other = self._run(candidate), candidate.sizes != self._sizes
        if trial is None:
            return False
        if not self.expected.has_numbers:
            return trial.status == "fail" and not is_other
        if is_other and trial.status == "error":
            self._refused.setdefault(candidate.sizes, trial.evidence)
        is_alike = trial.failing is not None and (trial.differ > 0) == (self.first.differ > 0)
        if not is_alike or (_unknown(trial) > 0 and _unknown(self.first) == 0):
            return False
        return not is_other or not self._why_refused(candidate)

    @property
    def notes(self) -> tuple[str, ...]:
        """Why sizes were kept, if they were not asked to be."""
        refused = [why for why in self._refused.values() if why]
        if not self.expected.has_numbers:
            return (
                "sizes were kept: without numbers to judge (--dump, --pattern), a bench that has its sizes "
                "fixed cannot be told from a core that fails",
            )
        if not refused:
            return ()
        taken = len(self._refused) - len(refused)
        return (
            f"the sizes of the command seem to be fixed: of {len(self._refused)} other ones it took "
            f"{taken or 'none'} (first of the others: {refused[0]}); give it the sizes as {{ic}}, {{oh}} .. "
            "or TILEWRIGHT_IC ..",
        )

    def _why_refused(self, candidate: Candidate) -> str:
        """Why the command seems not to run these sizes: what it makes of a layer of 0; "" if it does."""
        if candidate.sizes not in self._refused:
            names = [name for name in self._controls if not self._passes(candidate, name)]
            self._refused[candidate.sizes] = (
                f"a layer whose {names[0]} are 0 must pass, as in the first sizes, but fails"
                if names
                else ""
            )
        return self._refused[candidate.sizes]

    def _passes(self, candidate: Candidate, name: str) -> bool:
        trial = self._run(_control(candidate, name))
        return trial is not None and trial.status == "pass"

    def _run(self, candidate: Candidate) -> Trial | None:
        """The trial of a candidate; None if it is no layer, or the layout cannot hold it."""
        if candidate.key not in self._known:
            self._known[candidate.key] = self._run_fresh(candidate)
        return self._known[candidate.key]

    def _run_fresh(self, candidate: Candidate) -> Trial | None:
        folder = self.scratch / str(len(self._known))
        try:
            written = candidate.write(self.source, folder / "bundle")
        except TilewrightError:
            return None
        self.runs += 1
        (folder / "run").mkdir()
        trial = run_trial(self.command, self.expected, written, folder / "run")
        shutil.rmtree(folder, ignore_errors=True)
        return trial


def _unknown(trial: Trial) -> int:
    return sum(one.unknown for one in trial.comparisons)


def _control(candidate: Candidate, name: str) -> Candidate:
    """A layer of the same sizes whose psums are 0: `name`, weight or codes, is 0, the other one 1."""
    weight, codes = np.ones_like(candidate.weight), np.ones_like(candidate.codes)
    if name == "weight":
        weight[:] = 0
    else:
        codes[:] = 0
    return replace(candidate, weight=weight, codes=codes)
