"""Run a command on one bundle, and judge what it left: numbers, lines of its log, its exit status."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Any, Literal

from tilewright.errors import ConfigError, FormatError, TilewrightError
from tilewright.judge import Comparison, Dump, Sampling, compare, read_dump
from tilewright.judge.log import PATTERNS, check_no_difference_is_left
from tilewright.programs.process import Ended, last_lines
from tilewright.trials.command import Command
from tilewright.trials.severity import reported_error
from tilewright.trials.written import is_new, state_of
from tilewright.vectors import Bundle, Layout

LOG = "tilewright.log"
"""What the command printed, in the folder in which it ran."""

NO_NUMBERS = (
    "it ended with status 0 and reports no error; no numbers were judged (--dump, --pattern)"
)

Status = Literal["pass", "fail", "error"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How dumps are read: the arguments of `tilewright.judge.read_dump`.

    layout_name: what the layout was called when it was asked for. bundle_words: the options that open a
    bundle without a manifest.
    """

    kind: str | None = None
    layout: Layout | None = None
    layout_name: str | None = None
    order: str | None = None
    radix: str | None = None
    pattern: str | None = None
    array: str | None = None
    is_partial: bool = False
    is_rest_expected: bool = False
    sampling: Sampling | None = None
    bundle_words: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The options of ``tilewright explain`` that read a dump in the same way."""
        named = {
            "--kind": self.kind,
            "--dump-layout": self.layout_name,
            "--order": self.order,
            "--radix": self.radix,
            "--pattern": self.pattern,
            "--dump-array": self.array,
        }
        given = [word for name, value in named.items() if value for word in (name, value)]
        if self.sampling is not None:
            signals = [("--bus", bus) for bus in self.sampling.buses]
            signals += [("--clock", self.sampling.clock)] if self.sampling.clock else []
            signals += [("--when", name) for name in self.sampling.when]
            signals += [("--address", self.sampling.address)] if self.sampling.address else []
            given += [word for signal in signals for word in signal]
        flags = {"--partial": self.is_partial, "--rest-expected": self.is_rest_expected}
        return (*given, *(name for name, is_given in flags.items() if is_given))

    def dump(self, bundle: Bundle, path: Path) -> Dump:
        """The dump in `path`; raises what reading it raises."""
        return read_dump(
            bundle,
            path,
            kind=self.kind,
            layout=self.layout,
            order=self.order,
            radix=self.radix,
            pattern=self.pattern,
            array=self.array,
            sampling=self.sampling,
            is_partial=self.is_partial,
            is_rest_expected=self.is_rest_expected,
        )

    def comparison(self, bundle: Bundle, path: Path) -> Comparison:
        """The dump in `path` against the reference; raises what reading and comparing it raise."""
        return compare(bundle, self.dump(bundle, path))


@dataclass(frozen=True, slots=True)
class Expected:
    """What a run must leave.

    dumps: names or patterns of files that it writes. reading: how they are read; with a pattern and no
    dumps, the log is the dump. must, must_not: regular expressions that a line of the log must, or must not,
    match. With nothing of these the exit status alone decides. Raises `ConfigError`.
    """

    dumps: tuple[str, ...] = ()
    reading: Reading = Reading()
    must: str | None = None
    must_not: str | None = None

    def __post_init__(self) -> None:
        pattern = None if self.reading.pattern in PATTERNS else self.reading.pattern
        for text in filter(None, (self.must, self.must_not, pattern)):
            try:
                re.compile(text)
            except re.error as error:
                said = f"{text!r} must be a regular expression, but is not: {error}"
                raise ConfigError(said) from None
        for name in self.dumps:
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise ConfigError(f"a dump is a file within the folder of the run, not {name}")

    @property
    def has_numbers(self) -> bool:
        """Whether numbers are judged, not the command's own word alone."""
        return bool(self.dumps) or self.reading.pattern is not None


