"""Which files of a folder a module needs, in which order, and under which names."""

from __future__ import annotations

import pytest

from tilewright.errors import ToolError
from tilewright.verilog.source_files import compiled, find_vhdl, needed, with_plain_names

TOP = "module top; pe u(); endmodule"
PE = "module pe; endmodule"


def _names(tmp_path, files, tops=("top",)):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return needed(tmp_path, tops)


@pytest.mark.parametrize(
    ("files", "order"),
    [
        ({"a.v": TOP, "rtl/pe.v": PE}, ["a.v", "pe.v"]),
        ({"all.v": f"{PE}\n{TOP}"}, ["all.v"]),
        ({"top.V": TOP, "pe.SV": PE}, ["pe.SV", "top.V"]),
        (
            {"top.v": TOP, "pe.v": PE, "tb.v": "module tb; top dut(); initial $finish; endmodule"},
            ["pe.v", "top.v"],
        ),
        ({"top.v": TOP, "pe.v": PE, ".git/pe.v": PE}, ["pe.v", "top.v"]),
        (
            {
                "a.sv": "module top import z::*; (); t x; endmodule",
                "z.sv": "package z; y::u v; endpackage",
                "y.sv": "package automatic y; endpackage",
            },
            ["y.sv", "z.sv", "a.sv"],
        ),
        (
            {"pe.v": "module pe; wire [`W-1:0] x; endmodule", "top.v": f"`define W 4\n{TOP}"},
            ["top.v", "pe.v"],
        ),
        ({"top.v": TOP, "pe.v": PE, "widths.v": "`define W 4\n"}, ["pe.v", "top.v", "widths.v"]),
        (
            {"top.v": "module top; wire x = `W; endmodule", "widths.v": "`define W 4\n"},
            ["widths.v", "top.v"],
        ),
        ({"top.v": "// pe would be here\nmodule top; endmodule", "pe.v": PE}, ["top.v"]),
        ({"pe.v": PE}, []),
    ],
)
def test_files_are_taken_by_need_and_in_order(tmp_path, files, order):
    assert list(_names(tmp_path, files)) == order


INCLUDES = """`include "{0}"
module top; reg [3:0] rom [0:3]; initial $readmemh("{1}", rom); endmodule
"""


@pytest.mark.parametrize("written", ["widths.vh", "../include/widths.vh", "include/widths.vh"])
@pytest.mark.parametrize("data", ["rom.hex", "../data/rom.hex", "data/rom.hex"])
def test_what_a_source_names_has_its_plain_name(tmp_path, written, data):
    files = {
        "rtl/top.v": INCLUDES.format(written, data),
        "include/widths.vh": "`define W 4\n",
        "data/rom.hex": "1\n2\n",
        "data/waves.vcd": "not named",
    }
    found = _names(tmp_path, files)
    assert list(found) == ["top.v", "widths.vh", "rom.hex"]
    assert found["top.v"] == INCLUDES.format("widths.vh", "rom.hex")
    assert compiled(found) == ["top.v"]


def test_a_source_that_others_include_is_not_compiled(tmp_path):
    found = _names(
        tmp_path, {"top.v": f'{TOP}\n`include "body.v"', "pe.v": PE, "body.v": "assign x = 1;"}
    )
    assert compiled(found) == ["pe.v", "top.v"]
    assert set(found) == {"pe.v", "top.v", "body.v"}


def test_of_two_files_of_one_name_neither_is_guessed(tmp_path):
    text = INCLUDES.format("widths.vh", "none")
    files = {"rtl/top.v": text, "a/widths.vh": "`define W 4", "b/widths.vh": "`define W 8"}
    assert _names(tmp_path, files)["top.v"] == text
    beside = {**files, "rtl/widths.vh": "`define W 2"}
    found = _names(tmp_path, beside)
    assert list(found) == ["top.v", "a__widths.vh", "b__widths.vh", "rtl__widths.vh"]
    assert '"rtl__widths.vh"' in found["top.v"]


def test_two_definitions_are_refused_if_one_is_needed(tmp_path):
    files = {"top.v": TOP, "pe.v": PE, "pe_old.v": PE}
    with pytest.raises(
        ToolError, match=r"pe must be defined once, but pe\.v and pe_old\.v both define it"
    ):
        _names(tmp_path, files)
    (tmp_path / "top.v").write_text("module top; endmodule")
    assert list(needed(tmp_path, ("top",))) == ["top.v"]


def test_of_an_older_version_in_a_folder_below_nothing_is_taken(tmp_path):
    old = PE.replace("pe", "pe /* old */")
    found = _names(tmp_path, {"top.v": TOP, "rtl/pe.v": PE, "rtl/old/pe.v": old, "old/b/pe.v": old})
    assert found == {"pe.v": PE, "top.v": TOP}


@pytest.mark.parametrize("comment", ["// Größe".encode("latin-1"), "// 乘加".encode("gbk")])
def test_comments_may_be_in_any_encoding(tmp_path, comment):
    text = comment + b"\n" + TOP.encode()
    found = _names(tmp_path, {"top.v": text, "pe.v": b"\xef\xbb\xbf" + PE.encode()})
    assert found["top.v"].encode("latin-1") == text
    assert found["pe.v"] == PE


def test_vhdl_is_found_by_its_entities(tmp_path):
    _names(tmp_path, {"top.v": TOP, "x/pe.vhd": "library ieee;\nentity PE is\nend;"})
    assert find_vhdl(tmp_path, {"pe"}) == find_vhdl(tmp_path) == tmp_path / "x" / "pe.vhd"
    assert find_vhdl(tmp_path, {"array"}) is None


def test_files_given_one_by_one_include_each_other_by_their_names():
    texts = {"top.v": '`include "../include/w.vh"', "w.vh": "`define W 4"}
    assert with_plain_names(texts)["top.v"] == '`include "w.vh"'
