"""A bundle's judge for tests in Python: it asserts, and what it says is the finding."""

from __future__ import annotations

import inspect
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ConfigError, ShapeError, TilewrightError, UnknownNameError
from tilewright.judge import Comparison, Dump, compare
from tilewright.trials.command import Command
from tilewright.trials.finding import describe
from tilewright.trials.trial import Expected, Reading, Trial, run_trial
from tilewright.vectors import Bundle, load_layout


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges what a core left of the layer in `bundle`; `folder` is where `run` runs it."""

    bundle: Bundle
    folder: Path

    def __call__(self, dump: str | os.PathLike[str] | npt.ArrayLike, **reading: Any) -> Comparison:
        """Assert that `dump` holds the numbers of the reference.

        dump: a file or folder that the core wrote, read as `tilewright.judge.read_dump` does with the same
        keywords; or integers with the axes of their kind (psum, unless `kind` says otherwise), masked
        where a number is not known. Raises `AssertionError` with the finding.
        """
        __tracebackhide__ = True
        path = None
        try:
            how = _reading(reading, type(self).__call__)
            if isinstance(dump, str | os.PathLike):
                path = Path(dump)
                found = how.comparison(self.bundle, path)
            else:
                found = compare(self.bundle, _as_dump(dump, how.kind or "psum"))
        except TilewrightError as error:
            raise AssertionError(str(error)) from None
        if not found.passed:
            raise AssertionError(describe(found, self.bundle, path, how))
        return found

    def run(
        self,
        command: str | Sequence[str],
        *,
        dumps: str | Sequence[str] = (),
        must: str | None = None,
        must_not: str | None = None,
        build: str | Sequence[str] = (),
        project: str | Path | None = None,
        timeout_s: float = 60.0,
        **reading: Any,
    ) -> Trial:
        """Run `command` on the bundle as ``tilewright try`` does, and assert that it passes.

        A command or build that is a text is taken apart into words as a shell does. Raises `AssertionError`
        with the finding.
        """
        __tracebackhide__ = True
        names = (dumps,) if isinstance(dumps, str) else tuple(dumps)
        try:
            how = _reading(reading, type(self).run)
            trial = run_trial(
                Command(
                    _words(command),
                    here=Path.cwd(),
                    build=_words(build),
                    project=None if project is None else Path(project),
                    timeout_s=timeout_s,
                ),
                Expected(names, how, must, must_not),
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
        raise AssertionError(describe(wrong, self.bundle, trial.failing, how))


def _reading(keywords: Mapping[str, Any], asked: Callable[..., Any]) -> Reading:
    """How dumps are read, from the `keywords` that `asked` does not know itself."""
    known = [one.name for one in fields(Reading)]
    of_method = list(inspect.signature(asked).parameters)[1:-1]
    for name in keywords:
        if name not in known:
            raise UnknownNameError.among("keyword of judge", name, [*of_method, *known])
    layout = keywords.get("layout")
    if isinstance(layout, str | Path):
        keywords = {"layout_name": str(layout), **keywords, "layout": load_layout(layout)}
    return Reading(**keywords)


def _words(command: str | Sequence[str]) -> tuple[str, ...]:
    if not isinstance(command, str):
        return tuple(map(str, command))
    try:
        return tuple(shlex.split(command))
    except ValueError as error:
        raise ConfigError(f"{command!r} must be the words of a command: {error}") from None


def _as_dump(numbers: npt.ArrayLike, kind: str) -> Dump:
    try:
        array: np.ma.MaskedArray[Any, Any] = np.ma.asanyarray(numbers)
    except ValueError as error:
        raise ShapeError(f"numbers must be an array, with the axes of {kind}: {error}") from None
    if array.dtype.kind not in "iu":
        raise AssertionError(f"numbers must be integers, not {array.dtype}")
    known = ~np.ma.getmaskarray(array)
    return Dump(kind, np.ma.filled(array, 0).astype(np.int64), known)
