"""Every fault planted in the core is found, and located."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.rtl.layers import Case, require_simulator, write_case, write_random
from tilewright.cores import CosimResult, run_bundle
from tilewright.errors import ToolError
from tilewright.rtl import RTL_DIR
from tilewright.spec import ArrayShape, ConvShape, Schedule

pytestmark = pytest.mark.rtl

CASE = Case(ConvShape(5, 4, 6, 7, 3, 3, padding=(1, 1)), ArrayShape(4, 3, 16))
FAST = Schedule(is_overlapped=True, is_skipping=True, is_whole_layer=True)
UNSIGNED = (  # in both multipliers: with full-width activations they share one weight
    "ProductBits'($signed(weight_low));\n"
    "  assign product_high = high * ProductBits'($signed(weight_high));",
    "ProductBits'(weight_low);\n  assign product_high = high * ProductBits'(weight_high);",
)


def patched_core(folder: Path, file: str, old: str, new: str) -> Path:
    """A copy of the core in which `old`, which occurs once, is replaced by `new`."""
    if not folder.exists():
        shutil.copytree(RTL_DIR, folder)
    text = (folder / file).read_text()
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {file}"
    (folder / file).write_text(text.replace(old, new))
    return folder


def run_patched(tmp_path: Path, file: str, old: str, new: str, case: Case = CASE) -> CosimResult:
    """Run random tensors on a patched core."""
    require_simulator("icarus")
    write_random(tmp_path / "bundle", case)
    rtl = patched_core(tmp_path / "rtl", file, old, new)
    return run_bundle(
        tmp_path / "bundle",
        setup=case.setup,
        simulator="icarus",
        rtl_dir=rtl,
    )


def test_unpatched_copy_is_exact(tmp_path: Path) -> None:
    """So whatever the other tests find is the patch's doing."""
    assert run_patched(tmp_path, "tw_pe.sv", "psum_o     = psum_q", "psum_o     = psum_q").is_exact


def test_stuck_pe_is_found_in_its_column_only(tmp_path: Path) -> None:
    """PE(2,1) never adds its product: column 1 is wrong, and no other."""
    patched_core(tmp_path / "rtl", "tw_array.sv", "tw_pe #(", "tw_pe #(.Stuck(r == 2 && c == 1),")
    patched_core(
        tmp_path / "rtl", "tw_pe.sv", "module tw_pe #(", "module tw_pe #(parameter int Stuck = 0,"
    )
    result = run_patched(
        tmp_path,
        "tw_pe.sv",
        "assign sum   = base + SumBits'(product);",
        "assign sum   = base + ((Stuck != 0) ? '0 : SumBits'(product));",
    )
    assert result.psum_mismatches > 0
    assert {mismatch.col for mismatch in result.mismatches} == {1}
    assert {mismatch.oc for mismatch in result.mismatches} <= {1, 4}


def test_weight_multiplied_as_unsigned_is_found(tmp_path: Path) -> None:
    result = run_patched(tmp_path, "tw_pe.sv", *UNSIGNED)
    assert result.psum_mismatches > 0
    first = result.mismatches[0]
    assert (first.actual - first.expected) % 16 == 0  # a sign bit read as +8 instead of -8


def test_unsigned_multiply_passes_without_negative_weights(tmp_path: Path) -> None:
    """Why stimulus must have negative weights: the same fault is invisible without."""
    require_simulator("icarus")
    codes, weight = np.full((5, 4, 6), 9), np.full((7, 5, 3, 3), 7)
    write_case(tmp_path / "bundle", CASE, codes, weight)
    rtl = patched_core(tmp_path / "rtl", "tw_pe.sv", *UNSIGNED)
    result = run_bundle(tmp_path / "bundle", simulator="icarus", rtl_dir=rtl)
    assert result.is_exact


def test_missing_skew_is_found(tmp_path: Path) -> None:
    """All rows pop at once: each psum mixes pixels of different rows."""
    result = run_patched(
        tmp_path, "tw_l0.sv", "assign is_turn = before_q;", "assign is_turn = 1'b1;"
    )
    assert result.psum_mismatches > 0


def test_additional_skew_is_found(tmp_path: Path) -> None:
    """Row r pops r cycles too late: its queue overflows, which ends the simulation."""
    with pytest.raises(ToolError, match=r"must end with its summary .*gen_lane\[\d\].* push when"):
        run_patched(
            tmp_path,
            "tw_l0.sv",
            "assign is_turn = before_q;",
            "logic late_q; always_ff @(posedge clk_i) late_q <= before_q; assign is_turn = late_q;",
        )


