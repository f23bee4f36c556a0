"""Faults planted in the sources of a user's core, run by the user's command: which do the vectors notice?"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tilewright.corners import VectorSet, layer_sets, smallest_first
from tilewright.errors import ConfigError, FormatError, ToolError
from tilewright.mutation import (
    Campaign,
    CampaignLog,
    Judge,
    Mutant,
    Outcome,
    compiled_branches,
    identify_campaign,
    mutants_in,
    run_campaign,
    sample,
)
from tilewright.mutation.campaign import Progress
from tilewright.mutation.vhdl import vhdl_mutants
from tilewright.trials.command import Command, project_files
from tilewright.trials.fresh import fitting
from tilewright.trials.several import find_bundles
from tilewright.trials.trial import Expected, Trial, run_trial
from tilewright.vectors import read_bundle
from tilewright.verilog.source_files import SOURCES, VHDL, read_source
from tilewright.verilog.tokens import tokenize

_PORTLESS = re.compile(
    r"\bmodule\s+(?:automatic\s+)?\w+\s*(?:#\s*\((?:[^()]|\([^()]*\))*\)\s*)?(?:\(\s*\)\s*)?;|\bprogram\s+\w+"
    r"|\bentity\s+\w+\s+is\s+(?:generic\b(?:(?!\bport\b).)*?;\s*)?(?:begin|end)\b",
    re.IGNORECASE | re.DOTALL,
)
"""A module without ports, which is no part of a core."""
_COMMENT = re.compile(r"//[^\n]*|--[^\n]*|/\*.*?\*/", re.DOTALL)
_BENCH_NAME = re.compile(r"(?:^|_)(?:tb|test|bench|testbench)(?:_|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MutantOptions:
    """Which mutants, which vectors.

    files: patterns of the sources to change, within the project; none: all that are no testbench. limit:
    mutants, chosen from all files and categories; None: all. bundles: how many of the given ones are run,
    the smallest first. has_corners: add corner cases of the smallest, in its sizes. seed: of the choice, and
    of random codes. jobs: mutants at a time. log: where outcomes are kept and taken up again.
    """

    files: tuple[str, ...] = ()
    limit: int | None = 400
    bundles: int = 3
    has_corners: bool = True
    seed: int = 0
    jobs: int = 1
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class CommandBench:
    """A core in a project, as file names to text, and the command that runs it.

    A mutant is written into a copy of the project, never into the project.
    """

    command: Command
    expected: Expected
    sources: Mapping[str, str]

    def try_mutant(self, mutant: Mutant, sets: Sequence[VectorSet]) -> Outcome:
        """Run a mutant on one bundle after the other, until the command does not pass on one."""
        changed = mutant.apply(self.sources[mutant.file]).encode()
        command = replace(self.command, changes={Path(mutant.file): changed})
        for one in sets:
            for folder in one.folders:
                trial = self.run(command, folder)
                if not trial.is_built:
                    return Outcome(mutant, "not built", evidence=trial.evidence)
                if trial.status != "pass":
                    return Outcome(mutant, "killed", one.name, trial.evidence)
        return Outcome(mutant, "survived")

    def run(self, command: Command, folder: Path) -> Trial:
        """The trial of a command on the bundle in `folder`."""
        with tempfile.TemporaryDirectory(prefix="tilewright-mutant-") as name:
            return run_trial(command, self.expected, read_bundle(folder), Path(name))

    def expect_pass(self, sets: Sequence[VectorSet]) -> None:
        """Raise `ToolError` if the core without a mutation does not pass on a bundle."""
        for one in sets:
            for folder in one.folders:
                trial = self.run(self.command, folder)
                if trial.status != "pass":
                    raise ToolError(
                        f"the core must pass on all vectors before it is mutated, but on {one.name} "
                        f"({folder}) it does not: {trial.evidence}"
                    )


def mutate_project(
    paths: Sequence[Path],
    command: Command,
    expected: Expected,
    options: MutantOptions,
    *,
    say: Progress,
    progress: Progress,
) -> Campaign:
    """Plant faults in the sources of the command's project, one at a time, and run the command on bundles.

    Raises `ConfigError` if there is no project or nothing in it to change, `ToolError` if the core does not
    pass without a mutation.
    """
    if command.project is None:
        raise ConfigError("faults are planted in a copy of the core: give its folder as --project")
    sources = _sources(command.project, options, say)
    bench = CommandBench(command, expected, sources)
    with _sets(paths, options, say) as sets:
        bench.expect_pass(sets)
        mutants = _mutants(bench, sets, options, say)
        log = None
        if options.log is not None:
            words = f"{command.build} {command.words} {expected}"
            log = CampaignLog(options.log, identify_campaign(sources, words, sets))
        return run_campaign(
            mutants,
            bench,
            sets,
            judge=Judge((), has_proofs=False),
            jobs=options.jobs,
            progress=progress,
            log=log,
        )


def _sources(project: Path, options: MutantOptions, say: Progress) -> dict[str, str]:
    """The sources that can be changed, by their names; raises `ConfigError` if there are none."""
    sources: dict[str, str] = {}
    for name in _source_files(project, options.files, say):
        try:
            text = read_source(project / name)
            if Path(name).suffix.lower() not in VHDL:
                tokenize(text, file=name)
        except FormatError as error:
            say(f"{name} is left as it is: {error}")
            continue
        sources[name] = text
    if not sources:
        raise ConfigError(
            f"{project} must hold sources that can be changed ({', '.join((*SOURCES, *VHDL))}; no "
            f"testbench), but none was found: name them with --files"
        )
    return sources


def _mutants(
    bench: CommandBench, sets: Sequence[VectorSet], options: MutantOptions, say: Progress
) -> list[Mutant]:
    """Mutants of what the command compiles; raises `ConfigError` if there are none."""
    sources = bench.sources
    mutants = mutants_in(sources, compiled_branches(bench, sets, say))
    for name, text in sources.items():
        if Path(name).suffix.lower() in VHDL:
            mutants += vhdl_mutants(text, file=name)
    if not mutants:
        raise ConfigError(
            f"the sources must have something that can be changed, but {', '.join(sources)} have "
            f"nothing: name others with --files"
        )
    chosen = mutants
    if options.limit is not None:
        chosen = sample(mutants, options.limit, seed=options.seed)
    say(f"{len(chosen):,} of {len(mutants):,} mutants of {', '.join(sources)}")
    if none := [name for name in sources if not any(one.file == name for one in mutants)]:
        say(f"nothing in {', '.join(none)} can be changed")
    return chosen


def _source_files(project: Path, patterns: Sequence[str], say: Progress) -> Iterator[str]:
    for name in project_files(project):
        if name.suffix.lower() not in (*SOURCES, *VHDL):
            continue
        if patterns:
            if any(name.match(pattern) for pattern in patterns):
                yield str(name)
        elif _is_bench(project / name):
            say(f"{name} is taken for a testbench and left as it is: --files has it changed")
        else:
            yield str(name)


def _is_bench(path: Path) -> bool:
    """Whether a source is no part of a core: by its name, or a module without ports."""
    is_named = _BENCH_NAME.search(path.stem) is not None
    return is_named or _PORTLESS.search(_COMMENT.sub(" ", read_source(path))) is not None


@contextmanager
def _sets(
    paths: Sequence[Path], options: MutantOptions, say: Progress
) -> Iterator[list[VectorSet]]:
    """The given bundles, the smallest first, and corner cases of the first of them."""
    found = smallest_first([bundle.folder for bundle in find_bundles(paths).values()])
    chosen = found[: options.bundles]
    say(f"{len(chosen)} of {len(found)} bundles, the smallest")
    sets = [VectorSet("given", "as given", tuple(bundle.folder for bundle in chosen))]
    with tempfile.TemporaryDirectory(prefix="tilewright-vectors-") as scratch:
        if options.has_corners:
            corners, notes = layer_sets(chosen[0], Path(scratch), seed=options.seed)
            for note in notes:
                say(note)
            sets += fitting(corners, chosen[0])
        yield sets
