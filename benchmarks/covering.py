"""The fewest runs of the array that kill every mutant that can be killed: found, and then really run.

python benchmarks/covering.py find --kept FILE.json [--patterns 28] [--mutants N] [--part 0/4] [--seed 0]
    which runs kill which mutants of the PE and the array, by polynomials at 3x2
python benchmarks/covering.py cover --kept FILE.json [--kept ...]
    the smallest cover of all parts
python benchmarks/covering.py run --kept FILE.json [--kept ...] [--size 4x4] [--mutants N] [--part 0/4]
    the runs that the package holds, on an array of this size, under Icarus: which mutants they kill
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.cross_check import ARRAY, Stimulus, Target, Trace, places_of

from tilewright.cores import find_simulator
from tilewright.corners.covering import COVERING, CoveringRun
from tilewright.errors import TilewrightError
from tilewright.mutation import mutants_of
from tilewright.mutation.covering import job_of, number_of, patterns, show, smallest_cover
from tilewright.mutation.mutant import Mutant, sample
from tilewright.mutation.proofs import JOBS
from tilewright.prove.array import ArrayJob
from tilewright.prove.elaborate import elaborate_many, parse
from tilewright.prove.layer_claim import LayerJob
from tilewright.prove.netlist_reader import read_netlist
from tilewright.prove.our_rtl import read_sources
from tilewright.tile import CORE_DATAFLOWS

TOGETHER = 16


def array_mutants(limit: int) -> list[Mutant]:
    """Of the PE and the array."""
    found = [one for file, text in read_sources().items() for one in mutants_of(text, file=file)]
    return sample(found, limit, seed=0)


def kill_lists(
    mutants: Sequence[Mutant], runs: Sequence[CoveringRun]
) -> tuple[list[set[int]], list[str]]:
    """Of each run the mutants that it kills, and what became of each mutant's proof."""
    kills: list[set[int]] = [set() for _ in runs]
    state = ["" for _ in mutants]
    sources, began = read_sources(), time.monotonic()
    for first in range(0, len(mutants), TOGETHER):
        chunk = mutants[first : first + TOGETHER]
        texts = [{**sources, one.file: one.apply(sources[one.file])} for one in chunk]
        for bits in (16, 8):
            jobs = [job for job in JOBS if job.column_bits == bits]
            made = elaborate_many(texts, top="tw_array", parameters=jobs[0].parameters)
            for at, text in enumerate(made, first):
                if text is None:
                    state[at] = "yosys does not elaborate it"
                    continue
                try:
                    netlist = read_netlist(parse(text))
                except TilewrightError as error:
                    state[at] = str(error)
                    continue
                for job in jobs:
                    shown = show(netlist, job)
                    for number, run in enumerate(runs):
                        if job_of(run) == job and shown.is_killed_by(run):
                            kills[number].add(at)
        print(
            f"{first + len(chunk)} of {len(mutants)}, {time.monotonic() - began:.0f} s", flush=True
        )
    return kills, state


def find(count: int, mutants: Sequence[Mutant], seed: int, kept: Path) -> None:
    """Keep which runs kill which mutants."""
    runs = [
        CoveringRun(flow.name, is_saturating, pattern)
        for flow in CORE_DATAFLOWS
        for is_saturating in (False, True)
        for pattern in patterns(count, seed=seed)
    ]
    kills, state = kill_lists(mutants, runs)
    names = [str(one) for one in mutants]
    facts = {"runs": [asdict(one) for one in runs], "mutants": names, "state": state}
    facts |= {"kills": [[names[at] for at in sorted(one)] for one in kills]}
    kept.write_text(json.dumps(facts))


@dataclass
class Kept:
    """What was found: mutants that each run kills, and why some are not judged."""

    kills: dict[str, set[str]]
    runs: dict[str, dict[str, object]]
    not_judged: dict[str, str]
    mutants: set[str]

    @classmethod
    def read(cls, paths: Sequence[Path]) -> Kept:
        """Of parts of all mutants."""
        made = cls({}, {}, {}, set())
        for path in paths:
            facts = json.loads(path.read_text())
            for one, killed in zip(facts["runs"], facts["kills"], strict=True):
                made.runs[json.dumps(one)] = one
                made.kills.setdefault(json.dumps(one), set()).update(killed)
            states = zip(facts["mutants"], facts["state"], strict=True)
            made.not_judged |= {name: why for name, why in states if why}
            made.mutants |= set(facts["mutants"])
        return made


