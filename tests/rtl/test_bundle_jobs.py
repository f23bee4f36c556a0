"""Bundles as jobs: the same bytes here and on a cluster of two workers, one of which is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from tests.rtl.layers import Case, require_simulator, write_random
from tilewright.cores.bundle_job import bundle_job, read_results
from tilewright.corners import VectorSet
from tilewright.errors import ToolError
from tilewright.mutation import Bench, mutants_of
from tilewright.mutation.elsewhere import mutants_job
from tilewright.programs.jobs import run_job, run_jobs
from tilewright.programs.python_job import python_job
from tilewright.prove.array import ArrayJob
from tilewright.prove.layers import proof_job
from tilewright.prove.our_rtl import read_sources
from tilewright.rtl import RTL_DIR, is_bench
from tilewright.rtl.faulty import faulty_sources
from tilewright.spec import ArrayShape, ConvShape, PsumFault

pytestmark = pytest.mark.rtl
CASE = Case(ConvShape(5, 4, 3, 3, 2, 3, padding=(0, 1)), ArrayShape(3, 2, 20))
CORE = {path.name: path.read_bytes() for path in RTL_DIR.glob("*.sv") if not is_bench(path)}


def _faulty(fault):
    return {name: text.encode() for name, text in faulty_sources(fault).items()}


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    """Jobs of different codes and weights on our core, each but the first with another fault in it."""
    require_simulator("icarus")
    folder = tmp_path_factory.mktemp("tiles")
    return [
        bundle_job(
            [(write_random(folder / str(seed), CASE, seed).folder, CASE.setup)],
            _faulty(PsumFault(seed % 3, seed % 2, seed, "stuck1")) if seed else CORE,
            simulator="icarus",
        )
        for seed in range(6)
    ]


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Two mutants on a bundle, a proof, and a program as the fuzz is one."""
    folder = write_random(tmp_path_factory.mktemp("mutants") / "one", CASE).folder
    sets = [VectorSet("given", "", (folder,), CASE.setup)]
    bench = Bench.prepare(RTL_DIR, sets, simulator="icarus", timeout_s=20)
    mutants = mutants_of(bench.sources["tw_pe.sv"], file="tw_pe.sv")[:2]
    array = ArrayJob(rows=2, cols=2, vectors=2)
    program = python_job(
        ["main.py", "7"],
        {"main.py": b"import sys; open('result', 'w').write(sys.argv[1])"},
        timeout_s=60,
    )
    orders = [(mutant, ()) for mutant in mutants]
    return [mutants_job(bench, orders, sets), proof_job(read_sources(), array), program]


@pytest.fixture(scope="module")
def small_cores(tmp_path_factory):
    """A job of three bundles on one core, with stalls and without, as corner vectors have them."""
    folder = tmp_path_factory.mktemp("corners")
    setups = [CASE.setup, replace(CASE.setup, stall_level=90), CASE.setup]
    pairs = [
        (write_random(folder / str(seed), CASE, 10 + seed).folder, setup)
        for seed, setup in enumerate(setups)
    ]
    return bundle_job(pairs, CORE, simulator="icarus")


@pytest.fixture(scope="module")
def serial(tiles):
    return list(run_jobs(tiles))


def test_a_job_says_what_the_core_did(serial, tiles):
    assert len(set(serial)) == 6
    (found,) = read_results(serial[0])
    assert (found.psums_compared, found.psum_mismatches, found.mismatches) == (3 * 3 * 3, 0, ())
    assert found.cycles == sum(sum(map(sum, folds)) for folds in found.fold_cycles) > 0
    assert list(run_jobs(tiles[:2], threads=2)) == serial[:2]


def test_a_job_of_several_bundles_gives_each_in_order(small_cores):
    plain, stalled, other = read_results(run_job(small_cores))
    assert plain.cycles == other.cycles < stalled.cycles
    assert all(one.is_exact and one.psums_compared == 27 for one in (plain, stalled, other))


def test_a_job_with_a_fault_in_its_core_says_so(tmp_path):
    require_simulator("icarus")
    bundle = write_random(tmp_path / "one", CASE).folder
    core = _faulty(PsumFault(2, 1, 1, "stuck1"))
    (content,) = run_jobs([bundle_job([(bundle, CASE.setup)], core, simulator="icarus")])
    (found,) = read_results(content)
    assert found.psum_mismatches > 0
    assert "psum at (oc=1" in str(found.mismatches[0])


def test_a_core_without_a_place_for_the_fault_is_refused(tmp_path, monkeypatch):
    (tmp_path / "tw_array.sv").write_text("module tw_array; endmodule\n")
    monkeypatch.setattr("tilewright.rtl.faulty.RTL_DIR", tmp_path)
    with pytest.raises(ToolError, match=r"tw_array\.sv must have .* once, but has not"):
        faulty_sources(PsumFault(0, 0, 0, "stuck0"))


def _started(module, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


@pytest.fixture
def cluster(tmp_path):
    """The address of a scheduler with two workers, and their processes."""
    pytest.importorskip("distributed")
    facts = tmp_path / "scheduler.json"
    quiet = ("--no-dashboard", "--host", "127.0.0.1")
    processes = [_started("dask_scheduler", *quiet, "--port", 0, "--scheduler-file", facts)]
    try:
        until = time.monotonic() + 60
        while not facts.exists() or not facts.read_text():
            assert time.monotonic() < until
            time.sleep(0.05)
        address = json.loads(facts.read_text())["address"]
        for name in ("one", "two"):
            options = ("--no-nanny", "--nthreads", 1, "--name", name)
            own = ("--local-directory", tmp_path / name)
            processes.append(_started("dask_worker", address, *quiet, *options, *own))
        yield address, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.filterwarnings("ignore")
def test_a_killed_worker_costs_no_result(cluster, tiles, others, small_cores, serial):
    from distributed import Client

    address, workers = cluster
    with Client(address) as client:
        client.wait_for_workers(2, timeout=60)
    rest = [*others, small_cores]
    results = run_jobs([*tiles, *rest], workers=address)
    found = [next(results)]
    workers[0].send_signal(signal.SIGKILL)
    assert found + list(results) == serial + list(run_jobs(rest))
    assert workers[0].wait() == -signal.SIGKILL
    assert workers[1].poll() is None


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_without_workers_is_one_line(cluster, tiles):
    address, workers = cluster
    for worker in workers:
        worker.kill()
        worker.wait()
    time.sleep(1)
    with pytest.raises(ToolError, match="has no worker: start 'dask worker tcp://"):
        list(run_jobs(tiles, workers=address))
