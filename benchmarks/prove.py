"""How fast arrays are proved, and whether any verdict is wrong.

python benchmarks/prove.py array [--size 16] [--vectors 36] [--sketch FILE.py]
    prove the array; with the sketch: its time on the same array, one after the other
python benchmarks/prove.py wrong
    all wrong and all equal designs of tests/formal: proved, refuted, undecided
python benchmarks/prove.py mutants [--of array|pairs|core] [--count 40] [--inputs 50] [--seed 0]
                                   [--simulator icarus] [--log FILE] [--limit SECONDS]
    mutants of the array in all modes, two at once, or mutants of the rest of the core; each verdict
    against a simulator on corners and random inputs. A log is gone on with; of it counts what the same
    prover found. Icarus builds a mutant in a tenth of a second of processor time and Verilator in one, many
    at once, which its speed does not win back here.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.cross_check import KINDS, cross_check
from tests.formal import arrays, wrong

from tilewright.cores import find_simulator
from tilewright.formal import run_yosys
from tilewright.prove.any_array import prove_recorded
from tilewright.prove.array import ArrayJob
from tilewright.prove.elaborate import elaborate_json
from tilewright.prove.our_rtl import prove_array, read_sources
from tilewright.prove.streams import read_described

OURS = {"own_ws": (3, 4, 9), "own_half": (3, 4, 9), "own_os": (3, 4, 11)}
"""Rows, columns and psum bits that the benches of our own array give it."""


def time_array(size: int, vectors: int, sketch: Path | None) -> None:
    """Seconds of processor time, ours and the sketch's, on one array."""
    job = ArrayJob(rows=size, cols=size, vectors=vectors, folds=1)
    elaborate_json(read_sources(), top="tw_array", parameters=job.parameters)
    began = time.process_time()
    print(prove_array(read_sources(), job, confirms=False))
    ours = time.process_time() - began
    print(f"prove: {ours:.2f} s of processor time, the netlist read from its file")
    if sketch is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "netlist.json"
        _elaborate_for_sketch(job, path.parent)
        began = time.process_time(), sum(_children())
        command = [sys.executable, str(sketch), str(path), str(size), str(size), str(vectors)]
        print(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
        theirs = sum(_children()) - began[1]
    print(f"sketch: {theirs:.2f} s of processor time; prove / sketch = {ours / theirs:.2f}")


def _elaborate_for_sketch(job: ArrayJob, folder: Path) -> None:
    """Leave ``netlist.json``, simplified by yosys: the sketch does not know all cells."""
    sizes = " ".join(f"-set {name} {value}" for name, value in job.parameters.items())
    sources = read_sources()
    script = f"""read_verilog -sv {" ".join(sources)}
chparam {sizes} tw_array
hierarchy -check -top tw_array
proc
flatten
opt_expr
opt_clean
write_json netlist.json
"""
    status, output = run_yosys(script, sources, folder=folder, timeout_s=600)
    assert status == 0, output


def _children() -> tuple[float, float]:
    import os

    times = os.times()
    return times.children_user, times.children_system


def judge_designs() -> None:
    """All wrong and equal designs of another author."""
    counts: Counter[tuple[str, str]] = Counter()
    runs: dict[str, Path] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, designs in (("wrong", wrong.read_wrong()), ("equal", wrong.read_equal())):
            for one in designs:
                design = arrays.load(one.design)
                if arrays.needs(design):
                    continue
                if one.design not in runs:
                    runs[one.design] = Path(folder) / one.design
                    runs[one.design].mkdir()
                    arrays.simulate(design, runs[one.design], design.sizes["P"], 5)
                described = read_described(arrays.FOLDER / one.design / "design.toml")
                if one.design in OURS:
                    names = ("Rows", "Cols", "ColumnBits")
                    sizes = dict(zip(names, OURS[one.design], strict=True))
                    described = replace(described, parameters=sizes)
                texts = arrays.as_verilog(one.sources(), runs[one.design], design.top)
                vcd = runs[one.design] / "run.vcd"
                began = time.process_time()
                verdict = prove_recorded(texts, described, vcd, scope="dut")
                seconds = time.process_time() - began
                print(f"{verdict.answer} {seconds:.1f} s: {one.design}, {one.name}", flush=True)
                counts[kind, verdict.answer] += 1
                if (kind, verdict.answer) in (("wrong", "proved"), ("equal", "refuted")):
                    print(f"CONTRADICTION {one.design}, {one.name}: {verdict}")
    print(", ".join(f"{count} {kind} {answer}" for (kind, answer), count in sorted(counts.items())))


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("array", "wrong", "mutants"))
    parser.add_argument("--size", type=int, default=16)
    parser.add_argument("--vectors", type=int, default=36)
    parser.add_argument("--sketch", type=Path)
    parser.add_argument("--of", choices=KINDS, default=KINDS[0])
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--inputs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--simulator", default="icarus")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--limit", type=float, default=float("inf"))
    options = parser.parse_args()
    if options.what == "array":
        time_array(options.size, options.vectors, options.sketch)
    elif options.what == "wrong":
        judge_designs()
    else:
        tally = cross_check(
            options.of,
            count=options.count,
            inputs=options.inputs,
            seed=options.seed,
            simulator=find_simulator(options.simulator),
            log=options.log,
            limit_s=options.limit,
        )
        print(tally)


if __name__ == "__main__":
    main()
