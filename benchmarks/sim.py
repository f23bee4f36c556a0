"""How fast is the model of the array? Useful MAC/s, and beside our RTL in Verilator and in Icarus.

``python benchmarks/sim.py [--channels 32] [--repeats 5] [--scalesim PYTHON] [--json]``

All run on one core (pinned where the system can), on an 8x8 array with 20-bit psums, random W4A4 codes:

- `simulate` alone: single layers, and all convolutions of the choked VGG16 for one image, tiles in memory.
  The default engine; the register-level one, which it is proved equal to by the tests, on the choke layer;
- beside the RTL: the same tiles of one 3x3 layer, ``channels`` to ``channels`` at 16x16, in turn, repeat
  by repeat. A simulator's time is the wall time of the built program: it starts, reads the bundle's
  text files, runs and compares. The build is not counted; Verilator's is the one for speed (-O3). To
  see what starting costs, compare the cycles/s of several ``--channels``.

- SCALE-Sim 3.0.0, if an interpreter that has it is named: the same layer by itself, start included.

Psums, outputs and the cycles of every fold must be equal, or the benchmark fails. Figures are medians.
The MACs per cycle of both schedules, against the array's peak, are exact and do not depend on the machine.
A useful MAC is one that the convolution needs, padding zeros included; see `SimResult.macs_useful`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scalesim_cycles import run_scalesim

from tilewright.cores import Icarus, Setup, Verilator, run_bundle
from tilewright.cores.build_cache import cached_build
from tilewright.cores.run import TOP, read_sources
from tilewright.cores.run import simulate as run_rtl
from tilewright.cores.run_list import BenchRun, parameters
from tilewright.models.architecture import find_architecture
from tilewright.sim import SimResult, layer_cycles, simulate
from tilewright.sim.simulate import Engine
from tilewright.spec import (
    ArrayShape,
    ConvShape,
    IntegerLayer,
    NumberFormat,
    OutputFunction,
    Schedule,
)
from tilewright.tile import Execution, TilePlan, tile_activations, tile_weights, untile_psums
from tilewright.vectors import Bundle, load_layout, write_bundle
from tilewright.verify import reference_outputs, reference_psums

ARRAY = ArrayShape(8, 8, psum_bits=20)
LAYERS = {
    "64->64 at 16x16": ConvShape(64, 16, 16, 64, 3, 3, padding=(1, 1)),
    "64->64 at 4x4": ConvShape(64, 4, 4, 64, 3, 3, padding=(1, 1)),
    "8->8 at 4x4": ConvShape(8, 4, 4, 8, 3, 3, padding=(1, 1)),
    "256->256 at 8x8": ConvShape(256, 8, 8, 256, 3, 3, padding=(1, 1)),
}
FAST = Schedule(is_overlapped=True, is_skipping=True, is_whole_layer=True)


def vgg16() -> list[ConvShape]:
    """The convolutions of VGG16 for 3x32x32 images, its fourth stage 8 channels wide."""
    shapes, channels, size = [], 3, 32
    for stage, widths in enumerate(find_architecture("vgg16").stages, start=1):
        for width in (8 for _ in widths) if stage == 4 else widths:
            shapes.append(ConvShape(channels, size, size, width, 3, 3, padding=(1, 1)))
            channels = width
        size //= 2
    return shapes


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A random layer and one sample: weight ``oc ic kh kw``, codes ``ic ih iw``."""

    plan: TilePlan
    weight: npt.NDArray[np.int8]
    codes: npt.NDArray[np.uint8]

    def run(self, engine: Engine = "fast", **how: Any) -> Callable[[], SimResult]:
        """The model on this case's tiles, which are made once."""
        weights = tile_weights(self.weight, self.plan)
        activations = tile_activations(self.codes, self.plan)
        return lambda: simulate(Execution(self.plan, **how), weights, activations, engine=engine)


