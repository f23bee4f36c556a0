"""The toggles that the model counts are those of the RTL's registers, as its simulator dumps them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.rtl.layers import Case, random_tensors, require_simulator, write_case
from tests.sabotage.test_rtl_core import patched_core
from tilewright.cosim import run_bundle
from tilewright.rtl import RTL_DIR
from tilewright.sim import count_activity
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import TilePlan, tile_activations, tile_weights

pytestmark = pytest.mark.rtl

CASE = Case(ConvShape(5, 3, 4, 4, 2, 2, padding=(1, 0)), ArrayShape(2, 3, 12))
SHIFTED = "shadow_low_q" if "shadow_low_q" in (RTL_DIR / "tw_pe.sv").read_text() else "weight_q"
REGISTERS = {"act_q": 4, SHIFTED: 4, "psum_q": 12}
DUMP = 'initial begin $dumpfile("{path}"); $dumpvars(0, u_array); end\nendmodule'


def _dumped(text):
    """``register row col bit``: changes of every PE's registers in a VCD file, from 0."""
    counts = {name: np.zeros((2, 3, bits), np.int64) for name, bits in REGISTERS.items()}
    scope, places, held = [], {}, {}
    for line in text.splitlines():
        words = line.split()
        if line.startswith("$scope"):
            scope.append(words[2])
        elif line.startswith("$upscope"):
            scope.pop()
        elif line.startswith("$var") and words[4] in REGISTERS and scope[-1] == "u_pe":
            row, col = (int(n) for n in re.findall(r"gen_(?:row|col)\[(\d+)\]", ".".join(scope)))
            places[words[3]] = (words[4], row, col)
        elif line.startswith("b") and words[1] in places and "x" not in words[0]:
            name, row, col = places[words[1]]
            value = int(words[0][1:], 2)
            change = held.get(words[1], 0) ^ value
            held[words[1]] = value
            counts[name][row, col] += (change >> np.arange(REGISTERS[name])) & 1
    assert len(places) == 3 * 2 * 3
    return counts


def test_toggles_are_those_of_the_rtl(tmp_path):
    """Two input tiles, two output tiles, four taps, an empty lane in each direction."""
    require_simulator("icarus")
    codes, weight = random_tensors(CASE, seed=3)
    write_case(tmp_path / "bundle", CASE, codes, weight)
    dump = tmp_path / "dump.vcd"
    rtl = patched_core(tmp_path / "rtl", "tw_core.sv", "endmodule", DUMP.format(path=dump))
    result = run_bundle(
        tmp_path / "bundle", simulator="icarus", rtl_dir=rtl, cache_dir=tmp_path / "builds"
    )
    assert result.is_exact
    plan = TilePlan(CASE.shape, CASE.array)
    found = count_activity(
        plan,
        tile_weights(weight.astype(np.int8), plan),
        tile_activations(codes.astype(np.uint8), plan),
        act_bits=4,
        weight_bits=4,
    )
    dumped = _dumped(dump.read_text())
    np.testing.assert_array_equal(found.act_toggles, dumped["act_q"])
    np.testing.assert_array_equal(found.weight_toggles, dumped[SHIFTED])
    np.testing.assert_array_equal(found.psum_toggles, dumped["psum_q"])
    assert found.toggles > 1000
