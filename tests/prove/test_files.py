"""The sources of a proof: what they include, what is no source, and in which order they are read."""

from __future__ import annotations

import pytest

from tests.prove.mac import prove
from tilewright.errors import ConfigError
from tilewright.formal.sources import packages_first
from tilewright.prove.any_array import read_files

INCLUDES = """
`include "inc/widths.vh"
module mac (
  input wire clk, rst_n, en, first, input wire [`ACT-1:0] a, input wire signed [3:0] w,
  output reg signed [8:0] y
);
  `include "inc/body.vh"
endmodule
"""


@pytest.mark.usefixtures("sources")
def test_what_a_source_includes_is_found_beside_it(tmp_path):
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc" / "widths.vh").write_text("`define ACT 4\n")
    body = "always @(posedge clk) if (!rst_n) y <= 0; else if (en)\n"
    body += "y <= (first ? 9'sd0 : y) + $signed({1'b0, a}) * w;\n"
    (tmp_path / "inc" / "body.vh").write_text(body)
    (tmp_path / "mac.v").write_text(INCLUDES)
    files = read_files([tmp_path / "mac.v"])
    assert sorted(files) == ["inc/body.vh", "inc/widths.vh", "mac.v"]
    assert prove(tmp_path, files).answer == "proved"
    also_named = read_files([tmp_path / "mac.v", tmp_path / "mac.v"])
    assert also_named == files


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ("a/pe.v", "b/pe.v"),
            r"sources must have names of their own, but .*a/pe\.v and .*b/pe\.v share",
        ),
        (
            ("pe.vhd",),
            r"a proof reads Verilog and SystemVerilog, but .*pe\.vhd is VHDL: make Verilog of",
        ),
    ],
)
def test_sources_that_are_refused(tmp_path, names, message):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("module pe; endmodule\n")
    with pytest.raises(ConfigError, match=message):
        read_files([tmp_path / name for name in names])


def test_files_come_after_the_packages_that_they_name():
    sources = {
        "top.sv": "module top import types::*; (); endmodule",
        "defs.svh": "`define W 4",
        "types.sv": '`include "defs.svh"\npackage types; parameter W = sizes::W; endpackage',
        "sizes.sv": "package automatic sizes; parameter W = `W; endpackage",
    }
    assert packages_first(sources) == ["sizes.sv", "types.sv", "top.sv"]
