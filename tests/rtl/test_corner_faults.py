"""Faults that are real under a legal configuration, and the set of corner vectors that notices each."""

from __future__ import annotations

import pytest

from tests.rtl.layers import require_simulator
from tilewright.corners import VectorSet, mode_sets
from tilewright.mutation import Bench
from tilewright.mutation.mutant import make_mutant
from tilewright.rtl import RTL_DIR

pytestmark = pytest.mark.rtl

FAULTS = {
    "a column of a tap after another, whatever the stride": (
        "tw_controller.sv",
        ("is_skipping ? PixelBits'(layer_i.stride_w) : PixelBits'(1)", "PixelBits'(1)"),
        "skipping/plain/ws1",
    ),
    "a stride of two at most": (
        "tw_axis.sv",
        ("wait_q <= stride_i - DimBits'(1)", "wait_q <= DimBits'(stride_i != DimBits'(1))"),
        "whole/plain/ws1",
    ),
    "a sum read in the cycle in which it is written": (
        "tw_sfu.sv",
        ("pmem_we_o && (pmem_waddr_o == addr_i)", "1'b0"),
        "crowded/plain/ws3",
    ),
    "three bits of the leak": (
        "tw_sfu.sv",
        (">>> leak_i", ">>> leak_i[2:0]"),
        "far leaky/far-leaky/ws0",
    ),
    "four bits of the leak": (
        "tw_sfu.sv",
        (">>> leak_i", ">>> leak_i[3:0]"),
        "far leaky/far-leaky/ws0",
    ),
    "weights that wait a cycle too short": (
        "tw_controller.sv",
        ("WaitBits'(Cols - 1)", "WaitBits'(Cols - 2)"),
        "overlapped/plain/ws3",
    ),
    "weights that wait a cycle too long": (
        "tw_controller.sv",
        ("WaitBits'(Cols - 1)", "WaitBits'(Cols)"),
        "overlapped/plain/ws3",
    ),
    "13 bits of XMEM's address": (
        "tw_controller.sv",
        ("XmemAddrBits'(act_addr_q)", "XmemAddrBits'(act_addr_q[12:0])"),
        "large/plain/wsplane",
    ),
    "13 bits of WMEM's address": (
        "tw_controller.sv",
        (
            "is_os ? base_q + WmemAddrBits'(column_q)",
            "is_os ? WmemAddrBits'(13'(base_q + WmemAddrBits'(column_q)))",
        ),
        "deep/plain/ossteps",
    ),
    "eight bits of a step": (
        "tw_controller.sv",
        ("base_q + WmemAddrBits'(column_q)", "base_q + WmemAddrBits'(column_q[7:0])"),
        "deep/plain/ossteps",
    ),
    "six bits of a position": (
        "tw_axis.sv",
        ("(position_q == size_i", "(DimBits'(position_q[5:0]) == size_i"),
        "long/plain/wslong",
    ),
    "an index no wider than the address": (
        "tw_tracker.sv",
        ("localparam int IndexBits = AddrBits + 8;", "localparam int IndexBits = AddrBits;"),
        "deep/plain/ospixels",
    ),
    "the overflow flag of column 0 alone, in the array": (
        "tw_sfu.sv",
        ("overflow_q != '0} : '0", "overflow_q[0]} : '0"),
        "wrap/wrap/ws0",
    ),
    "the overflow flag of column 0 alone, at PMEM": (
        "tw_sfu.sv",
        ("{misfit != '0,", "{misfit[0],"),
        "wrap/wrap/ws0",
    ),
    "the bound of the other side in a PE": (
        "tw_pe.sv",
        ("bound = {sum[SumBits-1],", "bound = {!sum[SumBits-1],"),
        "saturate/saturate/ws0",
    ),
    "sums as wide as PMEM where columns are wider": (
        "tw_sfu.sv",
        ("((ColumnBits > PsumBits) ? ColumnBits : PsumBits) + 1", "PsumBits + 1"),
        "tight/tight/ws0",
    ),
    "a start while the core is busy": (
        "tw_controller.sv",
        ("begins = start_i && !busy_q", "begins = start_i"),
        "stalls/plain/ws0",
    ),
    "three bits of what is waited": (
        "tw_controller.sv",
        ("WaitBits = $clog2(Cols + 1)", "WaitBits = 3"),
        "wide/plain/wswide",
    ),
    "five bits of the words of a fold": (
        "tw_controller.sv",
        ("WordBits = $clog2(2 * Cols) + 1", "WordBits = 5"),
        "wide/plain/simdwide",
    ),
    "a pass that begins though OFIFO is full": (
        "tw_controller.sv",
        ("CountBits'(Depth - Rows)", "CountBits'(Depth)"),
        "crowded/plain/ostall",
    ),
}


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, VectorSet]:
    """Set and bundle by "set/contents/bundle", one bundle in each, as far as a fault asks for it."""
    folder = tmp_path_factory.mktemp("corner-faults")
    return {
        f"{one.name}/{path.relative_to(folder)}": VectorSet(one.name, one.how, (path,), one.setup)
        for one in mode_sets(folder, seed=0)
        for path in one.folders
    }


@pytest.fixture(scope="module")
def bench(sets: dict[str, VectorSet]) -> Bench:
    require_simulator("icarus")
    used = dict.fromkeys(place for _, _, place in FAULTS.values())
    chosen = [sets[place] for place in used]
    return Bench.prepare(RTL_DIR, chosen, simulator="icarus", timeout_s=60)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_set_is_there_for_it(fault: str, bench: Bench, sets: dict[str, VectorSet]) -> None:
    file, (old, new), place = FAULTS[fault]
    text = bench.sources[file]
    assert text.count(old) == 1
    start = text.index(old)
    mutant = make_mutant(file, text, (start, start + len(old)), new, category="width", what=fault)
    outcome = bench.try_mutant(mutant, [sets[place]])
    assert (outcome.status, outcome.by) == ("killed", place.split("/")[0]), outcome
