"""The cocotb bench in examples/cocotb: exact where the core is, and loud where a bundle is not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.rtl.layers import (
    Case,
    edit_file,
    random_tensors,
    require_simulator,
    write_case,
    write_random,
)
from tilewright.cores import Setup, run_bundle
from tilewright.spec import ArrayShape, ConvShape, OutputFunction
from tilewright.tile.dataflows.weight_stationary import WeightStationary
from tilewright.vectors import decode_bundle

pytestmark = pytest.mark.rtl
pytest.importorskip("cocotb_tools")

RUN = Path(__file__).parents[2] / "examples" / "cocotb" / "run.py"
SHAPE = ConvShape(4, 3, 4, 3, 3, 2, padding=(1, 0))  # 3x3 pixels; tails in both tiles
ARRAY = ArrayShape(3, 2, 16)
HEADER = 3  # lines
CASES = {
    "ws": Case(SHAPE, ARRAY, output=OutputFunction("leaky", 2)),
    "simd": Case(SHAPE, ARRAY, act_bits=2, mode="simd"),
    "os": Case(SHAPE, ARRAY, mode="os", output=OutputFunction("signed")),
}


def run(bundle: Path, *options: str, **environment: str) -> tuple[int, str]:
    """Exit status and output of the example."""
    done = subprocess.run(
        [sys.executable, RUN, bundle, *options],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        cwd=bundle.parent,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stdout + done.stderr


def judged(equal: int, values: int = 27) -> str:
    """The part of the summary that says of each kind how many values are equal."""
    return ", ".join(f"{kind} {equal} of {values} equal" for kind in ("psum", "output", "stored"))


@pytest.mark.parametrize(("mode", "level"), [("ws", 0), ("ws", 90), ("simd", 90), ("os", 90)])
def test_every_value_is_equal_with_and_without_stalls(
    mode: str, level: int, tmp_path: Path, builds: Path
) -> None:
    require_simulator("icarus")
    write_random(tmp_path / "bundle", CASES[mode])
    status, output = run(tmp_path / "bundle", "--stall", str(level), "--seed", "5")
    assert status == 0, output
    ours = run_bundle(
        tmp_path / "bundle",
        setup=Setup(stall_level=level, stall_seed=5),
        simulator="icarus",
        cache_dir=builds,
    )
    assert f"{judged(27)}, 0 faults; 2 jobs, {ours.cycles} cycles" in output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle"]  # nothing is left behind


def test_a_changed_expectation_is_named(tmp_path: Path) -> None:
    """A psum, and the output that belongs to it, one too low or too high in the files."""
    require_simulator("icarus")
    bundle = write_random(tmp_path / "bundle", Case(SHAPE, ARRAY))
    psums = decode_bundle(bundle).psums
    oc, oh, ow = (int(i) for i in np.argwhere(psums > 0)[-1])
    line, col = HEADER + (oc // 2 * SHAPE.oh + oh) * SHAPE.ow + ow, oc % 2
    lowest = -1 - 16 * col - 1  # before the line end

    def flip(lines: list[str]) -> list[str]:
        word = lines[line]
        lines[line] = word[:lowest] + str(1 - int(word[lowest])) + word[lowest + 1 :]
        return lines

    for file in ("psum.txt", "out.txt"):
        edit_file(bundle.folder, file, flip)
    status, output = run(bundle.folder)
    assert status == 1, output
    actual = int(psums[oc, oh, ow])
    place = f"oc={oc} oh={oh} ow={ow} (otile={oc // 2} onij={oh * SHAPE.ow + ow} col={col})"
    found = re.findall(r"mismatch (\w+) (.*): expected (-?\d+), actual (-?\d+)", output)
    assert found == [
        (kind, place, str(actual ^ 1), str(actual)) for kind in ("psum", "output", "stored")
    ]
    assert judged(26) in output


def test_a_sum_that_does_not_fit_is_a_fault(tmp_path: Path) -> None:
    """Expected values that wrap as the core's do are equal, and wrong all the same."""
    require_simulator("icarus")
    case = Case(SHAPE, ArrayShape(3, 2, 7))
    codes, weight = random_tensors(case, seed=1)
    codes[:], weight[:] = 15, 7
    write_case(tmp_path / "bundle", case, codes, weight)
    status, output = run(tmp_path / "bundle")
    assert status == 1, output
    assert judged(27) in output
    assert re.search(r"fault otile=1: \d+ vectors with a sum that does not fit", output)


def test_bad_input_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "bundle"
    write_random(bundle, CASES["ws"])
    monkeypatch.setattr(WeightStationary, "layout", "readmemb")
    write_random(tmp_path / "other", CASES["ws"])
    missing = tmp_path / "missing" / "cocotb_tools"
    missing.mkdir(parents=True)
    (missing / "__init__.py").write_text("raise ImportError\n")
    for (status, output), expected in (
        (run(tmp_path / "nothing"), r"cannot read \S*/nothing/manifest\.json: .*"),
        (
            run(tmp_path / "other"),
            r"the RTL testbench reads layout ece284-ws, .* readmemb.*",
        ),
        (run(bundle, "--stall", "256"), r"a stall level is 0\.\.255 .* not 256"),
        (
            run(bundle, PYTHONPATH=str(missing.parent)),
            r"cocotb is not installed: pip install tilewright\[cocotb\]",
        ),
    ):
        assert status == 2, output
        assert re.fullmatch(rf"error: {expected}\n", output), output
