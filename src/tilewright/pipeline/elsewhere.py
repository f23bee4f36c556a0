"""The bundles of a run through the RTL, by the workers of a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tilewright.config import CosimConfig
from tilewright.cores import CosimResult, Setup, read_sources
from tilewright.cores.bundle_job import bundle_job, read_result
from tilewright.facts import ExportFacts
from tilewright.pipeline.run_folder import RunFolder
from tilewright.programs.jobs import run_jobs


def run_elsewhere(
    run: RunFolder,
    exported: ExportFacts,
    config: CosimConfig,
    *,
    setup: Setup,
    least: Mapping[str, int],
    workers: str,
) -> Iterator[CosimResult]:
    """The results of all bundles, in their order; none where there is no cluster.

    least: as `run_bundle` takes it; workers: a cluster's address, as `run_jobs` takes it, or "". Raises
    what `run_jobs` raises.
    """
    if not workers:
        return
    core = read_sources(Path(config.rtl_dir) if config.rtl_dir else None)
    jobs = [
        bundle_job(
            run.root / bundle.folder,
            core,
            setup=setup,
            simulator=config.simulator,
            timeout_s=config.timeout_s,
            least_memories=least,
            keeps_build=True,
        )
        for bundle in exported.bundles
    ]
    yield from map(read_result, run_jobs(jobs, workers=workers))
