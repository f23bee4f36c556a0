"""From a packed network to the verdict of our RTL: seconds by part, and cycles a second.

``python benchmarks/rtl.py [--layers 4] [--text] [--overlapped] [--before PYTHON] [--network STEM] [--json]``
``python benchmarks/rtl.py --build 64``

One image of random codes goes through the network; each of its layers, the first ``--layers`` or all, is
written, built, simulated and judged on an 8x8 array with 20-bit psums, under Verilator, as `tilewright
cosim` does it: on one core, whose operands are as wide as the widest codes. Seconds are
processor seconds, of this process and of those that it starts, by part: the codes of the layers, what is
expected (the reference), writing files, reading and hashing them, building, simulating, judging. The
cache of builds is empty at first ("cold"); a second core is built afterwards, which finds Verilator's own
runtime there ("next_build").

Files are packed, one a kind, in one simulation; ``--text`` writes the text files of the course's bench
instead, one simulation a layer. Both must be exact, with the cycles of the model in every fold, or the
benchmark fails.

``--overlapped``: layers run in the overlapped schedule of the core, a whole layer a start, without pixels
that no tap uses: the same psums in about half the cycles. An earlier version runs the serial one anyway.

``--before``: an interpreter in which an earlier version is installed, whose API was
``tilewright.cosim.run_bundle``: it does the same in its own way, and ``vs_before`` are our seconds over
its.

``--build``: only the core of an array of so many rows and columns is built, in an empty cache; beside its
processor seconds stands the memory of the largest process among those that built it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from tilewright.cores import Setup, run, run_bundles
from tilewright.cores.build_cache import cached_build
from tilewright.cores.run_list import BenchRun, needed_by_all
from tilewright.cores.simulator import Verilator
from tilewright.engine import Engine
from tilewright.sim import layer_cycles
from tilewright.spec import ArrayShape, IntegerLayer, OutputFunction, PackedNetwork, Schedule
from tilewright.tile import Execution, TilePlan
from tilewright.vectors import load_layout, write_bundle
from tilewright.verify import reference_outputs, reference_psums

ARRAY = ArrayShape(8, 8, psum_bits=20)
SERIAL, OVERLAPPED = Schedule(), Schedule(is_overlapped=True, is_skipping=True, is_whole_layer=True)
PARTS = {
    "read_bundle": "reading",
    "cached_build": "building",
    "simulate": "simulating",
    "_judge": "judging",
}
"""Functions of `tilewright.cores.run` to the part that they are."""

BEFORE = """
import json, sys
from pathlib import Path
import numpy as np
from tilewright.cosim import run
from tilewright.engine import Engine
from tilewright.spec import ArrayShape, IntegerLayer, PackedNetwork
from tilewright.tile import TilePlan
from tilewright.vectors import load_layout, write_bundle
from tilewright.verify import reference_psums
stem, count, folder = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
clock = Clock()
for name, part in PARTS.items():
    setattr(run, name, clock.timed(part, getattr(run, name)))
network = PackedNetwork.load(stem).network
layers = [node for node in network.nodes if isinstance(node, IntegerLayer)][:count]
trace = clock.timed("codes", Engine(network).trace)(image(network))
cycles = files = psums = 0
for layer in layers:
    codes = trace.codes[layer.name][0]
    expected = clock.timed("reference", reference_psums)(codes[None], layer)[0]
    plan = TilePlan(layer.shape, ArrayShape(8, 8, psum_bits=20))
    bundle = clock.timed("writing", write_bundle)(
        folder / layer.name, layer=layer, plan=plan, layout=load_layout("ece284-ws"), codes=codes,
        psums=expected, sample=0)
    result = run.run_bundle(bundle.folder, simulator="verilator", cache_dir=folder / "cache")
    assert result.is_exact, layer.name
    cycles, psums = cycles + result.cycles, psums + result.psums_compared
    files += len(bundle.files) + 1
