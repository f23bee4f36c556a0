"""Bundles on a core as a job that can be run anywhere: the files of both, and how they are run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.cores.result import CosimResult, Fault, LaneMismatch, OverflowVector
from tilewright.cores.run import run_bundles
from tilewright.cores.run_list import AS_NEEDED
from tilewright.cores.setup import Setup
from tilewright.programs.jobs import Job

BUNDLES, CORE = "bundles", "core"


def files_below(folder: Path, name: str) -> dict[str, bytes]:
    """Contents of all files in a folder, by path below `name`: files of a job."""
    return {
        f"{name}/{path.relative_to(folder)}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def bundle_job(
    bundles: Sequence[tuple[Path, Setup]],
    core: Mapping[str, bytes],
    *,
    simulator: str,
    timeout_s: float = 600.0,
    least: Mapping[str, int] = AS_NEEDED,
    keeps_build: bool = False,
) -> Job:
    """The job that runs bundles in folders on a core, given as file names to contents, with our ports.

    It records no waves. least: as `run_bundles` takes them. keeps_build: the core's build is worth
    keeping in the cache of whoever does the job.
    """
    files = {f"{CORE}/{name}": content for name, content in core.items()}
    for number, (folder, _) in enumerate(bundles):
        files |= files_below(folder, f"{BUNDLES}/{number}")
    settings = {
        "setups": [setup.to_settings() for _, setup in bundles],
        "simulator": simulator,
        "timeout_s": timeout_s,
        "least": dict(least),
        "keeps_build": keeps_build,
    }
    return Job("tilewright.cores.bundle_job:run", files, json.dumps(settings, sort_keys=True))


def run(folder: Path, settings: dict[str, Any]) -> bytes:
    """Run the bundles; JSON of each `CosimResult`, whose seconds are 0: they are no property of the job."""
    results = run_bundles(
        [
            (folder / BUNDLES / str(number), Setup.of_settings(setup))
            for number, setup in enumerate(settings["setups"])
        ],
        rtl_dir=folder / CORE,
        simulator=settings["simulator"],
        timeout_s=settings["timeout_s"],
        least=settings["least"],
        cache_dir=None if settings["keeps_build"] else folder / "builds",
    )
    facts = [
        asdict(one) | {"fold_cycles": one.fold_cycles.tolist(), "seconds": 0.0} for one in results
    ]
    return (json.dumps(facts, sort_keys=True) + "\n").encode()


def read_results(content: bytes) -> list[CosimResult]:
    """What a job found, bundle by bundle."""
    return [_result(facts) for facts in json.loads(content)]


def _result(facts: dict[str, Any]) -> CosimResult:
    return CosimResult(
        **(
            facts
            | {
                "fold_cycles": np.array(facts["fold_cycles"], dtype=np.int64),
                "mismatches": tuple(LaneMismatch(**one) for one in facts["mismatches"]),
                "overflows": tuple(OverflowVector(**one) for one in facts["overflows"]),
                "faults": tuple(Fault(**one) for one in facts["faults"]),
            }
        )
    )