def cover(kept: Kept) -> None:
    """Show the smallest cover."""
    numbers = {name: at for at, name in enumerate(sorted(kept.mutants))}
    found = smallest_cover({key: frozenset(map(numbers.get, k)) for key, k in kept.kills.items()})
    killed = set().union(*kept.kills.values())
    print(
        f"{len(kept.mutants)} mutants, {len(kept.not_judged)} of them not judged; {len(killed)} are killed "
        f"by {len(found.chosen)} of {len(kept.runs)} runs, and by no fewer than {found.at_least}:"
    )
    for key in found.chosen:
        print(f"{len(kept.kills[key])} {kept.runs[key]},")


class Inspector:
    """The package's runs on an array of some size: what shows there of mutants, where something is due."""

    def __init__(self, rows: int, cols: int) -> None:
        self.simulator = find_simulator("icarus")
        self.stimuli: list[Stimulus] = []
        self.due: list[list[tuple[int, list[int]]]] = []
        for bits in (16, 8):
            runs = [one for one in COVERING if job_of(one).column_bits == bits]
            jobs = tuple(dict.fromkeys(job_of(one, rows, cols) for one in runs))
            if jobs:
                self._prepare(replace(ARRAY[0], jobs=jobs))

    def _prepare(self, target: Target) -> None:
        traces: list[Trace] = []

        def choose(found: Trace, job: ArrayJob | LayerJob) -> list[dict[int, int]]:
            traces.append(found)
            variables = found.words.algebra.variables
            sized = {"rows": job.rows, "cols": job.cols}
            return [
                {i: number_of(run, v.name) for i, v in enumerate(variables) if v.meaning is None}
                for run in COVERING
                if job_of(run, **sized) == job
            ]

        stimulus = Stimulus.of(target, choose, self.simulator)
        self.stimuli.append(stimulus)
        self.due.append(
            [
                (start + cycle, bits)
                for found, starts in zip(traces, stimulus.starts, strict=True)
                for start in starts
                for cycle, bits in enumerate(_bits_due(found, stimulus))
                if cycle
            ]
        )

    def kills(self, texts: dict[str, str]) -> bool:
        """Whether a bit differs from what the array shows without a mutation, where it is due."""
        for stimulus, due in zip(self.stimuli, self.due, strict=True):
            try:
                (shown,) = stimulus.simulate([texts], self.simulator)
            except TilewrightError:
                return True
            if len(shown) < len(stimulus.lines):
                return True
            before = stimulus.before
            if any(shown[line][at] != before[line][at] for line, bits in due for at in bits):
                return True
        return False


def _bits_due(found: Trace, stimulus: Stimulus) -> list[list[int]]:
    """By cycle, the characters of a line of output that are looked at: valid bits, and what is valid."""
    end, places = places_of(stimulus)
    widths = dict(stimulus.outputs)
    parts = [
        [(name, 0, widths[name]) for name in ("psum_valid_o", "flushed_o")] for _ in found.history
    ]
    for cycle, check in found.checked:
        parts[cycle].append((check.port, check.low, check.width))
    return [
        [end - 1 - places[port] - at for port, low, width in one for at in range(low, low + width)]
        for one in parts
    ]


def run(size: str, mutants: Sequence[Mutant], kept: Kept) -> None:
    """Show which mutants are killed, and where that is not what the polynomials say."""
    rows, cols = map(int, size.split("x"))
    began, inspector = time.monotonic(), Inspector(rows, cols)
    ours = {json.dumps(asdict(one)) for one in COVERING}
    expected = set().union(*(kept.kills[key] for key in ours))
    counts: Counter[str] = Counter()
    for mutant in mutants:
        if str(mutant) in kept.not_judged:
            counts["not judged"] += 1
            continue
        sources = read_sources()
        is_killed = inspector.kills({**sources, mutant.file: mutant.apply(sources[mutant.file])})
        says = "killed" if str(mutant) in expected else "not killed"
        found = "killed" if is_killed else "not killed"
        counts[f"{found}, polynomials say {says}"] += 1
        if found != says:
            print(f"{found}, polynomials say {says}: {mutant}", flush=True)
    print(f"{len(COVERING)} runs on {size}, {time.monotonic() - began:.0f} s: {dict(counts)}")


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("find", "cover", "run"))
    parser.add_argument("--patterns", type=int, default=28)
    parser.add_argument("--mutants", type=int, default=10_000)
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", default="4x4")
    parser.add_argument("--kept", type=Path, action="append", required=True)
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    mutants = array_mutants(options.mutants)[part::parts]
    if options.what == "find":
        find(options.patterns, mutants, options.seed, options.kept[0])
    elif options.what == "cover":
        cover(Kept.read(options.kept))
    else:
        run(options.size, mutants, Kept.read(options.kept))


if __name__ == "__main__":
    main()
