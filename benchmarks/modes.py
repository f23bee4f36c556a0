"""Does the RTL compute a trained network in every mode, on arrays of all sizes, by value and by cycle?

``python benchmarks/modes.py NETWORK [--data-dir FOLDER] [--arrays 4x4,8x8,8x16,16x8,16x16,5x7]
[--modes ws,simd,os] [--layers NAME,...] [--schedule serial|overlapped] [--samples 1] [--simulator auto]
[--json]``

NETWORK is a packed network, whose first test images are in FOLDER, or the folder of a run with its
integers and samples (`tilewright recover`). Layers and samples are exported with
the naive reference's psums, run through the RTL from the files, and through the model from memory. Layers
with codes of one width, in whatever modes, follow one another in one simulation of one built core. Psums as
put out, psums in PMEM, outputs, and the cycles of every fold must be equal, or the exit status is 1.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.config import ArrayConfig
from tilewright.cores import CosimResult, Setup, run_bundles
from tilewright.engine import Engine
from tilewright.errors import TilewrightError
from tilewright.pipeline.run_folder import RunFolder
from tilewright.sim import simulate
from tilewright.spec import (
    IntArray,
    IntegerLayer,
    IntegerNetwork,
    PackedNetwork,
    find_packed,
)
from tilewright.studies.packed import load_packed_test
from tilewright.tile import DATAFLOWS, WIDEST_PAIR, Execution, plan_words
from tilewright.vectors import load_layout, write_bundle
from tilewright.verify import reference_outputs, reference_psums

ARRAYS = "4x4,8x8,8x16,16x8,16x16,5x7"


@dataclass(frozen=True, slots=True)
class Case:
    """One layer and sample (``ic ih iw``) on one array in one mode."""

    layer: IntegerLayer
    codes: np.ndarray
    sample: int
    used: ArrayConfig

    @property
    def execution(self) -> Execution:
        """How the layer is run."""
        return self.used.execution(self.layer.shape, act_bits=self.layer.act_format.bits)

    @property
    def act_bits(self) -> int:
        """Width of the activation operand of a PE: cores of one width can share a simulation."""
        channels = DATAFLOWS.get(self.used.mode).channels_per_pe
        return self.layer.act_format.bits * channels

    def export(self, folder: Path) -> tuple[Path, Setup]:
        """Its bundle in `folder`, and how it is run."""
        layout = load_layout(self.execution.plan.dataflow.layout)
        psums = reference_psums(self.codes[None], self.layer)[0]
        bundle = write_bundle(
            folder,
            layer=self.layer,
            plan=self.execution.plan,
            layout=layout,
            codes=self.codes,
            psums=psums,
            outputs=reference_outputs(psums, layout.output),
            sample=self.sample,
        )
        return bundle.folder, Setup(schedule=self.used.timing)

    def compare(self, rtl: CosimResult) -> dict[str, Any]:
        """What was compared, and whether anything differs; the cycles are the model's to say."""
        execution = self.execution
        words = plan_words(execution.plan, self.layer.weight, self.codes)
        model = simulate(execution, *words)
        same_cycles = np.array_equal(rtl.fold_cycles, model.fold_cycles)
        found = [*rtl.mismatches, *rtl.overflows, *rtl.faults, "cycles of a fold"]
        return {
            "psums": rtl.psums_compared,
            "outputs": rtl.outputs_compared,
            "tiles": rtl.tiles,
            "cycles": rtl.cycles,
            "wrong": 0 if rtl.is_exact and same_cycles else 1,
            "first": "" if rtl.is_exact and same_cycles else str(found[0]),
        }


def open_network(path: Path, options: Any) -> tuple[IntegerNetwork, dict[str, IntArray]]:
    """The network, and for each port the codes ``n ic ih iw`` of its samples."""
    stem = find_packed(path)
    if stem is None:
        run = RunFolder(path)
        return run.network(), run.stimulus().codes
    packed = PackedNetwork.load(stem)
    test = load_packed_test(packed, data_dir=options.data_dir)
    return packed.network, Engine(packed.network).trace(test.images[: options.samples]).codes


def simulations(options: Any) -> Iterator[list[Case]]:
    """The cases of one simulation after the other: one array, one width, one sample."""
    chosen = options.layers.split(",") if options.layers else []
    network, codes = open_network(options.network, options)
    layers = [network.layer(name) for name in chosen] or list(network.layers)
    for array in options.arrays.split(","):
        rows, cols = (int(part) for part in array.split("x"))
        for sample in range(options.samples):
            cases = [
                Case(
                    layer,
                    codes[layer.name][sample],
                    sample,
                    ArrayConfig(
                        rows=rows,
                        cols=cols,
                        psum_bits=options.psum_bits,
                        mode=mode,
                        schedule=options.schedule,
                    ),
                )
                for mode in options.modes.split(",")
                for layer in layers
            ]
            for width in sorted({case.act_bits for case in cases if case.act_bits <= WIDEST_PAIR}):
                yield [case for case in cases if case.act_bits == width]


def simulate_rtl(cases: list[Case], options: Any) -> Iterator[tuple[Case, dict[str, Any]]]:
    """All `cases` on one core in one simulation, and what was found for each."""
    with tempfile.TemporaryDirectory() as folder:
        bundles = [case.export(Path(folder) / str(n)) for n, case in enumerate(cases)]
        results = run_bundles(bundles, simulator=options.simulator, timeout_s=options.timeout_s)
    for case, result in zip(cases, results, strict=True):
        yield case, case.compare(result)


def main() -> None:
    """Run all cases, print one line each and the totals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=Path)
    parser.add_argument("--data-dir", type=Path, help="CIFAR-10's binary files")
    parser.add_argument("--arrays", default=ARRAYS)
    parser.add_argument("--modes", default="ws,simd,os")
    parser.add_argument("--layers", default="")
    parser.add_argument("--schedule", default="overlapped", choices=("serial", "overlapped"))
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--simulator", default="auto")
    parser.add_argument("--timeout-s", type=float, default=3600.0)
    parser.add_argument("--psum-bits", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    options = parser.parse_args()
    totals: dict[str, int] = dict.fromkeys(("psums", "outputs", "tiles", "cycles", "wrong"), 0)
    since = time.monotonic()
    for cases in simulations(options):
        for case, found in simulate_rtl(cases, options):
            totals = {key: totals[key] + found[key] for key in totals}
            if not options.json:
                print(
                    f"{case.used.rows}x{case.used.cols} {case.used.mode} {case.layer.name}, "
                    f"sample {case.sample}: {found['psums']:,} psums, {found['tiles']:,} tiles, "
                    f"{found['cycles']:,} cycles: "
                    f"{'DIFFERS ' + found['first'] if found['wrong'] else 'equal'}",
                    flush=True,
                )
    seconds = round(time.monotonic() - since, 1)
    print(json.dumps(totals | {"simulator": options.simulator, "seconds": seconds}))
    sys.exit(1 if totals["wrong"] or not totals["psums"] else 0)


if __name__ == "__main__":
    try:
        main()
    except TilewrightError as error:
        sys.exit(f"error: {error}")