counts = {"layers": len(layers), "files": files, "cycles": cycles, "psums": psums}
print(json.dumps(counts | {"seconds": clock.seconds}))
"""
"""What `ours` does, for a version without `tilewright.cores`."""


class Clock:
    """Processor seconds of this process and its children, by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose seconds are added to `part`."""

        def run_it(*args: Any, **how: Any) -> Any:
            since = self.now()
            try:
                return function(*args, **how)
            finally:
                self.seconds[part] = self.seconds.get(part, 0.0) + self.now() - since

        return run_it

    @staticmethod
    def now() -> float:
        """User and system seconds so far."""
        both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(one.ru_utime + one.ru_stime for one in both)


def image(network: Any) -> np.ndarray[Any, Any]:
    """Random codes of one image ``1 ic ih iw``."""
    first = network.layers[0]
    shape = (1, first.shape.ic, first.shape.ih, first.shape.iw)
    low = -(1 << first.act_format.bits - 1) if first.act_format.is_signed else 0
    return np.random.default_rng(0).integers(low, low + (1 << first.act_format.bits), shape)


def ours(
    stem: Path, count: int, folder: Path, *, is_text: bool, is_overlapped: bool
) -> dict[str, Any]:
    """Counts, and seconds by part, of the first `count` layers of a packed network."""
    setup = Setup(schedule=OVERLAPPED if is_overlapped else SERIAL)
    clock = Clock()
    network = PackedNetwork.load(stem).network
    layers = [node for node in network.nodes if isinstance(node, IntegerLayer)][:count]
    trace = clock.timed("codes", Engine(network).trace)(image(network))
    layout = load_layout("ece284-ws" if is_text else "ece284-ws-packed")
    bundles = [
        write_layer(clock, layer, trace.codes[layer.name][0], folder / layer.name, layout)
        for layer in layers
    ]
    with ExitStack() as stack:
        for name, part in PARTS.items():
            timed = clock.timed(part, getattr(run, name))
            stack.enter_context(mock.patch.object(run, name, timed))
        shares = [[bundle] for bundle in bundles] if is_text else [bundles]
        least = needed_by_all([BenchRun(bundle, setup) for bundle in bundles])
        results = [
            result
            for share in shares
            for result in run_bundles(
                [(bundle.folder, setup) for bundle in share],
                simulator="verilator",
                cache_dir=folder / "cache",
                timeout_s=3600,
                least=least,
            )
        ]
        assert all(result.is_exact for result in results)
        for bundle, result in zip(bundles, results, strict=True):
            execution = Execution(bundle.plan, setup.schedule)
            assert result.cycles == layer_cycles(execution), bundle.layer_name
        seconds = dict(clock.seconds)
        next_build = _next_build(clock, folder, bundles[0].folder)
    return {
        "layers": len(layers),
        "files": sum(len(bundle.files) + 1 for bundle in bundles),
        "cycles": sum(result.cycles for result in results),
        "psums": sum(result.psums_compared for result in results),
        "seconds": seconds,
        "next_build": next_build,
    }


def write_layer(clock: Clock, layer: IntegerLayer, codes: Any, folder: Path, layout: Any) -> Any:
    """The files of one layer in `folder`; the reference and the writing have seconds of their own."""
    psums = clock.timed("reference", reference_psums)(codes[None], layer)[0]
    return clock.timed("writing", write_bundle)(
        folder,
        layer=layer,
        plan=TilePlan(layer.shape, ARRAY),
        layout=layout,
        codes=codes,
        psums=psums,
        outputs=reference_outputs(psums, OutputFunction()),
        sample=0,
    )


def _next_build(clock: Clock, folder: Path, bundle: Path) -> float:
    """Seconds of one more build, of the same core with other sources: a blank line more."""
    changed = {name: text + b"\n" for name, text in run.read_sources().items()}
    before = clock.seconds["building"]
    with mock.patch.object(run, "read_sources", return_value=changed):
        run_bundles([(bundle, Setup())], simulator="verilator", cache_dir=folder / "cache")
    return clock.seconds["building"] - before


def before(python: str, stem: Path, count: int, folder: Path) -> dict[str, Any]:
    """What `ours` gives, of the version in which `python` runs."""
    own = Path(__file__).read_text(encoding="utf-8")
    parts = [own[own.index(f"\n{head}") : own.index(f"\n{end}")] for head, end in _SOURCES]
    head = "import resource\nfrom typing import Any\nfrom collections.abc import Callable\n"
    code = head + "import numpy as np\n" + "\n".join(parts) + BEFORE
    command = [python, "-c", code, str(stem), str(count), str(folder)]
    own_path = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=own_path)
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


def build(size: int) -> dict[str, float]:
    """Processor seconds, and MiB of the largest process, of the build of a square core of 4-bit codes."""
    widths = {"ActBits": 4, "WeightBits": 4, "ColumnBits": 20, "PsumBits": 20}
    clock = Clock()
    with tempfile.TemporaryDirectory() as name:
        clock.timed("build", cached_build)(
            Verilator.find(),
            run.read_sources(),
            top=run.TOP,
            parameters={"Rows": size, "Cols": size, **widths},
            cache_dir=Path(name),
            timeout_s=36_000,
        )
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"size": size, "seconds": clock.seconds["build"], "largest_mib": largest}


_SOURCES = [("PARTS = {", '"""Functions of'), ("class Clock:", "def ours(")]
"""Where the parts begin and end that the other version needs as well."""


