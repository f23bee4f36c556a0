"""Run a bundle's files through the RTL."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from secrets import token_hex
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from tilewright.cores.build_cache import cached_build
from tilewright.cores.result import CosimResult, LaneMismatch, OverflowVector, merge
from tilewright.cores.run_list import (
    AS_NEEDED,
    BenchRun,
    by_core,
    check_runnable,
    grouped,
    parameters,
    run_list,
)
from tilewright.cores.setup import Setup
from tilewright.cores.simulator import Simulator, find_simulator, for_many_builds
from tilewright.cores.sources import TOP, data_of, read_sources
from tilewright.cores.transcript import Transcript, read_record, read_transcript
from tilewright.errors import SimulationError
from tilewright.programs.process import program_threads
from tilewright.vectors import Bundle, read_bundle

SIGNED = "TW_ACT_SIGNED"
"""The macro by which the bench gives the core its parameter ActSigned; other cores need none."""

MOST_COMPILED = 64 * 64
"""PEs of the largest array that "auto" has compiled: it takes minutes (docs/lab/figures.md)."""

DEFAULT = Setup()
NO_PLUSARGS: Mapping[str, str] = MappingProxyType({})
NO_DATA: Mapping[str, bytes] = MappingProxyType({})


def run_bundle(
    folder: Path,
    *,
    setup: Setup = DEFAULT,
    simulator: str = "auto",
    rtl_dir: Path | None = None,
    timeout_s: float = 600.0,
    cache_dir: Path | None = None,
    processes: int = 1,
    failure_waves: Path | None = None,
    least: Mapping[str, int] = AS_NEEDED,
) -> CosimResult:
    """Simulate the RTL core on the bundle in `folder`, from its files, and judge every word.

    The output tiles are shared out to at most `processes` simulations at a time; a whole layer in one
    job is one simulation. If anything differs, `failure_waves` becomes a VCD file of the first output
    tile that does, run once more by itself.

    `rtl_dir` holds another core to simulate, in it or below: module ``tw_core`` and what it needs, with our
    ports; the testbench is always ours. `timeout_s` limits the build, and again the run. Builds are kept
    in `cache_dir` (default: the user's cache folder). Whoever runs several layers gives what
    `needed_by_all` says of them as `least`: then one build serves them.

    Raises `ArtifactError`, `FormatError` or `ShapeError` if the bundle is damaged or not for this
    core, `ToolError` if the simulator is missing, fails, or does not end in time, and
    `SimulationError` if the core broke off the simulation.
    """
    since = time.monotonic()
    run = BenchRun(read_bundle(folder), setup)
    check_runnable(run)
    builder = Builder(_found(simulator, [run]), read_sources(rtl_dir), cache_dir, timeout_s)
    program = builder.program([run], least)
    parts = [replace(run, part=part) for part in _shares(run, processes)]
    with program_threads(len(parts)) as pool:
        transcripts = pool.each(lambda part: builder.simulate(program, [part])[0], parts)
        seconds = time.monotonic() - since
        results = [
            _judge(part, transcript, builder.simulator, seconds=seconds)
            for part, transcript in zip(parts, transcripts, strict=True)
        ]
    result = merge(results, seconds=time.monotonic() - since)
    if failure_waves is not None and not result.is_exact:
        _record(run, result, builder, failure_waves)
    return result


def run_bundles(
    bundles: Sequence[tuple[Path, Setup]],
    *,
    simulator: str = "auto",
    rtl_dir: Path | None = None,
    timeout_s: float = 600.0,
    cache_dir: Path | None = None,
    processes: int = 1,
    least: Mapping[str, int] = AS_NEEDED,
) -> tuple[CosimResult, ...]:
    """Run bundles, in whatever modes, one after the other in as few simulations as they allow.

    Those of one core, with the same stalls and resets, share a simulation; `processes` of them run at a
    time, each no longer than `timeout_s` seconds. least: as `run_bundle` takes them. Results are in
    the order of `bundles`; raises what `run_bundle` does.
    """
    since = time.monotonic()
    runs = [BenchRun(read_bundle(folder), setup) for folder, setup in bundles]
    for run in runs:
        check_runnable(run)
    builder = Builder(_found(simulator, runs), read_sources(rtl_dir), cache_dir, timeout_s)
    shares = list(_shared(runs, builder, least))
    with program_threads(processes) as pool:
        transcripts = pool.each(
            lambda share: builder.simulate(share[0], [runs[number] for number in share[1]]), shares
        )
        found = {
            number: transcript
            for (_, numbers), together in zip(shares, transcripts, strict=True)
            for number, transcript in zip(numbers, together, strict=True)
        }
    seconds = time.monotonic() - since
    return tuple(
        _judge(run, found[number], builder.simulator, seconds=seconds)
        for number, run in enumerate(runs)
    )


def _found(simulator: str, runs: Sequence[BenchRun]) -> Simulator:
    """The simulator of that name; for "auto" and an array too large to compile, one that builds at once."""
    pes = max((run.bundle.array.rows * run.bundle.array.cols for run in runs), default=0)
    return find_simulator(for_many_builds(simulator) if pes > MOST_COMPILED else simulator)


def _shared(
    runs: Sequence[BenchRun], builder: Builder, least: Mapping[str, int]
) -> Iterator[tuple[Path, list[int]]]:
    """For each simulation its program, and the numbers of its runs: one program for a core."""
    for same_core in by_core(runs, least):
        program = builder.program([runs[number] for number in same_core], least)
        for numbers in grouped(same_core, lambda number: runs[number].setup.plusargs):
            yield program, numbers


@dataclass(frozen=True, slots=True)
class Builder:
    """A simulator, the sources of a core, where builds are kept, and how long anything may take."""

    simulator: Simulator
    sources: Mapping[str, bytes]
    cache_dir: Path | None
    timeout_s: float

    def program(self, runs: Sequence[BenchRun], least: Mapping[str, int] = AS_NEEDED) -> Path:
        """The testbench built for `runs` of one core; able to write waves if any of them asks for them."""
        has_waves = any(run.setup.waves is not None for run in runs)
        values = parameters(runs, least)
        return cached_build(
            self.simulator.with_waves() if has_waves else self.simulator,
            self.sources,
            top=TOP,
            parameters=values,
            cache_dir=self.cache_dir,
            timeout_s=self.timeout_s,
            defines=(SIGNED,) if values["ActSigned"] else (),
        )

    def simulate(
        self, program: Path, runs: Sequence[BenchRun], plusargs: Mapping[str, str] = NO_PLUSARGS
    ) -> tuple[Transcript, ...]:
        """Run the testbench on `runs`, one after the other in one simulation, with plusargs of the core."""
        return simulate(
            self.simulator,
            program,
            runs,
            timeout_s=self.timeout_s,
            plusargs=plusargs,
            data=data_of(self.sources),
        )

    def results(
        self, program: Path, runs: Sequence[BenchRun], plusargs: Mapping[str, str]
    ) -> tuple[CosimResult, ...]:
        """What `simulate` finds, judged; the seconds are left out."""
        transcripts = self.simulate(program, runs, plusargs)
        return tuple(
            _judge(run, transcript, self.simulator, seconds=0.0)
            for run, transcript in zip(runs, transcripts, strict=True)
        )


def _shares(run: BenchRun, processes: int) -> list[range]:
    """The output tiles in at most `processes` contiguous parts of about the same size."""
    otiles = len(run.otiles)
    parts = 1 if run.setup.schedule.is_whole_layer else max(1, min(processes, otiles))
    ends = [otiles * part // parts for part in range(parts + 1)]
    return [range(a, b) for a, b in pairwise(ends)]


def _record(run: BenchRun, result: CosimResult, builder: Builder, waves: Path) -> None:
    """Waves of the first output tile that differs."""
    first = result.first_wrong_otile
    alone = replace(run, part=range(first, first + 1), setup=replace(run.setup, waves=waves))
    builder.simulate(builder.program([alone]), [alone])


def simulate(
    simulator: Simulator,
    program: Path,
    runs: Sequence[BenchRun],
    *,
    timeout_s: float,
    plusargs: Mapping[str, str] = NO_PLUSARGS,
    data: Mapping[str, bytes] = NO_DATA,
) -> tuple[Transcript, ...]:
    """Run a built testbench in a folder where its file names are valid, and where the core finds its data."""
    is_apart = len(runs) > 1 or bool(data)
    with tempfile.TemporaryDirectory(prefix="tilewright-run-") as name:
        path, record, nonce = Path(name) / "run_list.txt", Path(name) / "record.txt", token_hex(8)
        path.write_text(run_list(runs, is_apart=is_apart), encoding="utf-8")
        own = {"run_list": str(path), "record": str(record), "nonce": nonce}
        for file, content in data.items():
            (Path(name) / file).parent.mkdir(parents=True, exist_ok=True)
            (Path(name) / file).write_bytes(content)
        if is_apart:
            for number, run in enumerate(runs):
                (Path(name) / str(number)).symlink_to(run.bundle.folder.absolute())
        status, output = simulator.run(
            program,
            plusargs={**plusargs, **own, **runs[0].setup.plusargs},
            folder=Path(name) if is_apart else runs[0].bundle.folder,
            timeout_s=timeout_s,
        )
        said = read_record(record)
    return read_transcript(said, nonce=nonce, status=status, output=output, layers=len(runs))


def _judge(
    run: BenchRun, transcript: Transcript, simulator: Simulator, *, seconds: float
) -> CosimResult:
    bundle, counts = run.bundle, transcript.counts
    jobs, values = len(run.otiles) // run.otiles_per_job, run.values
    found = len(transcript.jobs), counts["psums"], counts["outputs"]
    if found != (jobs, values, values):
        raise SimulationError(
            f"the testbench must run {jobs} jobs and compare {values} psums and outputs of layer "
            f"{bundle.layer_name}, but did {found}"
        )
    return CosimResult(
        simulator=simulator.name,
        version=simulator.version,
        layer_name=bundle.layer_name,
        sample=bundle.sample,
        tiles=len(transcript.folds),
        fold_cycles=_fold_cycles(run, transcript),
        cycles=sum(_counters(job, "cycles")[0] for job in transcript.jobs),
        psums_compared=counts["psums"],
        psum_mismatches=counts["psum_mismatches"],
        outputs_compared=counts["outputs"],
        output_mismatches=counts["output_mismatches"],
        stored_mismatches=counts["stored_mismatches"],
        unused_lane_mismatches=counts["unused_mismatches"],
        mismatches=tuple(_locate(bundle, entry) for entry in transcript.mismatches),
        overflow_vectors=counts["overflows"],
        overflows=tuple(_overflow(entry) for entry in transcript.overflows),
        is_overflow_wrong=run.setup.rule.overflow == "error",
        faults=transcript.faults,
        seconds=seconds,
    )


def _overflow(entry: dict[str, str]) -> OverflowVector:
    otile, itile, kij, onij = _counters(entry, "otile", "itile", "kij", "onij")
    return OverflowVector(otile, itile, kij, onij, entry["pe"] != "0", entry["pmem"] != "0")


def _fold_cycles(run: BenchRun, transcript: Transcript) -> npt.NDArray[np.int64]:
    cycles = np.zeros(run.plan.fold_grid, np.int64)
    for fold in transcript.folds:
        place = _counters(fold, "otile", "itile", "kij")
        if all(index < size for index, size in zip(place, cycles.shape, strict=True)):
            (cycles[place],) = _counters(fold, "cycles")
    return cycles  # otile itile kij


def _locate(bundle: Bundle, entry: dict[str, str]) -> LaneMismatch:
    otile, onij, col = _counters(entry, "otile", "onij", "col")
    oc = otile * bundle.array.cols + col
    oh, ow = divmod(onij, bundle.shape.ow)
    return LaneMismatch(
        what=entry["what"],  # type: ignore[arg-type]  # the bench prints nothing else
        oc=oc if oc < bundle.shape.oc else None,
        oh=oh,
        ow=ow,
        otile=otile,
        onij=onij,
        col=col,
        expected=int(_number(entry["expected"])),
        actual=_number(entry["actual"]),
        time_ns=int(entry["time"]),
    )


def _counters(entry: dict[str, str], *keys: str) -> tuple[int, ...]:
    """Numbers that the core counts; raises `SimulationError` where it puts out x instead."""
    try:
        return tuple(int(entry[key]) for key in keys)
    except ValueError:
        said = ", ".join(f"{key}={entry[key]}" for key in keys)
        raise SimulationError(
            f"the core's counters must be known numbers, but are {said}: find the register without a "
            "reset (icarus shows x where verilator shows some number)"
        ) from None


def _number(bits: str) -> int | str:
    """Two's complement bits to a number; bits with x, and "missing", stay text."""
    if not set(bits) <= {"0", "1"}:
        return bits
    return int(bits, 2) - (int(bits[0]) << len(bits))
