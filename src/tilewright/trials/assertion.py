"""A bundle's judge for tests in Python: it asserts, and what it says is the finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.errors import TilewrightError
from tilewright.judge import Comparison, Dump, compare
from tilewright.trials.command import Command
from tilewright.trials.finding import describe
from tilewright.trials.trial import Expected, Reading, Trial, run_trial
from tilewright.vectors import Bundle


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges what a core left of the layer in `bundle`; `folder` is where `run` runs it."""

    bundle: Bundle
    folder: Path

    def __call__(self, dump: Path | str | np.ndarray[Any, Any], **reading: Any) -> Comparison:
        """Assert that `dump` holds the numbers of the reference.

        dump: a file or folder that the core wrote, read as `tilewright.judge.read_dump` does with the same
        keywords; or an integer array with the axes of its kind (psum, unless `kind` says otherwise), masked
        where a number is not known. Raises `AssertionError` with the finding.
        """
        __tracebackhide__ = True
        try:
            if isinstance(dump, np.ndarray):
                found = compare(self.bundle, _as_dump(dump, **reading))
                path = None
            else:
                path = Path(dump)
                found = Reading(**reading).comparison(self.bundle, path)
        except TilewrightError as error:
            raise AssertionError(str(error)) from None
        if not found.passed:
            raise AssertionError(describe(found, self.bundle, path, Reading(**reading)))
        return found

    def run(
        self,
        command: Sequence[str],
        *,
        dumps: Sequence[str] = (),
        must: str | None = None,
        must_not: str | None = None,
        build: Sequence[str] = (),
        project: Path | None = None,
        timeout_s: float = 60.0,
        **reading: Any,
    ) -> Trial:
        """Run `command` on the bundle as ``tilewright try`` does, and assert that it passes.

        Raises `AssertionError` with the finding.
        """
        __tracebackhide__ = True
        try:
            trial = run_trial(
                Command(
                    tuple(map(str, command)),
                    here=Path.cwd(),
                    build=tuple(map(str, build)),
                    project=project,
                    timeout_s=timeout_s,
                ),
                Expected(tuple(dumps), Reading(**reading), must, must_not),
                self.bundle,
                self.folder,
            )
        except TilewrightError as error:
            raise AssertionError(str(error)) from None
        if trial.status == "pass":
            return trial
        if trial.failing is None:
            raise AssertionError(f"{trial.evidence}\nit ran in {trial.folder}")
        wrong = next(one for one in trial.comparisons if not one.passed)
        raise AssertionError(describe(wrong, self.bundle, trial.failing, Reading(**reading)))


def _as_dump(array: np.ndarray[Any, Any], kind: str = "psum") -> Dump:
    if array.dtype.kind not in "iu":
        raise AssertionError(f"numbers must be integers, not {array.dtype}")
    known = ~np.ma.getmaskarray(array)
    return Dump(kind, np.ma.filled(array, 0).astype(np.int64), known)