def main() -> None:
    """Measure, print a table, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", type=Path, default=Path("models/vgg16-choke8-w4a4"))
    parser.add_argument("--layers", type=int, default=1_000, help="how many, from the first on")
    parser.add_argument("--text", action="store_true", help="text files, a simulation a layer")
    parser.add_argument("--overlapped", action="store_true", help="in the overlapped schedule")
    parser.add_argument("--before", metavar="PYTHON", help="interpreter of an earlier version")
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    parser.add_argument(
        "--build", metavar="SIZE", type=int, help="only build a core of SIZE x SIZE"
    )
    arguments = parser.parse_args()
    if arguments.build:
        print(json.dumps(build(arguments.build)))
        return
    facts: dict[str, Any] = {"now": None, "before": None, "vs_before": None}
    with tempfile.TemporaryDirectory() as name:
        since = time.perf_counter()
        stem, count, folder = arguments.network.absolute(), arguments.layers, Path(name)
        facts["now"] = now = _summed(
            ours(
                stem,
                count,
                folder / "now",
                is_text=arguments.text,
                is_overlapped=arguments.overlapped,
            ),
            since,
        )
        if arguments.before:
            since = time.perf_counter()
            facts["before"] = old = _summed(
                before(arguments.before, stem, count, folder / "old"), since
            )
            same = ("layers", "psums", *(() if arguments.overlapped else ("cycles",)))
            assert [now[key] for key in same] == [old[key] for key in same]
            facts["vs_before"] = {
                part: now["seconds"][part] / old["seconds"][part]
                for part in ("writing", "reading", "building", "simulating", "judging", "total")
            }
    if not arguments.json:
        _print_table(facts)
    print(json.dumps(facts))


def _summed(found: dict[str, Any], since: float) -> dict[str, Any]:
    """With the total, cycles a second of the simulation, and wall seconds."""
    found["seconds"]["total"] = sum(found["seconds"].values())
    found["cycles_per_s"] = found["cycles"] / found["seconds"]["simulating"]
    found["wall"] = time.perf_counter() - since
    return found


def _print_table(facts: dict[str, Any]) -> None:
    for name in ("now", "before"):
        found = facts[name]
        if found is None:
            continue
        print(
            f"{name}: {found['layers']} layers, {found['files']:,} files, {found['psums']:,} psums equal, "
            f"{found['cycles']:,} cycles, {found['cycles_per_s']:,.0f} cycles/s"
        )
        for part, seconds in found["seconds"].items():
            ratio = (facts["vs_before"] or {}).get(part)
            beside = f"  {ratio:.2f}x" if name == "now" and ratio is not None else ""
            print(f"  {part:12} {seconds:8.2f} s{beside}")
    print(f"a further build, Verilator's runtime kept: {facts['now']['next_build']:.2f} s")


if __name__ == "__main__":
    main()
