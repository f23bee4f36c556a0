"""Our array is proved in every mode; arrays with a fault are not, and the fault is named and shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tilewright.errors import ConfigError, ToolError
from tilewright.prove import elaborate
from tilewright.prove.array import MODES, ArrayClaim, ArrayJob
from tilewright.prove.confirm import Confirmation
from tilewright.prove.our_rtl import prove_array

SMALL = ArrayJob(rows=3, cols=2, vectors=3)
NARROW = replace(SMALL, column_bits=8)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "job",
    [
        SMALL,
        replace(SMALL, is_overlapped=False, stalls=3),
        replace(SMALL, rows=2, cols=3, act_bits=5, weight_bits=3, is_saturating=True),
        replace(NARROW, is_saturating=True),
    ],
    ids=str,
)
def test_our_array_is_proved(sources, mode, job):
    verdict = prove_array(sources, replace(job, mode=mode))
    assert verdict.answer == "proved", verdict
    assert verdict.compared == 2 * 2 * (job.rows if mode == "os" else job.vectors) * job.cols
    assert mode in verdict.claim


SIGNED = replace(SMALL, is_act_signed=True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "job", [SIGNED, replace(SIGNED, act_bits=3, column_bits=6, is_saturating=True)], ids=str
)
def test_our_array_is_proved_for_signed_activations(sources, mode, job):
    verdict = prove_array(sources, replace(job, mode=mode))
    assert verdict.answer == "proved", verdict
    assert f"{mode}, s{job.act_bits}/4/" in verdict.claim


SIGN, LOW_SIGN = "(ActSigned != 0) && act_i[ActBits-1]", "(ActSigned != 0) && is_half_i && act_i"


@pytest.mark.parametrize(
    ("mode", "before", "after"),
    [
        *((mode, SIGN, "1'b0") for mode in MODES),
        ("2ch", f"{LOW_SIGN}[LowBits-1]", "1'b0"),
        ("ws", f"{LOW_SIGN}[LowBits-1]", "act_i[LowBits-1]"),
    ],
)
def test_an_array_that_forgets_a_sign_is_refuted_and_a_simulator_agrees(
    changed, mode, before, after
):
    verdict = prove_array(changed("tw_pe.sv", before, after), replace(SIGNED, mode=mode))
    assert verdict.answer == "refuted", verdict
    assert verdict.killing.is_confirmed, verdict
    assert int(verdict.killing.simulated, 2) == verdict.killing.found


def test_an_array_that_knows_no_signed_activations_is_proved_for_unsigned_ones_alone(changed):
    text = changed("tw_array.sv", "parameter int ActSigned  = 0", "parameter int Unused = 0")
    text["tw_array.sv"] = text["tw_array.sv"].replace("(ActSigned)", "(0)")
    assert prove_array(text, SMALL).answer == "proved"
    assert prove_array(text, SIGNED).answer == "refuted"


def test_a_proof_says_for_how_many_inputs_and_under_which_control(sources):
    verdict = prove_array(sources, SMALL)
    assert str(verdict).startswith(
        "PROVED tw_array 3x2 ws, 4/4/16 bits, wrapping, 2 overlapped folds of 3: 24 values are equal for all "
        f"2^{2 * (3 * 2 + 3 * 3) * 4} inputs"
    )


FAULTS = {
    "a product one bit too narrow": (
        "tw_pe.sv",
        "localparam int ProductBits = ActBits + WeightBits + 1",
        "localparam int ProductBits = ActBits + WeightBits - 1",
    ),
    "a shift one too small": ("tw_pe.sv", "product_high <<< LowBits", "product_high <<< 1"),
    "a late weight": ("tw_pe.sv", "first_i ? shadow_low_q : weight_low_q", "weight_low_q"),
    "a psum dropped": ("tw_array.sv", "assign psum[0][c]    ", "assign psum[0][c] = act_i[3:0];//"),
    "rows swapped": (
        "tw_array.sv",
        "weight_i[r*WeightBits+:WeightBits]",
        "weight_i[(Rows-1-r)*WeightBits+:WeightBits]",
    ),
    "a weight that is one more": ("tw_pe.sv", "shadow_low_q  <= weight_i", "shadow_low_q  <= weight_i + 1"),
    "a weight taken for unsigned": (
        "tw_pe.sv",
        "low * ProductBits'($signed(weight_low))",
        "low * ProductBits'($signed({1'b0, weight_low}))",
    ),
    "one input alone": (
        "tw_pe.sv",
        "assign sum   = base + SumBits'(product);",
        "assign sum   = base + SumBits'(product) + SumBits'(act_i == 13 && weight_low == 13 ? 1 : 0);",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_array_is_refuted_and_a_simulator_agrees(changed, fault):
    verdict = prove_array(changed(*FAULTS[fault]), SMALL)
    assert verdict.answer == "refuted", verdict
    assert verdict.killing is not None
    assert verdict.killing.is_confirmed, verdict
    if verdict.killing.found is not None:
        assert int(verdict.killing.simulated, 2) == verdict.killing.found


GATES = """  wire [SumBits-1:0] addend, total; wire [SumBits:0] carry;
  assign addend = SumBits'(product); assign carry[0] = 1'b0; assign sum = $signed(total);
  for (genvar i = 0; i < SumBits; i++) begin : gen_full_adder
    wire p, g, t; xor (p, base[i], addend[i]); xor (total[i], p, carry[i]);
    and (g, base[i], addend[i]); and (t, FAULT, carry[i]); or (carry[i+1], g, t);
  end"""


def test_where_no_case_decides_inputs_are_tried_whatever_other_columns_hold(changed):
    """An adder of gates with a wrong carry: the psums of the other columns have no value yet."""
    text = changed(
        "tw_pe.sv",
        "  assign sum   = base + SumBits'(product);",
        GATES.replace("FAULT", "base[i]"),
    )
    verdict = prove_array(text, SMALL)
    assert verdict.answer == "refuted", verdict
    assert verdict.killing.is_confirmed, verdict


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("act_first_i", "first_in", "a port act_first_i of 3 bits, but has none of that name"),
        (
            "   Rows*ActBits-1:0] act_i",
            "   Rows*8-1:0] act_i",
            "act_i of 12 bits, but has it with 24",
        ),
    ],
)
def test_an_array_with_other_ports_is_refused(changed, before, after, said):
    text = changed("tw_array.sv", before, after)
    with pytest.raises(ToolError, match=said):
        prove_array({name: one.replace(before, after) for name, one in text.items()}, SMALL)


def test_the_register_that_nothing_writes_is_named(changed):
    text = changed("tw_array.sv", ".weight_valid_i(weight_valid_i[r])", ".weight_valid_i(seen[r])")
    seen = "wire [Rows-1:0] seen = weight_valid_i & ~2;"
    text["tw_array.sv"] = text["tw_array.sv"].replace(
        "  for (genvar r", f"  {seen}\n  for (genvar r", 1
    )
    assert prove_array(text, SMALL, confirms=False).answer == "undecided"
    verdict = prove_array(text, SMALL)
    assert verdict.answer == "refuted"
    assert "column 0" in verdict.reason
    assert "gen_row[1].gen_col[0]" in verdict.reason
    assert "which nothing has written" in verdict.reason


OUT_OF_RANGE = (
    "tw_array.sv",
    "= overflow[Rows][c];",
    "= overflow[Rows][c] || (valid[Rows-1][c+1] && valid[Rows+1][c]);",
)


def test_what_an_index_out_of_range_reads_is_not_known(changed):
    verdict = prove_array(changed(*OUT_OF_RANGE), SMALL)
    assert verdict.answer == "refuted", verdict
    assert "is not known: an x of the source" in verdict.reason
    assert verdict.killing.simulated == "x"


def test_an_x_of_which_yosys_makes_what_suits_it_is_caught(changed, monkeypatch):
    script = elaborate._script

    def as_suits(*args):
        return script(*args).replace("flatten", "flatten\nopt_expr")

    monkeypatch.setattr(elaborate, "_script", as_suits)
    with pytest.raises(AssertionError, match="answer='proved'"):
        test_what_an_index_out_of_range_reads_is_not_known(changed)


def test_the_difference_names_the_products_that_are_missing(changed):
    seen = ".psum_i        (r == 1 && c == 1 ? '0 : psum[r][c])"
    verdict = prove_array(
        changed("tw_array.sv", ".psum_i        (psum[r][c])", seen), SMALL, confirms=False
    )
    assert verdict.answer == "refuted"
    assert "column 1" in verdict.reason
    assert verdict.difference == (
        "-1 * weight[0][0][1] * act[0][0][0] (never arrives: weight[0][0][1] * act[0][0][0])"
    )


def test_several_products_that_are_missing_are_counted(changed):
    verdict = prove_array(changed(*FAULTS["rows swapped"]), SMALL, confirms=False)
    assert verdict.difference.endswith("(never arrives: weight[0][0][0] * act[0][0][0] and 1 more)")


def test_a_saturation_bound_that_is_wrong_for_one_sign_is_refuted(changed):
    text = changed(
        "tw_pe.sv", "{(ColumnBits - 1) {!sum[SumBits-1]}}}", "{(ColumnBits - 1) {1'b1}}}"
    )
    assert prove_array(text, SMALL, confirms=False).answer == "proved"  # no sum is out of range
    verdict = prove_array(text, replace(NARROW, is_saturating=True))
    assert verdict.answer == "refuted"
    assert verdict.killing is not None
    assert verdict.killing.is_confirmed


def test_an_overflow_bit_that_forgets_is_refuted(changed):
    text = changed("tw_pe.sv", "overflow_q <= base_overflow || !fits", "overflow_q <= !fits")
    verdict = prove_array(text, replace(NARROW, is_saturating=True), confirms=False)
    assert verdict.answer == "refuted"
    assert "overflow bit" in verdict.reason


def test_a_missing_reset_is_never_proved(changed):
    text = changed(
        "tw_pe.sv",
        "always_ff @(posedge clk_i or negedge rst_ni) begin\n    if (!rst_ni) valid_q <= 1'b0;\n"
        "    else valid_q",
        "always_ff @(posedge clk_i) begin\n    valid_q",
    )
    verdict = prove_array(text, SMALL)
    assert verdict.answer == "undecided"
    assert verdict.reason.startswith(
        "output psum_valid_o must be known control in cycle 1, but is not"
    )
    assert verdict.reason.endswith("which nothing has written")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("valid_q <= valid_i;", "valid_q <= valid_i && !(act_i == 0);"),  # control from data
        ("if (valid_i) begin\n      first_q", "if (valid_i && act_i != 4'd7) begin\n      first_q"),
    ],
)
def test_control_that_hangs_on_data_is_never_proved(changed, before, after):
    verdict = prove_array(changed("tw_pe.sv", before, after), SMALL, confirms=False)
    assert verdict.answer != "proved"


def test_a_valid_bit_a_cycle_late_is_refuted(changed):
    text = changed("tw_array.sv", "valid[Rows-1][c+1];", "valid[Rows-1][c];")
    verdict = prove_array(text, SMALL)
    assert verdict.answer == "refuted"
    assert verdict.reason.startswith("output psum_valid_o is 0x1 in cycle 5, but must be 0x0")
    assert verdict.killing.is_confirmed


def _nothing(self, channels, weights):
    return self.algebra.zero


def _as_expected(self, simulator, stimulus, killing):
    return f"{killing.expected:b}"


def test_a_prover_that_is_contradicted_by_a_simulator_says_undecided(sources, monkeypatch):
    monkeypatch.setattr(ArrayClaim, "_product", _nothing)
    monkeypatch.setattr(Confirmation, "_run", _as_expected)
    verdict = prove_array(sources, SMALL)
    assert verdict.answer == "undecided"
    assert "so one of the two is at fault" in verdict.reason


def test_jobs_that_are_none():
    with pytest.raises(ConfigError, match=r"^a mode must be one of ws, 2ch, os, but is 'simd'$"):
        ArrayJob(mode="simd")
    with pytest.raises(ConfigError, match="must be at least 1"):
        ArrayJob(rows=0)