def _case(shape: ConvShape) -> Case:
    rng = np.random.default_rng(0)
    weight = rng.integers(-7, 8, (shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
    codes = rng.integers(0, 16, (shape.ic, shape.ih, shape.iw), np.uint8)
    return Case(TilePlan(shape, ARRAY), weight, codes)


def _write(case: Case, folder: Path) -> tuple[Bundle, npt.NDArray[np.int64]]:
    layer = IntegerLayer(
        name="conv",
        shape=case.plan.shape,
        weight=case.weight,
        weight_format=NumberFormat(4, is_signed=True, is_narrow=True),
        act_format=NumberFormat(4, is_signed=False),
        weight_scale=np.ones(1),
        act_scale=1.0,
    )
    psums = reference_psums(case.codes[None], layer)[0]
    bundle = write_bundle(
        folder,
        layer=layer,
        plan=case.plan,
        layout=load_layout("ece284-ws"),
        codes=case.codes,
        psums=psums,
        outputs=reference_outputs(psums, OutputFunction()),
        sample=0,
    )
    return bundle, psums


def _seconds(action: Callable[[], object]) -> float:
    since = time.perf_counter()
    action()
    return time.perf_counter() - since


def _program(bundle: Bundle, name: str) -> Callable[[], object]:
    simulator = Icarus.find() if name == "icarus" else replace(Verilator.find(), is_optimized=True)
    run = BenchRun(bundle, Setup())
    program = cached_build(
        simulator,
        read_sources(),
        top=TOP,
        parameters=parameters([run]),
        cache_dir=None,
        timeout_s=600,
    )
    return lambda: run_rtl(simulator, program, [run], timeout_s=600)


def _beside_rtl(channels: int, repeats: int) -> dict[str, Any]:
    """Median seconds of the model and of both simulators on the same tiles."""
    case = _case(ConvShape(channels, 16, 16, channels, 3, 3, padding=(1, 1)))
    model = case.run()
    with tempfile.TemporaryDirectory() as name:
        bundle, psums = _write(case, Path(name) / "bundle")
        result = model()
        np.testing.assert_array_equal(untile_psums(result.psums, case.plan), psums)
        for simulator in ("verilator", "icarus"):
            rtl = run_bundle(bundle.folder, simulator=simulator)
            assert rtl.is_exact, f"{simulator}: {rtl.mismatches}"
            np.testing.assert_array_equal(rtl.fold_cycles, result.fold_cycles)
        actions = {
            "model": model,
            "verilator": _program(bundle, "verilator"),
            "icarus": _program(bundle, "icarus"),
        }
        rounds = [{key: _seconds(run) for key, run in actions.items()} for _ in range(repeats)]
    seconds = {key: statistics.median(one[key] for one in rounds) for key in actions}
    return {
        "layer": f"{channels}->{channels} at 16x16",
        "cycles": result.cycles,
        "seconds": seconds,
        "cycles_per_s": {key: result.cycles / value for key, value in seconds.items()},
    }


def _scalesim(python: str, channels: int, repeats: int) -> float:
    """Median seconds of SCALE-Sim on the layer of `_beside_rtl`; it counts cycles and has no values."""
    layer = ("conv", 18, 18, 3, 3, channels, channels, 1)
    run = lambda: list(run_scalesim(python, [layer], ARRAY.rows, ARRAY.cols, "ws"))  # noqa: E731
    return statistics.median(_seconds(run) for _ in range(repeats))


def _alone(shape: ConvShape, repeats: int) -> float:
    """Useful MAC/s of the model, median over at least 50 ms for each repeat."""
    run = _case(shape).run()
    calls = max(1, round(0.05 / max(_seconds(run), _seconds(run))))
    seconds = [_seconds(lambda: [run() for _ in range(calls)]) / calls for _ in range(repeats)]
    return shape.macs / statistics.median(seconds)


def _of_peak(shape: ConvShape) -> dict[str, float]:
    """Useful MACs per cycle over those of all PEs, in the serial and in the fastest schedule."""
    plan = TilePlan(shape, ARRAY)
    peak = ARRAY.rows * ARRAY.cols
    return {
        "serial": shape.macs / layer_cycles(Execution(plan)) / peak,
        "overlapped": shape.macs / layer_cycles(Execution(plan, FAST)) / peak,
    }


def main() -> None:
    """Measure, print a table, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--scalesim", help="interpreter that has scalesim 3.0.0")
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    first = next(iter(LAYERS.values()))
    first_seconds = _seconds(_case(first).run())
    speeds = {name: _alone(shape, arguments.repeats) for name, shape in LAYERS.items()}
    network = [_case(shape).run() for shape in vgg16()]
    network_seconds = statistics.median(
        _seconds(lambda: [run() for run in network]) for _ in range(arguments.repeats)
    )
    registers = _case(LAYERS["8->8 at 4x4"]).run(engine="registers")
    beside = _beside_rtl(arguments.channels, arguments.repeats)
    seconds = beside["seconds"]
    facts = {
        "useful_macs_per_s": next(iter(speeds.values())),
        "vs_verilator": seconds["verilator"] / seconds["model"],
        "vs_icarus": seconds["icarus"] / seconds["model"],
        "vs_scalesim": None
        if arguments.scalesim is None
        else _scalesim(arguments.scalesim, arguments.channels, arguments.repeats)
        / seconds["model"],
        "vgg16_seconds": network_seconds,
        "register_cycles_per_s": 567 / _seconds(registers),
        "macs_per_cycle_of_peak": {name: _of_peak(shape) for name, shape in LAYERS.items()},
        "layers": speeds,
        "beside_rtl": beside,
        "first_call_seconds": first_seconds,
        "repeats": arguments.repeats,
        "conditions": f"8x8 array, one core, {platform.machine()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}",
    }
    if not arguments.json:
        _print_table(facts)
    print(json.dumps(facts))


def _print_table(facts: dict[str, Any]) -> None:
    print(f"{facts['conditions']}; medians of {facts['repeats']}")
    print(f"first call: {facts['first_call_seconds']:.3f} s")
    for name, speed in facts["layers"].items():
        peak = facts["macs_per_cycle_of_peak"][name]
        print(
            f"{name:16} {speed:9.3g} useful MAC/s; MACs per cycle of the peak: serial "
            f"{peak['serial']:.1%}, overlapped {peak['overlapped']:.2%}"
        )
    print(f"VGG16, choked, one image: {facts['vgg16_seconds']:.3f} s")
    print(f"register by register: {facts['register_cycles_per_s']:,.0f} cycles/s")
    beside = facts["beside_rtl"]
    print(f"{beside['layer']}, {beside['cycles']:,} cycles, psums and fold cycles equal:")
    for key, seconds in beside["seconds"].items():
        print(f"{key:16} {seconds:9.4f} s, {beside['cycles_per_s'][key]:12,.0f} cycles/s")


if __name__ == "__main__":
    main()
