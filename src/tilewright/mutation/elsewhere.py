"""Mutants as jobs that can be done anywhere: the core, the vectors, and what the core itself did on them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tilewright.cores.bundle_job import CORE, files_below
from tilewright.cores.setup import Setup
from tilewright.corners import VectorSet
from tilewright.mutation.mutant import Mutant
from tilewright.mutation.trial import Bench, Outcome
from tilewright.programs.jobs import Job, run_jobs

MUTANTS_A_JOB = 4
"""Every job has all vectors with it, so that it is worth its way only with several mutants."""


def try_elsewhere(
    bench: Bench, mutants: Sequence[Mutant], sets: Sequence[VectorSet], *, workers: str
) -> Iterator[Outcome]:
    """The outcomes that `Bench.try_mutant` gives, in order, by the workers of a cluster (see `run_jobs`)."""
    shares = [
        mutants[start : start + MUTANTS_A_JOB] for start in range(0, len(mutants), MUTANTS_A_JOB)
    ]
    jobs = [mutants_job(bench, share, sets) for share in shares]
    for share, content in zip(shares, run_jobs(jobs, workers=workers), strict=True):
        for mutant, facts in zip(share, json.loads(content), strict=True):
            yield Outcome(mutant, *facts)


def mutants_job(bench: Bench, mutants: Sequence[Mutant], sets: Sequence[VectorSet]) -> Job:
    """The job that tries mutants on vectors."""
    files = {f"{CORE}/{name}": text.encode() for name, text in bench.sources.items()}
    stated = []
    for number, one in enumerate(sets):
        bundles = []
        for place, folder in enumerate(one.folders):
            name = f"vectors/{number}/{place}"
            files |= files_below(folder, name)
            key = one.name, folder
            bundles.append([name, bench.cycles[key], bench.overflows[key]])
        stated.append({"name": one.name, "setup": one.setup.to_settings(), "bundles": bundles})
    settings = {
        "core": list(bench.sources),
        "simulator": bench.simulator,
        "timeout_s": bench.timeout_s,
        "sets": stated,
        "mutants": [asdict(mutant) for mutant in mutants],
    }
    return Job("tilewright.mutation.elsewhere:run", files, json.dumps(settings, sort_keys=True))


def run(folder: Path, settings: dict[str, Any]) -> bytes:
    """Try the mutants; JSON of status, set and evidence of each."""
    sets, cycles, overflows = [], {}, {}
    for one in settings["sets"]:
        folders = []
        for name, folds, vectors in one["bundles"]:
            folders.append(folder / name)
            key = one["name"], folders[-1]
            cycles[key], overflows[key] = tuple(folds), vectors
        setup = Setup.of_settings(one["setup"])
        sets.append(VectorSet(one["name"], "", tuple(folders), setup))
    core = {name: (folder / CORE / name).read_bytes().decode() for name in settings["core"]}
    bench = Bench(core, settings["simulator"], settings["timeout_s"], cycles, overflows)
    outcomes = [bench.try_mutant(Mutant(**facts), sets) for facts in settings["mutants"]]
    facts = [[one.status, one.by, one.evidence] for one in outcomes]
    return (json.dumps(facts) + "\n").encode()