@dataclass(frozen=True, slots=True)
class Trial:
    """The judgement on one run.

    status: "pass", "fail" (numbers or the core's own verdict are wrong) or "error" (it came to no
    judgement). evidence: one line: what was expected and what was seen. failing: the dump that differs.
    is_built: False if it is the build that failed. folder: where it ran.
    """

    bundle: Bundle
    status: Status
    evidence: str
    folder: Path
    seconds: float = 0.0
    comparisons: tuple[Comparison, ...] = ()
    failing: Path | None = None
    is_built: bool = True

    @property
    def compared(self) -> int:
        """Numbers that were compared."""
        return sum(one.compared for one in self.comparisons)

    @property
    def differ(self) -> int:
        """Numbers that differ."""
        return sum(one.differ for one in self.comparisons)

    def to_json(self) -> dict[str, Any]:
        """The judgement as JSON facts."""
        return {
            "bundle": str(self.bundle.folder),
            "layer": self.bundle.layer_name,
            "sample": self.bundle.sample,
            "status": self.status,
            "evidence": self.evidence,
            "compared": self.compared,
            "differ": self.differ,
            "seconds": round(self.seconds, 3),
            "folder": str(self.folder),
            "dump": None if self.failing is None else str(self.failing),
            "comparisons": [one.to_json() for one in self.comparisons],
        }


def run_trial(command: Command, expected: Expected, bundle: Bundle, folder: Path) -> Trial:
    """Run `command` on `bundle` in the empty `folder`, and judge what it left there.

    Raises `ToolError` if the command cannot be started, and `ConfigError` for a dump that cannot be read
    as `expected` says in any case.
    """
    command.prepare(folder, bundle)
    seconds = 0.0
    if command.build:
        built = command.run(folder, bundle, is_build=True)
        (folder / LOG).write_bytes(built.output)
        seconds = built.seconds
        if fault := _fault(built, command, "the build"):
            return Trial(bundle, "error", fault, folder, seconds, is_built=False)
    before = state_of(folder)
    ended = command.run(folder, bundle)
    folder.mkdir(parents=True, exist_ok=True)  # a command can remove its own folder
    after = state_of(folder)
    written = [path for path in sorted(after) if before.get(path) != after[path]]
    (folder / LOG).write_bytes(ended.output)
    return _Judgement(command, expected, bundle, folder, ended, seconds).trial(written)


def _fault(ended: Ended, command: Command, what: str) -> str:
    """Why a program that should have ended with status 0 did not; "" if it did."""
    said = last_lines(ended.text[-4000:], 3)
    if ended.stopped == "time":
        return f"{what} must end within {command.timeout_s:g} s, but was stopped; it said: {said}"
    if ended.stopped == "output":
        return (
            f"{what} must print at most {command.most_bytes:,} bytes, but printed more and was stopped; "
            f"it said: {said}"
        )
    if ended.status < 0:
        return f"{what} must end by itself, but {_signal(-ended.status)} ended it; it said: {said}"
    if ended.status:
        return f"{what} must end with status 0, but ended with {ended.status}; it said: {said}"
    return ""


def _signal(number: int) -> str:
    known = {one.value: f" ({one.name})" for one in Signals}
    return f"signal {number}{known.get(number, '')}"


