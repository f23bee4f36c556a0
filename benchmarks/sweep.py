"""How long does an exhaustive sweep of arrays take, and does the model of the array agree with it?

``python benchmarks/sweep.py [--networks models/NAME ...] [--axis KEY=VALUES ...] [--check 10] [--json]``

For each network (default: those that are committed): every array of 1..64 rows and columns, all modes of
our core, serial and overlapped (24,576 points); the Pareto set by cycles, PEs and memory bits; and `--check`
random points of the set again by the model of the array, all layers, those of up to 2,000 cycles register
by register. Cycles must be equal, or the exit status is 1.

``--scale``: instead, the figures of docs/why/scale.md. Small end: whole networks on arrays up to 64x64, by
the formula of docs/dataflows.md, the sweep and the model, which must all have the same cycles. Large end:
the same formula for ResNet-50 (224x224 images) on arrays of up to 256x256, which nothing here runs.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.cost import HardwareAxes, LayerOutline, hardware_points
from tilewright.pipeline.run_folder import Silent
from tilewright.sim import simulate
from tilewright.spec import ArrayShape, ConvShape, Schedule
from tilewright.studies.outlines import find_outlines
from tilewright.studies.sweep.axes import read_question
from tilewright.studies.sweep.run import sweep
from tilewright.studies.sweep.study import SweepOptions
from tilewright.tile import Execution, plan_mode, plan_words

COMMITTED = ("models/vgg16-choke8-w4a4", "models/vgg16-choke16-w4a2")


def main() -> None:
    """Sweep, print one line for each network, and end with what the model says."""
    options = _parse()
    if options.is_scale:
        _print_scale()
        return
    found = [_sweep(network, options) for network in options.networks]
    if options.is_json:
        print(json.dumps(found))
    sys.exit(0 if all(one["passed"] for one in found) else 1)


def _sweep(network: str, options: argparse.Namespace) -> dict[str, Any]:
    question = read_question(network, options.axes, (), ())
    with tempfile.TemporaryDirectory() as folder:
        since = time.monotonic()
        facts = sweep(Path(folder), question, Silent(), options=SweepOptions(check=options.check))
        total = time.monotonic() - since
    checks = facts["simulated"]
    equal = sum(one["passed"] for one in checks)
    registers = sum(one["register_cycles"] for one in checks)
    print(
        f"{network}: {facts['points']:,} points in {facts['seconds']:.1f} s, {facts['pareto']:,} in the "
        f"Pareto set; {equal} of {len(checks)} simulated: cycles equal ({registers:,} of them register by "
        f"register); {total:.1f} s in all",
        flush=True,
    )
    return {
        "network": network,
        "points": facts["points"],
        "seconds": facts["seconds"],
        "pareto": facts["pareto"],
        "simulated": len(checks),
        "equal": equal,
        "passed": facts["passed"],
    }


def on_paper(shape: ConvShape, edge: int) -> int:
    """Cycles of the overlapped weight-stationary schedule, a whole layer as one job (docs/dataflows.md)."""
    streamed, load = shape.onij, edge
    folds = -(-shape.ic // edge) * -(-shape.oc // edge) * shape.taps
    first = streamed + load + edge + edge + 3
    return first + (folds - 1) * max(streamed, edge + load)


def resnet50() -> list[ConvShape]:
    """The convolutions and the classifier of ResNet-50 for 3x224x224 images."""
    shapes, channels, size = [ConvShape(3, 224, 224, 64, 7, 7, (2, 2), (3, 3))], 64, 56
    for stage, blocks in enumerate((3, 4, 6, 3)):
        width = 64 << stage
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            out = -(-size // stride)
            shapes.append(ConvShape(channels, size, size, width, 1, 1))
            shapes.append(ConvShape(width, size, size, width, 3, 3, (stride, stride), (1, 1)))
            shapes.append(ConvShape(width, out, out, 4 * width, 1, 1))
            if not block:
                shapes.append(ConvShape(channels, size, size, 4 * width, 1, 1, (stride, stride)))
            channels, size = 4 * width, out
    return [*shapes, ConvShape(2048, 1, 1, 1000, 1, 1)]


def _print_scale() -> None:
    for source in ("vgg_tiny", "resnet20", "vgg16"):
        outlines, *_ = find_outlines(source)
        for edge in (8, 16, 64):
            _print_small(source, outlines, edge)
    shapes = resnet50()
    macs = sum(shape.macs for shape in shapes)
    weights = sum(shape.oc * shape.ic * shape.taps for shape in shapes)
    print(f"resnet50 on paper: {macs:,} MACs, {weights:,} weights, {len(shapes)} layers")
    for edge in (8, 64, 128, 256):
        cycles = sum(on_paper(shape, edge) for shape in shapes)
        useful = 100 * macs / (cycles * edge * edge)
        print(f"  {edge}x{edge}: {cycles:,} cycles, {useful:.1f} % of the peak")


def _print_small(source: str, outlines: Sequence[LayerOutline], edge: int) -> None:
    """Formula, sweep and model of one network on one array."""
    macs = sum(one.shape.macs for one in outlines)
    axes = HardwareAxes((edge,), (edge,), schedule=("overlapped",), job=("layer",))
    since = time.process_time()
    cycles = int(hardware_points(outlines, axes)["cycles"][0])
    closed = time.process_time() - since
    since = time.process_time()
    found = sum(_simulated(one, edge) for one in outlines)
    seconds = time.process_time() - since
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    paper = sum(on_paper(one.shape, edge) for one in outlines)
    if not found == cycles == paper:
        sys.exit(
            f"{source} on {edge}x{edge}: {paper:,} on paper, {cycles:,}, {found:,} in the model"
        )
    print(
        f"{source:9} {macs:12,} MACs on {edge:2}x{edge:<2}: {cycles:11,} cycles on paper, in the sweep and "
        f"in the model; {1000 * closed:.1f} ms and {seconds:.2f} s CPU, {memory:.0f} MB at most",
        flush=True,
    )


def _simulated(one: LayerOutline, edge: int) -> int:
    generator, form = np.random.default_rng(0), one.weight_format
    plan = plan_mode(one.shape, ArrayShape(edge, edge, 32), "ws", one.act_format.bits)
    weight = generator.integers(form.min_code, form.max_code + 1, one.shape.weight_sizes, np.int8)
    sizes = (one.shape.ic, one.shape.ih, one.shape.iw)
    codes = generator.integers(0, one.act_format.max_code + 1, sizes, np.uint8)
    execution = Execution(plan, Schedule(True, True, True))
    return simulate(execution, *plan_words(plan, weight, codes)).cycles


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--networks", nargs="+", default=list(COMMITTED))
    parser.add_argument("--axis", action="append", default=[], dest="axes")
    parser.add_argument("--check", type=int, default=10)
    parser.add_argument("--scale", action="store_true", dest="is_scale")
    parser.add_argument("--json", action="store_true", dest="is_json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