def test_missing_relu_is_found_in_the_outputs_only(tmp_path: Path) -> None:
    result = run_patched(
        tmp_path, "tw_sfu.sv", "(function_i == Relu)  ? '0", "(function_i == Relu)  ? kept"
    )
    assert (result.psum_mismatches, result.stored_mismatches) == (0, 0)
    assert result.output_mismatches > 0
    assert {mismatch.what for mismatch in result.mismatches} == {"output"}
    assert all(m.expected == 0 and m.actual < 0 for m in result.mismatches)


def test_accumulate_that_overwrites_is_found(tmp_path: Path) -> None:
    result = run_patched(
        tmp_path,
        "tw_sfu.sv",
        "is_first_q ? '0 : SumBits'($signed(stored));",
        "'0;",
    )
    assert result.psum_mismatches > 0
    assert result.stored_mismatches == result.psum_mismatches


def test_wrong_write_of_the_last_psum_is_found_in_pmem_only(tmp_path: Path) -> None:
    """The results put out are right, what stays in the memory is not."""
    result = run_patched(
        tmp_path,
        "tw_sfu.sv",
        "assign pmem_we_o    = is_done && hit_q;",
        "assign pmem_we_o    = is_done && hit_q && !(is_final_q && addr_q == 8);",
    )
    assert (result.psum_mismatches, result.output_mismatches) == (0, 0)
    assert result.stored_mismatches > 0
    assert not result.is_exact
    assert {(m.what, m.onij, m.oh, m.ow) for m in result.mismatches} == {("stored", 8, 1, 2)}


def test_wrong_value_in_an_unused_lane_is_found(tmp_path: Path) -> None:
    """One channel on 3 cols: lanes 1 and 2 have none and must be 0."""
    result = run_patched(
        tmp_path,
        "tw_sfu.sv",
        "assign pmem_wdata_o[c*PsumBits+:PsumBits] = kept;",
        "assign pmem_wdata_o[c*PsumBits+:PsumBits] = kept | PsumBits'(c == 2);",
        Case(ConvShape(2, 2, 2, 1, 1, 1), ArrayShape(2, 3, 16)),
    )
    assert (result.psum_mismatches, result.output_mismatches) == (0, 0)
    assert result.unused_lane_mismatches > 0
    assert not result.is_exact
    assert {(m.oc, m.col) for m in result.mismatches} == {(None, 2)}


def test_word_that_is_never_put_out_is_found(tmp_path: Path) -> None:
    """The core drops onij 3 from its results."""
    result = run_patched(
        tmp_path,
        "tw_sfu.sv",
        "assign puts_out     = is_done && hit_q && is_final_q;",
        "assign puts_out     = is_done && hit_q && is_final_q && addr_q != 3;",
    )
    assert not result.is_exact
    assert {(m.what, m.onij, m.actual) for m in result.mismatches} == {
        ("psum", 3, "missing"),
        ("output", 3, "missing"),
    }


def test_word_put_out_twice_is_found(tmp_path: Path) -> None:
    """The core gives onij 3 the address of onij 2, as it is put out."""
    result = run_patched(
        tmp_path,
        "tw_sfu.sv",
        "assign out_addr_o   = held_q ? held_addr_q : addr_q;",
        "assign out_addr_o   = (addr_q == 3) ? AddrBits'(2) : addr_q;",
    )
    assert "puts out a word twice" in result.faults[0].what
    assert result.mismatches[0].onij == 3


def test_core_without_end_is_found(tmp_path: Path) -> None:
    """The bench's own watchdog ends it, and what is missing counts as mismatch."""
    result = run_patched(
        tmp_path, "tw_sfu.sv", "job_last_q  <= job_last_i;", "job_last_q  <= 1'b0;"
    )
    assert "the job did not end" in result.faults[0].what
    assert not result.is_exact


def test_core_that_never_reads_an_activation_is_found(tmp_path: Path) -> None:
    """Nothing is put out, and everything counts as missing."""
    result = run_patched(
        tmp_path,
        "tw_controller.sv",
        "assign wants_act = busy_q",
        "assign wants_act = 1'b0 && busy_q",
    )
    assert result.psum_mismatches == result.psums_compared
    assert result.mismatches[0].actual == "missing"


