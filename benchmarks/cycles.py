"""Where do the cycles of our schedule come from, and what would each change be worth?

``python benchmarks/cycles.py [--array 8x8] [--json]``

For some layers and for the whole choked VGG16, from closed forms alone: the textbook's weight-stationary
array, then one difference after the other until our serial schedule is reached, then what is left when
unused pixels are skipped and when folds overlap. docs/cycles.md explains each step. The last figure is
how long the closed form takes for the whole network, the median of ``--repeats``.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from typing import Any

from tilewright.config import load_config
from tilewright.cost import LayerOutline, MemoryDepths, network_cost
from tilewright.sim import dataflow_cycles, layer_phases
from tilewright.spec import ArrayShape, ConvShape
from tilewright.studies.outlines import find_outlines
from tilewright.tile import TilePlan

LAYERS = {
    "8->8 at 4x4 (choke)": ConvShape(8, 4, 4, 8, 3, 3, padding=(1, 1)),
    "16->16 at 4x4 (choke)": ConvShape(16, 4, 4, 16, 3, 3, padding=(1, 1)),
    "3->64 at 32x32": ConvShape(3, 32, 32, 64, 3, 3, padding=(1, 1)),
    "64->64 at 32x32": ConvShape(64, 32, 32, 64, 3, 3, padding=(1, 1)),
    "256->256 at 8x8": ConvShape(256, 8, 8, 256, 3, 3, padding=(1, 1)),
    "512->512 at 2x2": ConvShape(512, 2, 2, 512, 3, 3, padding=(1, 1)),
    "64->128 at 32x32, stride 2": ConvShape(64, 32, 32, 128, 3, 3, (2, 2), (1, 1)),
}
STEPS = (
    "plain_ws",
    "taps_outer",
    "padded_stream",
    "serial",
    "serial_skipping",
    "overlapped",
    "overlapped_skipping",
)


def steps(plan: TilePlan) -> dict[str, int]:
    """Cycles of one layer after each step."""
    shape, rows, cols = plan.shape, plan.array.rows, plan.array.cols
    per_job = plan.folds_per_otile
    folds, skew = plan.otiles * per_job, rows + cols - 2
    serial = layer_phases(plan).total
    ends = 2 * cols + rows + 3  # the first load, and from the last word's read to the last write
    return {
        "plain_ws": dataflow_cycles(shape, rows=rows, cols=cols, dataflow="ws"),
        "taps_outer": folds * (rows + shape.onij + skew),
        "padded_stream": folds * (rows + shape.nij + skew),
        "serial": serial,
        "serial_skipping": serial - folds * (shape.nij - shape.onij),
        "overlapped": plan.otiles * _overlapped(shape.nij, cols, per_job, ends),
        "overlapped_skipping": plan.otiles * _overlapped(shape.onij, cols, per_job, ends),
    }


def _overlapped(words: int, cols: int, folds: int, ends: int) -> int:
    """One job whose weights are loaded while the fold before streams, once the last column has its own."""
    return words + ends + (folds - 1) * max(words, 2 * cols)


def _milliseconds(outlines: tuple[LayerOutline, ...], array: ArrayShape, repeats: int) -> float:
    """Median time of the closed form for all layers: cycles, words and widths."""
    times = []
    for _ in range(repeats):
        since = time.perf_counter()
        network_cost(outlines, array, MemoryDepths())
        times.append(time.perf_counter() - since)
    return 1000 * statistics.median(times)


def main() -> None:
    """Print a table, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--array", default="8x8", metavar="ROWSxCOLS")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    arguments = parser.parse_args()
    rows, cols = (int(size) for size in arguments.array.split("x"))
    array = ArrayShape(rows, cols, load_config().array.psum_bits)
    outlines, *_ = find_outlines("vgg16", ("model.choke_width=8",))
    table = {name: steps(TilePlan(shape, array)) for name, shape in LAYERS.items()}
    parts = [steps(TilePlan(outline.shape, array)) for outline in outlines]
    table["choked VGG16"] = {step: sum(part[step] for part in parts) for step in STEPS}
    macs = {name: shape.macs for name, shape in LAYERS.items()}
    macs["choked VGG16"] = sum(outline.shape.macs for outline in outlines)
    facts: dict[str, Any] = {
        "array": f"{rows}x{cols}",
        "cycles": table,
        "macs": macs,
        "share_of_peak": {
            name: {step: macs[name] / (cycles * rows * cols) for step, cycles in line.items()}
            for name, line in table.items()
        },
        "closed_form_ms": _milliseconds(outlines, array, arguments.repeats),
        "conditions": f"one core, {platform.machine()}, Python {platform.python_version()}",
    }
    if not arguments.json:
        _print_table(facts)
    print(json.dumps(facts))


def _print_table(facts: dict[str, Any]) -> None:
    print(f"cycles on {facts['array']}, and the share of the array's peak")
    print(f"{'':28}" + "".join(f"{step.replace('_', ' '):>22}" for step in STEPS))
    for name, line in facts["cycles"].items():
        shares = facts["share_of_peak"][name]
        cells = (f"{line[step]:,} {100 * shares[step]:5.1f} %" for step in STEPS)
        print(f"{name:28}" + "".join(f"{cell:>22}" for cell in cells))
    print(f"closed form for the whole network: {facts['closed_form_ms']:.2f} ms")


if __name__ == "__main__":
    main()