@dataclass(frozen=True, slots=True)
class _Judgement:
    command: Command
    expected: Expected
    bundle: Bundle
    folder: Path
    ended: Ended
    seconds: float

    def trial(self, written: list[Path]) -> Trial:
        """Numbers that differ say most; then what is missing, then how the command ended."""
        comparisons, failing, missing = self._numbers(written)
        fault = _fault(self.ended, self.command, "the command")
        status: Status = "pass"
        if failing is not None:
            status, evidence = "fail", str(next(one for one in comparisons if not one.passed))
        elif missing:
            said = f"it said: {last_lines(self.ended.text[-4000:], 3)}"
            is_cut = bool(self.ended.stopped) or self.ended.status < 0  # so the numbers are missing
            told = [fault, missing] if is_cut else [missing, fault or said]
            status, evidence = "error", "; ".join(told)
        elif fault:
            is_word = self.ended.status > 0 and not self.ended.stopped
            status = "fail" if is_word and not self.expected.has_numbers else "error"
            evidence = f"{_counts(comparisons)}{fault}"
        elif said := self._words():
            status, evidence = "fail", said
        else:
            evidence = " ".join(map(str, comparisons)) or self._without_numbers(written)
        return Trial(
            self.bundle,
            status,
            evidence,
            self.folder,
            self.seconds + self.ended.seconds,
            tuple(comparisons),
            failing,
        )

    def _numbers(self, written: list[Path]) -> tuple[list[Comparison], Path | None, str]:
        """Comparisons of all dumps, the first dump that differs, and what is wrong with the first other."""
        comparisons, failing, missing = list[Comparison](), None, ""
        if self._names_no_difference():
            try:
                check_no_difference_is_left(
                    self.folder / LOG, self.ended.text, self.expected.reading.pattern or ""
                )
            except FormatError as error:
                missing = str(error)
            return comparisons, failing, missing
        for path, problem in self._dumps(written):
            problem = problem or self._too_large(path)
            if problem or path is None:
                missing = missing or problem
                continue
            try:
                found = self.expected.reading.comparison(self.bundle, path)
            except ConfigError:
                raise  # of the options, whatever the core does
            except TilewrightError as error:
                missing = missing or str(error)
                continue
            comparisons.append(found)
            if not found.passed and failing is None:
                failing = path
        return comparisons, failing, missing

    def _dumps(self, written: list[Path]) -> list[tuple[Path | None, str]]:
        """The dumps that were written, or why there is none of a name."""
        if not self.expected.dumps and self.expected.reading.pattern is not None:
            return [(self.folder / LOG, "")]
        found = list[tuple[Path | None, str]]()
        for name in self.expected.dumps:
            paths = [path for path in sorted(self.folder.glob(name)) if is_new(path, written)]
            found += [(path, "") for path in paths] or [(None, self._absent(name, written))]
        return found

    def _too_large(self, path: Path | None) -> str:
        """Why a dump is not read; "" if it is."""
        size, most = path.stat().st_size if path else 0, self.command.most_bytes
        return f"{path} must have at most {most:,} bytes, but has {size:,}" if size > most else ""

    def _names_no_difference(self) -> bool:
        """Whether the log is one of differences, and names none."""
        reading = self.expected.reading
        if not reading.is_rest_expected or reading.pattern is None or self.expected.dumps:
            return False
        pattern = PATTERNS.get(reading.pattern) if reading.pattern in PATTERNS else reading.pattern
        return not re.search(pattern, self.ended.text, re.IGNORECASE | re.MULTILINE)

    def _without_numbers(self, written: list[Path]) -> str:
        """That nothing was compared, and which of the files that were written could be."""
        seen = self._seen(written)
        return f"{NO_NUMBERS}; it wrote {seen}: --dump FILE has one judged" if seen else NO_NUMBERS

    def _seen(self, written: list[Path]) -> str:
        names = [str(path.relative_to(self.folder)) for path in written]
        return ", ".join(names[:4]) + f" and {len(names) - 4} more" * (len(names) > 4)

    def _absent(self, name: str, written: list[Path]) -> str:
        is_old = (self.folder / name).exists()
        there = "it was there before, or is no file" if is_old else "there is none"
        if name in {file.name for file in self.bundle.files}:
            there += " (the bundle's own file of expected numbers lies there: no dump until it is written)"
        return f"the command must write {name}, but {there}; it wrote {self._seen(written) or 'no file'}"

    def _words(self) -> str:
        """What is wrong with the log; "" if nothing is."""
        expected, lines = self.expected, self.ended.text.splitlines()
        if expected.must and not any(re.search(expected.must, line) for line in lines):
            said = last_lines(self.ended.text[-4000:], 3)
            return f"a line must match {expected.must!r}, but none does; it said: {said}"
        for number, line in enumerate(lines if expected.must_not else (), 1):
            if re.search(expected.must_not or "", line):
                said = line.strip()[:200]
                return f"no line must match {expected.must_not!r}, but line {number} does: {said}"
        has_numbers = expected.has_numbers and not self._names_no_difference()
        is_judged = has_numbers or expected.must or expected.must_not
        return "" if is_judged else reported_error(lines)


def _counts(comparisons: list[Comparison]) -> str:
    count = sum(one.compared for one in comparisons)
    return f"all {count:,} numbers are equal, but " if count else ""
