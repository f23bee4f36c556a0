"""The bundles of a run through the RTL, by the workers of a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tilewright.config import CosimConfig
from tilewright.cores import CosimResult, Setup, read_sources
from tilewright.cores.bundle_job import bundle_job, read_results
from tilewright.cores.run_list import BenchRun, by_core
from tilewright.facts import ExportFacts
from tilewright.pipeline.run_folder import RunFolder
from tilewright.programs.jobs import Job, run_jobs
from tilewright.vectors.manifest import read_manifest


def run_elsewhere(
    run: RunFolder,
    exported: ExportFacts,
    config: CosimConfig,
    *,
    setup: Setup,
    least: Mapping[str, int],
    workers: str,
) -> Iterator[CosimResult]:
    """The results of all bundles of layers, in their order; none where there is no cluster.

    least: as `run_bundle` takes it; workers: a cluster's address, as `run_jobs` takes it, or "". Raises
    what `run_jobs` raises.
    """
    if not workers:
        return
    core = _core(config)
    jobs = [
        _job(Share([(run.root / bundle.folder, setup)], config.simulator, least), config, core)
        for bundle in exported.bundles
    ]
    for content in run_jobs(jobs, workers=workers):
        yield from read_results(content)


@dataclass(frozen=True, slots=True)
class Share:
    """Bundles in their setups, and on what they run together: as `run_bundles` takes these."""

    bundles: Sequence[tuple[Path, Setup]]
    simulator: str
    least: Mapping[str, int]

    def by_core(self) -> Iterable[list[int]]:
        """The numbers of the bundles that one core runs, core by core."""
        runs = [BenchRun(read_manifest(folder), setup) for folder, setup in self.bundles]
        return by_core(runs, self.least)


def run_shares_elsewhere(
    shares: Sequence[Share], config: CosimConfig, *, workers: str
) -> list[list[CosimResult]]:
    """What `run_bundles` gives of each share, by the workers of a cluster: a job for each core.

    workers, and what is raised: as for `run_elsewhere`.
    """
    core, jobs, places = _core(config), list[Job](), list[tuple[int, list[int]]]()
    for place, share in enumerate(shares):
        for numbers in share.by_core():
            pairs = [share.bundles[number] for number in numbers]
            jobs.append(_job(replace(share, bundles=pairs), config, core))
            places.append((place, numbers))
    found: dict[tuple[int, int], CosimResult] = {}
    for (place, numbers), content in zip(places, run_jobs(jobs, workers=workers), strict=True):
        for number, result in zip(numbers, read_results(content), strict=True):
            found[place, number] = result
    return [
        [found[place, number] for number in range(len(share.bundles))]
        for place, share in enumerate(shares)
    ]


def _core(config: CosimConfig) -> dict[str, bytes]:
    return read_sources(Path(config.rtl_dir) if config.rtl_dir else None)


def _job(share: Share, config: CosimConfig, core: Mapping[str, bytes]) -> Job:
    return bundle_job(
        share.bundles,
        core,
        simulator=share.simulator,
        timeout_s=config.timeout_s,
        least=share.least,
        keeps_build=True,
    )
