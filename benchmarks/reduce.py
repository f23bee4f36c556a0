"""Reduce faults planted in the own core of examples/: how small does the failing layer become, and how soon?

    python benchmarks/reduce.py [--seed N]

A random layer of 16 -> 16 channels, 5x4 pixels, 3x2 taps, stride 2x1 and padding 1x0, on the 8x8 core under
Icarus Verilog. Prints a line for each fault; the last says how many became at most 2 channels x 2 pixels.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from tilewright.bundles import Geometry
from tilewright.trials.command import Command
from tilewright.trials.fresh import write_random
from tilewright.trials.reduce import reduce_bundle
from tilewright.trials.trial import Expected
from tilewright.vectors import load_layout

CORE = Path(__file__).parents[1] / "examples" / "own_core"
SIZES = "ic=16,oc=16,size=5x4,kernel=3x2,padding=1x0,stride=2x1,bits=4/4/16,rows=8,cols=8"
FAULTS = (
    ("accumulator.v", "if (restart)", "if (0)"),
    ("accumulator.v", "if (restart)", "if (1)"),
    ("accumulator.v", "16] + sums", "16] - sums"),
    ("array.v", "load && load_col == c", "load && load_col != c"),
    ("array.v", "late[i+1] = held", "late[i+1] = late[i]"),
    ("array.v", "assign sum[0][c] = 16'd0", "assign sum[0][c] = 16'd1"),
    ("array.v", "wire [3:0] late[0:r]", "wire [2:0] late[0:r]"),
    ("pe.v", "reg signed [3:0] weight;", "reg [3:0] weight;"),
    ("pe.v", "wire signed [8:0] product", "wire signed [6:0] product"),
    ("pe.v", "sum_in + product", "sum_in - product"),
    ("pe.v", "$signed({1'b0, act_in})", "$signed(act_in)"),
    ("pe.v", "act_out <= act_in", "act_out <= act_in & 4'd7"),
    ("core.v", "pixel_late[0] <= pixel", "pixel_late[0] <= pixel + 1"),
    ("core.v", ".valid(valid_late[14])", ".valid(valid_late[13])"),
)
"""File, text, and what becomes of its first occurrence."""


def main() -> None:
    """Reduce every fault, and print what became of the layer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of the layer")
    seed = parser.parse_args().seed
    small, slowest = 0, 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        layout = load_layout(CORE / "mine.toml")
        bundle = write_random(
            folder / "layer", Geometry.parse(SIZES), layout=layout, seed=seed
        ).bundles[0]
        for number, (file, old, new) in enumerate(FAULTS):
            core = plant(folder / f"core{number}", file, old, new)
            command = Command(("sh", "run.sh", "sim"), here=core)
            expected = Expected(("psum_dump.hex",))
            found = reduce_bundle(bundle, command, expected, out=folder / f"out{number}")
            shape = found.after.shape
            is_small = max(shape.ic, shape.oc) <= 2 and shape.onij <= 2
            small, slowest = small + is_small, max(slowest, found.seconds)
            print(
                f"{file}: {old} -> {new}: {shape.ic} -> {shape.oc} channels, {shape.oh}x{shape.ow} pixels, "
                f"{shape.kh}x{shape.kw} taps, {found.after.cost[1]} values that are not 0; "
                f"{found.runs} runs in {found.seconds:.1f} s",
                flush=True,
            )
    print(
        f"{small} of {len(FAULTS)} became at most 2 channels x 2 pixels; the slowest took {slowest:.1f} s"
    )


def plant(core: Path, file: str, old: str, new: str) -> Path:
    """A copy of the core with the fault, built as ``sim``."""
    shutil.copytree(CORE, core)
    text = (core / file).read_text()
    if old not in text:
        raise SystemExit(f"{file} must hold {old!r}")
    (core / file).write_text(text.replace(old, new, 1))
    sources = sorted(str(path) for path in core.glob("*.v"))
    subprocess.run(["iverilog", "-g2005", "-o", str(core / "sim"), *sources], check=True)
    return core


if __name__ == "__main__":
    main()
