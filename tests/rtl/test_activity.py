"""The toggles that the model counts are those of the RTL's registers, as its simulator dumps them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.rtl.layers import Case, random_tensors, require_simulator, write_case
from tests.rtl.test_core import FAST
from tests.sabotage.test_rtl_core import patched_core
from tilewright.cores import run_bundle
from tilewright.sim import REGISTERS, count_activity
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import Execution, plan_mode, plan_words

pytestmark = pytest.mark.rtl

SHAPE = ConvShape(5, 3, 4, 4, 2, 2, padding=(1, 0))
ARRAY = ArrayShape(2, 3, 12)
CASES = {
    "ws": Case(SHAPE, ARRAY),
    "ws overlapped": Case(SHAPE, ARRAY, schedule=FAST),
    "simd": Case(SHAPE, ARRAY, act_bits=2, mode="simd"),
    "simd overlapped": Case(SHAPE, ARRAY, act_bits=2, mode="simd", schedule=FAST),
    "os": Case(SHAPE, ARRAY, mode="os"),
    "os overlapped": Case(SHAPE, ARRAY, mode="os", schedule=FAST),
}
NAMES = {
    "act_q": "act",
    "shadow_low_q": "shadow",
    "shadow_high_q": "shadow high",
    "weight_low_q": "weight",
    "weight_high_q": "weight high",
    "psum_q": "psum",
}
BITS = 12  # of the widest register
DUMP = 'initial begin $dumpfile("{path}"); $dumpvars(0, u_engine.u_array); end\nendmodule'


def _dumped(text):
    """``register row col bit``: changes of every PE's registers in a VCD file, from 0."""
    counts = {name: np.zeros((2, 3, BITS), np.int64) for name in NAMES.values()}
    scope, places, held = [], {}, {}
    for line in text.splitlines():
        words = line.split()
        if line.startswith("$scope"):
            scope.append(words[2])
        elif line.startswith("$upscope"):
            scope.pop()
        elif line.startswith("$var") and words[4] in NAMES and scope[-1] == "u_pe":
            row, col = (int(n) for n in re.findall(r"gen_(?:row|col)\[(\d+)\]", ".".join(scope)))
            places[words[3]] = (NAMES[words[4]], row, col)
        elif line.startswith("b") and words[1] in places and "x" not in words[0]:
            name, row, col = places[words[1]]
            value = int(words[0][1:], 2)
            change = held.get(words[1], 0) ^ value
            held[words[1]] = value
            counts[name][row, col] += (change >> np.arange(BITS)) & 1
    assert len(places) == len(NAMES) * 2 * 3
    return counts


@pytest.mark.parametrize("name", CASES)
def test_toggles_are_those_of_the_rtl(tmp_path, name):
    """Two input tiles, two output tiles, four taps, an empty lane in each direction."""
    require_simulator("icarus")
    case = CASES[name]
    codes, weight = random_tensors(case, seed=3)
    write_case(tmp_path / "bundle", case, codes, weight)
    dump = tmp_path / "dump.vcd"
    rtl = patched_core(tmp_path / "rtl", "tw_core.sv", "endmodule", DUMP.format(path=dump))
    result = run_bundle(
        tmp_path / "bundle",
        setup=case.setup,
        simulator="icarus",
        rtl_dir=rtl,
        cache_dir=tmp_path / "builds",
    )
    assert result.is_exact
    plan = plan_mode(case.shape, case.array, case.mode, case.act_bits)
    found = count_activity(
        Execution(plan, schedule=case.schedule),
        *plan_words(plan, weight.astype(np.int8), codes.astype(np.uint8)),
        act_bits=case.act_bits,
        weight_bits=4,
    )
    dumped = _dumped(dump.read_text())
    for register in REGISTERS:
        counts = found.of(register)
        expected = dumped[register]
        if plan.dataflow.channels_per_pe == 2 and register in ("shadow", "weight"):
            expected = np.concatenate([expected[..., :4], dumped[f"{register} high"][..., :4]], 2)
        np.testing.assert_array_equal(counts, expected[..., : counts.shape[2]], register)
    assert found.toggles > 1000
