"""Run a bundle's files through the RTL."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilewright.cosim.build_cache import cached_build
from tilewright.cosim.result import CosimResult, LaneMismatch, OverflowVector
from tilewright.cosim.run_list import Run, check_runnable, parameters, run_list
from tilewright.cosim.setup import Setup
from tilewright.cosim.simulator import Simulator, SimulatorName, find_simulator
from tilewright.cosim.transcript import Transcript, read_transcript
from tilewright.errors import ToolError
from tilewright.rtl import RTL_DIR
from tilewright.vectors import Bundle, read_bundle

TOP = "tw_core_tb"
"""The testbench's module, and the stem of its file."""

DEFAULT = Setup()


def run_bundle(
    folder: Path,
    *,
    setup: Setup = DEFAULT,
    simulator: SimulatorName = "auto",
    rtl_dir: Path | None = None,
    timeout_s: float = 600.0,
    cache_dir: Path | None = None,
) -> CosimResult:
    """Simulate the RTL core on the bundle in `folder`, from its files, and judge every word.

    `rtl_dir` holds another core to simulate: module ``tw_core`` and what it needs, with our ports;
    the testbench is always ours. `timeout_s` limits the build, and again the run. Builds are kept
    in `cache_dir` (default: the user's cache folder).

    Raises `ArtifactError`, `FormatError` or `ShapeError` if the bundle is damaged or not for this
    core, `ToolError` if the simulator is missing, fails, or does not end in time, and
    `SimulationError` if the core broke off the simulation.
    """
    (result,) = run_bundles(
        [(folder, setup)],
        simulator=simulator,
        rtl_dir=rtl_dir,
        timeout_s=timeout_s,
        cache_dir=cache_dir,
    )
    return result


def run_bundles(
    bundles: Sequence[tuple[Path, Setup]],
    *,
    simulator: SimulatorName = "auto",
    rtl_dir: Path | None = None,
    timeout_s: float = 600.0,
    cache_dir: Path | None = None,
) -> tuple[CosimResult, ...]:
    """Run bundles, in whatever modes, one after the other on one core in one simulation: see `run_bundle`.

    Stalls, resets and waves are those of the first setup.
    """
    since = time.monotonic()
    runs = [Run(read_bundle(folder), setup) for folder, setup in bundles]
    for run in runs:
        check_runnable(run)
    chosen = find_simulator(simulator)
    if runs[0].setup.waves is not None:
        chosen = chosen.with_waves()
    program = cached_build(
        chosen,
        read_sources(rtl_dir),
        top=TOP,
        parameters=parameters(runs),
        cache_dir=cache_dir,
        timeout_s=timeout_s,
    )
    transcripts = simulate(chosen, program, runs, timeout_s=timeout_s)
    seconds = time.monotonic() - since
    return tuple(
        _judge(run, transcript, chosen, seconds=seconds)
        for run, transcript in zip(runs, transcripts, strict=True)
    )


def read_sources(rtl_dir: Path | None = None) -> dict[str, bytes]:
    """File names to contents: our testbench first, then the core in `rtl_dir` (default: ours).

    Raises `ToolError` if `rtl_dir` has no core.
    """
    folder = RTL_DIR if rtl_dir is None else rtl_dir
    bench = f"{TOP}.sv"
    sources = {bench: (RTL_DIR / bench).read_bytes()}
    sources |= {
        path.name: path.read_bytes() for path in sorted(folder.glob("*.sv")) if path.name != bench
    }
    if "tw_core.sv" not in sources:
        raise ToolError(f"{folder} must hold the core to simulate, tw_core.sv, but does not")
    return sources


def simulate(
    simulator: Simulator, program: Path, runs: Sequence[Run], *, timeout_s: float
) -> tuple[Transcript, ...]:
    """Run a built testbench in a folder where its file names are valid."""
    with tempfile.TemporaryDirectory(prefix="tilewright-run-") as name:
        path = Path(name) / "run_list.txt"
        path.write_text(run_list(runs), encoding="utf-8")
        if len(runs) > 1:
            for number, run in enumerate(runs):
                (Path(name) / str(number)).symlink_to(run.bundle.folder.absolute())
        status, output = simulator.run(
            program,
            plusargs={"run_list": str(path), **runs[0].setup.plusargs},
            folder=Path(name) if len(runs) > 1 else runs[0].bundle.folder,
            timeout_s=timeout_s,
        )
    return read_transcript(output, status=status, layers=len(runs))


def _judge(
    run: Run, transcript: Transcript, simulator: Simulator, *, seconds: float
) -> CosimResult:
    bundle, counts = run.bundle, transcript.counts
    jobs = -(-run.plan.otiles // run.otiles_per_job)
    values = bundle.shape.oc * bundle.shape.onij
    found = len(transcript.jobs), counts["psums"], counts["outputs"]
    if found != (jobs, values, values):
        raise ToolError(
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
        cycles=sum(int(job["cycles"]) for job in transcript.jobs),
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
    otile, itile, kij, onij = (int(entry[key]) for key in ("otile", "itile", "kij", "onij"))
    return OverflowVector(otile, itile, kij, onij, entry["pe"] != "0", entry["pmem"] != "0")


def _fold_cycles(run: Run, transcript: Transcript) -> npt.NDArray[np.int64]:
    cycles = np.zeros(run.plan.fold_grid, np.int64)
    for fold in transcript.folds:
        place = int(fold["otile"]), int(fold["itile"]), int(fold["kij"])
        if all(index < size for index, size in zip(place, cycles.shape, strict=True)):
            cycles[place] = int(fold["cycles"])
    return cycles  # otile itile kij


def _locate(bundle: Bundle, entry: dict[str, str]) -> LaneMismatch:
    otile, onij, col = int(entry["otile"]), int(entry["onij"]), int(entry["col"])
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


def _number(bits: str) -> int | str:
    """Two's complement bits to a number; bits with x, and "missing", stay text."""
    if not set(bits) <= {"0", "1"}:
        return bits
    return int(bits, 2) - (int(bits[0]) << len(bits))
