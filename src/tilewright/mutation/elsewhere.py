"""Mutants as jobs that can be done anywhere: the core, the vectors, and what the core itself did on them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tilewright.cores.bundle_job import CORE, files_below
from tilewright.cores.setup import Setup
from tilewright.corners import VectorSet
from tilewright.mutation.campaign import Orders, in_order
from tilewright.mutation.mutant import Mutant
from tilewright.mutation.trial import Bench, Outcome
from tilewright.programs.jobs import Job, run_jobs

MUTANTS_A_JOB = 4
"""Every job has all vectors with it, so that it is worth its way only with several mutants."""


def try_elsewhere(
    bench: Bench, orders: Orders, sets: Sequence[VectorSet], *, workers: str
) -> Iterator[Outcome]:
    """The outcomes that `Bench.try_mutant` gives, in order, by the workers of a cluster (see `run_jobs`)."""
    shares = [
        orders[start : start + MUTANTS_A_JOB] for start in range(0, len(orders), MUTANTS_A_JOB)
    ]
    jobs = [mutants_job(bench, share, sets) for share in shares]
    for share, content in zip(shares, run_jobs(jobs, workers=workers), strict=True):
        for (mutant, _), facts in zip(share, json.loads(content), strict=True):
            yield Outcome(mutant, *facts)


def mutants_job(bench: Bench, orders: Orders, sets: Sequence[VectorSet]) -> Job:
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
        "mutants": [
            [asdict(mutant), [_place_of(one, sets) for one in first]] for mutant, first in orders
        ],
    }
    return Job("tilewright.mutation.elsewhere:run", files, json.dumps(settings, sort_keys=True))


def _place_of(one: VectorSet, sets: Sequence[VectorSet]) -> tuple[int, int]:
    """The number of the set of a bundle that is tried first, and its place there."""
    names = [each.name for each in sets]
    number = names.index(one.name)
    return number, sets[number].folders.index(one.folders[0])


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
    outcomes = []
    for facts, places in settings["mutants"]:
        first = [replace(sets[n], folders=(sets[n].folders[place],)) for n, place in places]
        outcomes.append(bench.try_mutant(Mutant(**facts), in_order(first, sets)))
    told = [[one.status, one.by, one.evidence] for one in outcomes]
    return (json.dumps(told) + "\n").encode()
