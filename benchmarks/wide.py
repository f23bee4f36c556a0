"""One fold of a wide square array, from files to the verdict of our RTL.

``python benchmarks/wide.py SIZE [--simulator icarus] [--json]``

A layer of SIZE input and SIZE output channels, 1x1 on 4x4 pixels of random 4-bit codes, fills a weight
stationary array of SIZE x SIZE with 20-bit psums once. Its files are packed. Every psum and output must
equal the reference, and the cycles the model's, or the benchmark fails. Seconds are processor seconds of
the simulator: build and simulation, nothing kept from before. Beside them stands the memory of its largest
process. Verilator builds a wide array for minutes and then simulates many times faster than Icarus: which
one is sooner ready depends on how many folds follow.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.cores import run_bundle
from tilewright.sim import layer_cycles
from tilewright.spec import ArrayShape, ConvShape, IntegerLayer, NumberFormat, OutputFunction
from tilewright.tile import Execution, TilePlan
from tilewright.vectors import Bundle, load_layout, write_bundle
from tilewright.verify import reference_outputs, reference_psums

PIXELS = 4


def write(size: int, folder: Path) -> Bundle:
    """The layer's files in `folder`, with what the reference expects."""
    rng = np.random.default_rng(size)
    shape = ConvShape(ic=size, ih=PIXELS, iw=PIXELS, oc=size, kh=1, kw=1)
    layer = IntegerLayer(
        name="wide",
        shape=shape,
        weight=rng.integers(-7, 8, (size, size, 1, 1), np.int8),
        weight_format=NumberFormat(4, is_signed=True, is_narrow=True),
        act_format=NumberFormat(4, is_signed=False),
        weight_scale=np.ones(1),
        act_scale=1.0,
    )
    codes = rng.integers(0, 16, (1, size, PIXELS, PIXELS), np.uint8)
    psums = reference_psums(codes, layer)[0]
    return write_bundle(
        folder,
        layer=layer,
        plan=TilePlan(shape, ArrayShape(size, size, psum_bits=20)),
        layout=load_layout("ece284-ws-packed"),
        codes=codes[0],
        psums=psums,
        outputs=reference_outputs(psums, OutputFunction()),
        sample=0,
    )


def measure(size: int, simulator: str, folder: Path) -> dict[str, Any]:
    """Counts, seconds and memory; raises `AssertionError` if a number differs."""
    bundle = write(size, folder / "bundle")
    result = run_bundle(
        bundle.folder, simulator=simulator, cache_dir=folder / "cache", timeout_s=36_000
    )
    assert result.is_exact, result
    assert result.cycles == layer_cycles(Execution(bundle.plan))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "size": size,
        "simulator": f"{result.simulator} {result.version}",
        "psums": result.psums_compared,
        "outputs": result.outputs_compared,
        "cycles": result.cycles,
        "seconds": used.ru_utime + used.ru_stime,
        "largest_mib": used.ru_maxrss / 1024,
    }


def main() -> None:
    """Measure, and print a line, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("size", type=int, help="rows and columns, 1..256")
    parser.add_argument("--simulator", default="icarus")
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        facts = measure(arguments.size, arguments.simulator, Path(name))
    if arguments.json:
        print(json.dumps(facts))
        return
    print(
        f"{facts['size']}x{facts['size']}, {facts['simulator']}: {facts['psums']:,} psums and "
        f"{facts['outputs']:,} outputs equal, {facts['cycles']:,} cycles, "
        f"{facts['seconds']:.1f} s, {facts['largest_mib']:,.0f} MiB"
    )


if __name__ == "__main__":
    main()
