"""Our core with a fault in one psum register: its array, with a wire of one PE forced."""

from __future__ import annotations

from tilewright.errors import ToolError
from tilewright.rtl import RTL_DIR, is_bench
from tilewright.spec import PsumFault

ARRAY = "tw_array.sv"
_PORT = ".psum_o        (psum[r+1][c]),"
_WIRES = "  wire                  overflow[Rows+1][Cols];\n"
_CELL = "      tw_pe #(\n"


def faulty_sources(fault: PsumFault, moment: int | None = None) -> dict[str, str]:
    """The core's files by name, without benches, with `fault` in them.

    moment: of a flip, which of the PE's activations it concerns, counted from 0 since the reset. Raises
    `ToolError` if the array is written otherwise than is expected here, so that the fault has no place.
    """
    sources = {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(RTL_DIR.glob("*.sv"))
        if not is_bench(path)
    }
    text = sources[ARRAY]
    for part in (_PORT, _WIRES, _CELL):
        if text.count(part) != 1:
            raise ToolError(
                f"{ARRAY} must have {part.strip()!r} once, but has not: no fault is planted"
            )
    text = text.replace(_PORT, ".psum_o        (healthy[r+1][c]),")
    text = text.replace(
        _WIRES, _WIRES + "  wire [ColumnBits-1:0] healthy [Rows+1][Cols];\n" + _counter(fault)
    )
    sources[ARRAY] = text.replace(_CELL, _forced(fault, moment) + _CELL)
    return sources


def _counter(fault: PsumFault) -> str:
    """Counts the activations that the PE has taken: the register holds the sum of number `taken_q`."""
    place = f"[{fault.row}][{fault.col + 1}]"
    return f"""  logic [31:0] taken_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) taken_q <= '0;
    else if (valid{place}) taken_q <= taken_q + 32'd1;
  end
"""


def _forced(fault: PsumFault, moment: int | None) -> str:
    mask = f"(ColumnBits'(1) << {fault.bit})"
    forced = {
        "stuck0": f"healthy[r+1][c] & ~{mask}",
        "stuck1": f"healthy[r+1][c] | {mask}",
        "flip": f"healthy[r+1][c] ^ ((taken_q == 32'd{moment or 0}) ? {mask} : '0)",
    }[fault.kind]
    is_here = f"r == {fault.row} && c == {fault.col}"
    return f"""      if ({is_here}) begin : gen_faulty
        assign psum[r+1][c] = {forced};
      end else begin : gen_healthy
        assign psum[r+1][c] = healthy[r+1][c];
      end
"""
