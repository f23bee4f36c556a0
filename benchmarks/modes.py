"""Does the RTL compute a trained network in every mode, on arrays of all sizes, by value and by cycle?

``python benchmarks/modes.py RUN [--arrays 4x4,8x8,8x16,16x8,16x16,5x7] [--modes ws,simd,os]
[--layers NAME,...] [--schedule serial|overlapped] [--samples 1] [--simulator auto] [--processes 1] [--json]``

RUN is the folder of a run with its integers (`tilewright recover`). Each layer and sample is exported with
the naive reference's psums, run through the RTL from the files, and through the model from memory. Psums
as put out, psums in PMEM, outputs, and the cycles of every fold must be equal, or the exit status is 1.
Layers whose activations are too wide for two in a PE are left out of mode "simd". Prints how much was
compared; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.cosim import Setup, run_bundle
from tilewright.pipeline.array_mode import ArrayMode, words
from tilewright.pipeline.run_folder import RunFolder
from tilewright.sim import simulate
from tilewright.spec import ArrayShape, IntegerLayer
from tilewright.tile import TilePlan
from tilewright.vectors import load_layout, write_bundle
from tilewright.verify import reference_psums

LAYOUTS = {"ws": "ece284-ws", "simd": "ece284-2b", "os": "ece284-os"}
ARRAYS = "4x4,8x8,8x16,16x8,16x16,5x7"


def run_one(
    layer: IntegerLayer, codes: np.ndarray, array: ArrayShape, mode: ArrayMode, options: Any
) -> dict[str, Any]:
    """One layer and sample (``ic ih iw``) on one array in one mode: what was compared, and what differs."""
    plan = mode.plan(layer, array)
    model = simulate(plan, *words(plan, layer.weight, codes), schedule=mode.timing)
    with tempfile.TemporaryDirectory() as folder:
        bundle = write_bundle(
            Path(folder) / "bundle",
            layer=layer,
            plan=TilePlan(layer.shape, array),
            layout=load_layout(LAYOUTS[mode.mode]),
            codes=codes,
            psums=reference_psums(codes[None], layer)[0],
            sample=0,
        )
        rtl = run_bundle(
            bundle.folder,
            setup=Setup(schedule=mode.timing),
            simulator=options.simulator,
            processes=options.processes,
            timeout_s=options.timeout_s,
        )
    same_cycles = np.array_equal(rtl.fold_cycles, model.fold_cycles)
    return {
        "psums": rtl.psums_compared,
        "outputs": rtl.outputs_compared,
        "tiles": rtl.tiles,
        "cycles": rtl.cycles,
        "wrong": 0 if rtl.is_exact and same_cycles else 1,
        "first": "" if rtl.is_exact else str([*rtl.mismatches, *rtl.overflows, *rtl.faults][0]),
    }


def cases(run: RunFolder, options: Any) -> Iterator[tuple[str, str, IntegerLayer, int]]:
    """Array, mode, layer and position of the sample."""
    chosen = options.layers.split(",") if options.layers else None
    for array in options.arrays.split(","):
        for mode in options.modes.split(","):
            for layer in run.network().layers:
                is_wide = mode == "simd" and 2 * layer.act_format.bits > 8
                if (chosen is None or layer.name in chosen) and not is_wide:
                    yield from ((array, mode, layer, n) for n in range(options.samples))


def main() -> None:
    """Run all cases, print one line each and the totals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--arrays", default=ARRAYS)
    parser.add_argument("--modes", default="ws,simd,os")
    parser.add_argument("--layers", default="")
    parser.add_argument("--schedule", default="overlapped", choices=("serial", "overlapped"))
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--simulator", default="auto", choices=("auto", "verilator", "icarus"))
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--timeout-s", type=float, default=3600.0)
    parser.add_argument("--psum-bits", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    options = parser.parse_args()
    run = RunFolder(options.run)
    stimulus = run.stimulus()
    totals: dict[str, int] = dict.fromkeys(("psums", "outputs", "tiles", "cycles", "wrong"), 0)
    since = time.monotonic()
    for size, mode, layer, position in cases(run, options):
        rows, cols = (int(part) for part in size.split("x"))
        array = ArrayShape(rows, cols, options.psum_bits)
        codes = stimulus.codes[layer.name][position]
        found = run_one(layer, codes, array, ArrayMode(mode, options.schedule), options)
        totals = {key: totals[key] + found[key] for key in totals}
        if not options.json:
            print(
                f"{size:6} {mode:5} {layer.name}, sample {position}: {found['psums']:,} psums, "
                f"{found['tiles']:,} tiles, {found['cycles']:,} cycles: "
                f"{'DIFFERS ' + found['first'] if found['wrong'] else 'equal'}",
                flush=True,
            )
    seconds = round(time.monotonic() - since, 1)
    print(json.dumps(totals | {"simulator": options.simulator, "seconds": seconds}))
    sys.exit(1 if totals["wrong"] or not totals["psums"] else 0)


if __name__ == "__main__":
    main()
