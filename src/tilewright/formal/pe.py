"""Prove that a PE computes its stated arithmetic, for every input in every cycle.

The reference multiplies as it is taught: for each bit of the activation, the weight shifted by its place.
It shares nothing with the RTL but the port names.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tilewright.errors import ToolError
from tilewright.formal.yosys import first_error, run_yosys
from tilewright.rtl import RTL_DIR

PE = "tw_pe"
BOUND = 6
"""Cycles of a bounded proof: a load, and several additions after it."""
_WEIGHT_STATIONARY = {"first_i": "1'b1"}
"""Inputs that are not 0 in plain weight-stationary operation, where a PE has them."""
_OPEN = {"weight_i", "weight_valid_i", "act_i", "valid_i", "psum_i", "clk_i", "rst_ni"}
_SEEN = {"weight_o", "act_o", "valid_o", "psum_o"}


@dataclass(frozen=True, slots=True)
class PeWidths:
    """Bits of the codes and of the psum."""

    act: int = 4
    weight: int = 4
    psum: int = 16


Verdict = Literal["proved", "bounded", "refuted"]


def prove_pe(
    rtl_dir: Path = RTL_DIR,
    widths: PeWidths | None = None,
    *,
    hidden: Sequence[str] = ("shadow_low_q",),
    timeout_s: float = 600.0,
) -> Verdict:
    """Whether the PE in `rtl_dir` multiplies and accumulates, weight stationary, modulo 2^psum.

    Once a weight was loaded, psum_o must be psum_i plus activation times weight of the cycle before with
    valid_i, and act_o, valid_o and weight_o follow their inputs by one cycle. Inputs that this mode does
    not use are 0.

    "proved": by induction, for all inputs in all cycles. "bounded": for all inputs in the first
    `BOUND` cycles from any state of the registers; induction fails where a register that the ports do
    not show must agree with another one. "refuted": there are inputs for which it does not hold.

    hidden: registers of the PE that hold the loaded weight and reach no port. Of those that it has, this
    is shown as well, and then induction may use it.

    Raises `ToolError` if yosys is missing, the PE cannot be read, or the proof does not end in time.
    """
    path = rtl_dir / f"{PE}.sv"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ToolError(f"cannot read the PE {path}: {error.strerror}") from None
    widths = widths or PeWidths()
    found = tuple(name for name in hidden if re.search(rf"\b{re.escape(name)}\s*<=", text))
    for shown in (found, ()) if found else ((),):
        files = {path.name: text, "check.sv": _check(text, widths, len(shown))}
        links = "".join(f"connect -set hidden_{n} dut.{name}\n" for n, name in enumerate(shown))
        script = f"{_READ}{links}{_PROVE}"
        with tempfile.TemporaryDirectory(prefix="tilewright-yosys-") as name:
            status, output = run_yosys(script, files, folder=Path(name), timeout_s=timeout_s)
        if status == 0:
            return "proved"
        is_gone = shown and _NO_REGISTER in output  # nothing needs it, so it holds nothing
        if "proof did fail" not in output and not is_gone:
            raise ToolError(f"yosys cannot judge {path}: {first_error(output)}")
    return "refuted" if _COUNTEREXAMPLE in output else "bounded"


_READ = f"""read_verilog -sv {PE}.sv
read_verilog -formal -sv check.sv
prep -top check -flatten
"""
_PROVE = f"""async2sync
opt_clean
sat -verify -prove-asserts -set-assumes -tempinduct -seq 1 -maxsteps {BOUND}
"""
_NO_REGISTER = "Failed to parse set rhs expression"
_COUNTEREXAMPLE = "model found for base case"
"""What yosys says where the first cycles already fail; else it is the induction that does not go on."""


def _check(text: str, widths: PeWidths, hidden: int) -> str:
    """The PE beside its reference, and what must hold of them in every cycle.

    hidden: how many registers of the PE, that are connected later, must hold the loaded weight.
    """
    header = text[: text.index(");", text.index(f"module {PE}"))]
    inputs = re.findall(r"\binput\s+(?:logic|wire)?[^,\n]*?(\w+)\s*(?:,|$)", header, re.MULTILINE)
    psum_bits = "ColumnBits" if "ColumnBits" in header else "PsumBits"
    ties = {name: _WEIGHT_STATIONARY.get(name, "'0") for name in inputs if name not in _OPEN}
    return _CHECK.format(
        act=widths.act,
        weight=widths.weight,
        psum=widths.psum,
        psum_bits=psum_bits,
        pe=PE,
        ports=",\n      ".join(_ports(ties)),
        hidden="".join(
            f"  (* keep *) wire [{widths.weight}-1:0] hidden_{n};\n" for n in range(hidden)
        ),
        agree="".join(f"\n      assert (hidden_{n} == weight_q);" for n in range(hidden)),
    )


def _ports(ties: Mapping[str, str]) -> list[str]:
    names = sorted(_OPEN | _SEEN)
    return [f".{name}({name})" for name in names] + [f".{n}({level})" for n, level in ties.items()]


_CHECK = """
module check (
    input logic clk_i, rst_ni, weight_valid_i, valid_i,
    input logic [{weight}-1:0] weight_i,
    input logic [{act}-1:0] act_i,
    input logic [{psum}-1:0] psum_i
);
  logic valid_o;
  logic [{weight}-1:0] weight_o;
  logic [{act}-1:0] act_o;
  logic [{psum}-1:0] psum_o;

  {pe} #(
      .ActBits({act}), .WeightBits({weight}), .{psum_bits}({psum})
  ) dut (
      {ports}
  );

  // Shift and add; the weight as a number of the psum's width.
  logic [{weight}-1:0] weight_q;
  logic [{psum}-1:0] wide, product, psum_q;
  logic [{act}-1:0] act_q;
  logic valid_q, is_loaded_q, is_shown_q;
  integer place;
  always @* begin
    wide = {{{{({psum}){{weight_q[{weight}-1]}}}}, weight_q}};
    product = 0;
    for (place = 0; place < {act}; place = place + 1)
      if (act_i[place]) product = product + (wide << place);
  end

  initial is_loaded_q = 0;
  initial is_shown_q = 0;
  initial valid_q = 0;
  always @(posedge clk_i) begin
    assume (rst_ni);
    valid_q <= valid_i;
    if (weight_valid_i) begin
      weight_q    <= weight_i;
      is_loaded_q <= 1;
    end
    if (valid_i && is_loaded_q) begin
      psum_q     <= psum_i + product;
      act_q      <= act_i;
      is_shown_q <= 1;
    end
  end

{hidden}
  logic was_checked_q;
  initial was_checked_q = 0;
  always @(posedge clk_i) begin
    was_checked_q <= 1;
    if (was_checked_q) assert (valid_o == valid_q);
    if (is_loaded_q) begin
      assert (weight_o == weight_q);{agree}
    end
    if (is_shown_q) begin
      assert (psum_o == psum_q);
      assert (act_o == act_q);
    end
  end
endmodule
"""