def test_undefined_value_is_a_mismatch(tmp_path: Path) -> None:
    """A sum that is never written is x, and x equals nothing."""
    result = run_patched(
        tmp_path, "tw_sfu.sv", "(function_i == Relu)  ? '0", "(function_i == Relu)  ? 'x"
    )
    assert result.output_mismatches > 0
    assert {mismatch.actual for mismatch in result.mismatches} == {"x" * 16}


def test_wasted_cycle_shows_in_every_fold(tmp_path: Path) -> None:
    """Values are right, cycles are not: the comparison with the model must see it."""
    result = run_patched(
        tmp_path,
        "tw_sfu.sv",
        "  assign fold_done_o  = is_done && fold_last_q && !job_last_q;\n"
        "  assign job_done_o   = job_last_q && (is_done || (!valid_q && held_q))\n"
        "                        && (!out_valid_o || out_ready_i);",
        "  logic [1:0] late_q;\n"
        "  always_ff @(posedge clk_i)\n"
        "    late_q <= {2{is_done}} & {fold_last_q && !job_last_q, job_last_q};\n"
        "  assign {fold_done_o, job_done_o} = late_q;",
    )
    assert result.is_exact
    assert (result.fold_cycles == CASE.fold_cycles + 1).all()


FAULTS = {
    "weights follow before the last column has taken its own over": (
        "ws",
        ("tw_controller.sv", "wait_q <= WaitBits'(Cols - 1);", "wait_q <= '0;"),
    ),
    "first activation uses the old weight": (
        "ws",
        ("tw_pe.sv", "first_i ? shadow_low_q : weight_low_q", "weight_low_q"),
    ),
    "tap offset is forgotten while skipping": (
        "ws",
        ("tw_controller.sv", "is_skipping ? tap_q + skipped", "is_skipping ? tap_q"),
    ),
    "halves share one weight": (
        "simd",
        ("tw_pe.sv", "is_half_i ? shadow_low_q : weight_i", "weight_i"),
    ),
    "high half is shifted as in full width": (
        "simd",
        (
            "tw_pe.sv",
            "(is_half_i ? product_high : product_high <<< LowBits)",
            "(product_high <<< LowBits)",
        ),
    ),
    "psum is not cleared for the next pass": (
        "os",
        ("tw_pe.sv", "first_i ? '0 : SumBits'($signed(psum_q));", "SumBits'($signed(psum_q));"),
    ),
    "flush ends in all rows at once": (
        "os",
        ("tw_array.sv", "flush << 1", "flush & {Rows{flushed_o}}"),
    ),
    "pixels beyond the last are written": (
        "os",
        ("tw_tracker.sv", "is_os ? (pixel < onij)", "is_os ? 1'b1"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_in_a_mode_is_found(fault: str, tmp_path: Path) -> None:
    mode, patch = FAULTS[fault]
    case = replace(CASE, mode=mode, act_bits=2 if mode == "simd" else 4, schedule=FAST)
    case = replace(case, shape=replace(case.shape, ih=5))  # 30 pixels do not fill 8 rows of 4
    result = run_patched(tmp_path, *patch, case)
    assert not result.is_exact
    assert result.mismatches


@pytest.mark.parametrize("is_sound", [True, False])
def test_word_read_before_it_is_written_is_found(is_sound: bool, tmp_path: Path) -> None:
    """One pixel a fold: where PMEM stalls, two folds meet in the SFU, and it must forward the sum."""
    require_simulator("icarus")
    case = Case(ConvShape(40, 1, 1, 2, 1, 1), ArrayShape(1, 1, 20), schedule=FAST)
    write_random(tmp_path / "bundle", case)
    text = (RTL_DIR / "tw_sfu.sv").read_text()
    old = text[text.index("assign stored = ") : text.index("    assign base ")]
    new = old if is_sound else "assign stored = pmem_rdata_i[c*PsumBits+:PsumBits];\n"
    rtl = patched_core(tmp_path / "rtl", "tw_sfu.sv", old, new)
    result = run_bundle(
        tmp_path / "bundle",
        setup=replace(case.setup, stall_level=160, stall_seed=5),
        simulator="icarus",
        rtl_dir=rtl,
    )
    assert result.is_exact == is_sound
