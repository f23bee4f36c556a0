"""A bundle on a core as a job that can be run anywhere: the files of both, and how it is run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tilewright.cores.run import run_bundle
from tilewright.cores.setup import Setup
from tilewright.programs.jobs import Job
from tilewright.spec import PsumRule, Schedule

BUNDLE, CORE = "bundle", "core"


@dataclass(frozen=True, slots=True)
class BundleRun:
    """What is the same wherever a bundle is run: counts, cycles of each fold ``otile itile kij``."""

    psums_compared: int
    psum_mismatches: int
    stored_mismatches: int
    output_mismatches: int
    overflow_vectors: int
    cycles: int
    fold_cycles: list[Any]
    first: str

    @classmethod
    def read(cls, content: bytes) -> BundleRun:
        """From what the job gives."""
        return cls(**json.loads(content))


def bundle_job(
    bundle: Path, core: Mapping[str, str], *, setup: Setup, simulator: str, timeout_s: float = 600.0
) -> Job:
    """The job that runs the bundle in a folder on a core, given as file names to text, with our ports.

    Of `setup`, schedule and rule are taken: no stalls, resets or waves.
    """
    files = {
        f"{BUNDLE}/{path.relative_to(bundle)}": path.read_bytes()
        for path in sorted(bundle.rglob("*"))
        if path.is_file()
    }
    files |= {f"{CORE}/{name}": text.encode() for name, text in core.items()}
    settings = {
        "schedule": asdict(setup.schedule),
        "rule": asdict(setup.rule),
        "simulator": simulator,
        "timeout_s": timeout_s,
    }
    return Job("tilewright.cores.bundle_job:run", files, json.dumps(settings, sort_keys=True))


def run(folder: Path, settings: dict[str, Any]) -> bytes:
    """Run the bundle; JSON of a `BundleRun`."""
    result = run_bundle(
        folder / BUNDLE,
        setup=Setup(schedule=Schedule(**settings["schedule"]), rule=PsumRule(**settings["rule"])),
        rtl_dir=folder / CORE,
        simulator=settings["simulator"],
        timeout_s=settings["timeout_s"],
        cache_dir=folder / "builds",
    )
    differing = [*result.mismatches, *result.faults]
    found = BundleRun(
        psums_compared=result.psums_compared,
        psum_mismatches=result.psum_mismatches,
        stored_mismatches=result.stored_mismatches,
        output_mismatches=result.output_mismatches,
        overflow_vectors=result.overflow_vectors,
        cycles=result.cycles,
        fold_cycles=result.fold_cycles.tolist(),
        first=str(differing[0]) if differing else "",
    )
    return (json.dumps(asdict(found), sort_keys=True) + "\n").encode()
