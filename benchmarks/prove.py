"""How fast arrays are proved, and whether any verdict is wrong.

python benchmarks/prove.py array [--size 16] [--vectors 36] [--sketch FILE.py]
    prove the array; with the sketch: its time on the same netlist, one after the other
python benchmarks/prove.py wrong
    all wrong and all equal designs of tests/formal: proved, refuted, undecided
python benchmarks/prove.py mutants [--count 40] [--inputs 50]
    mutants of the array; each verdict against Icarus on corners and random inputs
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.formal import arrays, wrong

from tilewright.mutation import mutants_of
from tilewright.mutation.mutant import Mutant, sample
from tilewright.mutation.proofs import JOBS
from tilewright.prove.algebra import Algebra
from tilewright.prove.any_array import prove_recorded
from tilewright.prove.array import ArrayClaim, ArrayJob
from tilewright.prove.confirm import Confirmation
from tilewright.prove.elaborate import elaborate, elaborate_json
from tilewright.prove.our_rtl import prove_array, read_sources
from tilewright.prove.proof import Prover
from tilewright.prove.streams import read_described
from tilewright.prove.words import Words

OURS = {"own_ws": (3, 4, 9), "own_half": (3, 4, 9), "own_os": (3, 4, 11)}
"""Rows, columns and psum bits that the benches of our own array give it."""


def time_array(size: int, vectors: int, sketch: Path | None) -> None:
    """Seconds of processor time, ours and the sketch's, on one netlist."""
    job = ArrayJob(rows=size, cols=size, vectors=vectors, folds=1)
    text = elaborate_json(read_sources(), top="tw_array", parameters=job.parameters)
    began = time.process_time()
    print(prove_array(read_sources(), job, confirms=False))
    ours = time.process_time() - began
    print(f"prove: {ours:.2f} s of processor time, the netlist read from its file")
    if sketch is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "netlist.json"
        path.write_text(text)
        began = time.process_time(), sum(_children())
        command = [sys.executable, str(sketch), str(path), str(size), str(size), str(vectors)]
        print(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
        theirs = sum(_children()) - began[1]
    print(f"sketch: {theirs:.2f} s of processor time; prove / sketch = {ours / theirs:.2f}")


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


def cross_check(count: int, inputs: int) -> None:
    """Each verdict of mutants against a simulator."""
    sources = read_sources()
    found = [one for file, text in sources.items() for one in mutants_of(text, file=file)]
    counts: Counter[str] = Counter()
    for mutant in sample(found, count, seed=0):
        counts.update(_cross_check(mutant, sources, inputs))
    print(", ".join(f"{number} {what}" for what, number in sorted(counts.items())))


def _cross_check(mutant: Mutant, sources: dict[str, str], inputs: int) -> Counter[str]:
    texts = {**sources, mutant.file: mutant.apply(sources[mutant.file])}
    counts: Counter[str] = Counter()
    for job in JOBS:
        try:
            netlist = elaborate(texts, top="tw_array", parameters=job.parameters)
        except Exception:
            return Counter({"not elaborated": 1})
        words = Words(Algebra())
        confirm = Confirmation(netlist, texts, job.parameters)
        prover = Prover(netlist, ArrayClaim(job, words), words, confirm=confirm)
        verdict = prover.run()
        counts[verdict.answer] += 1
        if verdict.answer == "proved":
            contradictions = _contradictions(prover, confirm, inputs)
            counts["values simulated"] += len(prover.checked) * inputs
            counts["contradictions"] += contradictions
            if contradictions:
                print(f"CONTRADICTION {mutant}: {verdict}")
        elif verdict.answer == "refuted":
            counts["refuted, confirmed"] += bool(verdict.killing and verdict.killing.is_confirmed)
            return counts
    return counts


def _contradictions(prover: Prover, confirm: Confirmation, inputs: int) -> int:
    """How many values a simulation shows that a proof says are others."""
    rng, algebra, wrong_values = random.Random(0), prover.words.algebra, 0
    runs, wanted = [], []
    for number in range(inputs):
        point = {
            index: rng.choice((one.low, one.high)) if number % 2 else rng.randint(one.low, one.high)
            for index, one in enumerate(algebra.variables)
            if one.meaning is None
        }
        known: dict[int, int] = {}
        runs += [
            {name: prover.words.evaluate(v, point, known) for name, v in one.items()}
            for one in prover.history
        ]
        wanted.append(
            [algebra.evaluate(check.expected, point, known) for _, check in prover.checked]
        )
    shown = confirm.watch(runs)
    for number, values in enumerate(wanted):
        for (cycle, check), value in zip(prover.checked, values, strict=True):
            bits = shown[number * len(prover.history) + cycle][check.port]
            end = len(bits) - check.low
            seen = bits[end - check.width : end]
            wrong_values += seen != f"{value & ((1 << check.width) - 1):0{check.width}b}"
    return wrong_values


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("array", "wrong", "mutants"))
    parser.add_argument("--size", type=int, default=16)
    parser.add_argument("--vectors", type=int, default=36)
    parser.add_argument("--sketch", type=Path)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--inputs", type=int, default=50)
    options = parser.parse_args()
    if options.what == "array":
        time_array(options.size, options.vectors, options.sketch)
    elif options.what == "wrong":
        judge_designs()
    else:
        cross_check(options.count, options.inputs)


if __name__ == "__main__":
    main()
