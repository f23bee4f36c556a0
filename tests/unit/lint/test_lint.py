"""What lint says where it cannot decide, and about input that is no testbench or no vector file."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.unit.lint.good_files import READERS, with_headers, write
from tilewright.errors import ConfigError, DataError, FormatError, ToolError
from tilewright.lint import Sources, lint
from tilewright.verilog.reader import follow
from tilewright.verilog.testbench import read_testbench

pytest.importorskip("pyslang")

HEAD = "module t; integer f, r, i; reg [11:0] x; reg [8*40:1] name; wire w;\n"


def _undecided(tmp_path: Path, body: str) -> list[tuple[int, str]]:
    write(tmp_path, with_headers())
    bench = tmp_path / "t.v"
    bench.write_text(f"{HEAD}{body}\nendmodule\n")
    found = lint(tmp_path, testbench=bench, max_steps=20_000).of("undecided")
    return [(finding.testbench_line, finding.message) for finding in found]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('initial f = $fopen(name, "r");', "the name of the file opened here cannot be computed"),
        ('initial begin f = $fopen("out.txt", "r"); if (w) r = $fscanf(f, "%b", x); '
         'else r = $fgetc(f); end', "the files read here were not followed"),
        ('initial begin f = $fopen("out.txt", "r"); for (i = 0; i < w; i = i + 1) '
         'r = $fscanf(f, "%b", x); end', "the files read here were not followed"),
        ('initial begin f = $fopen("out.txt", "r"); r = $ungetc(48, f); end',
         r"\$ungetc cannot be followed"),
        ('initial r = $fscanf(r, "%b", x);', r"the file of this \$fscanf cannot be computed"),
        ("initial $readmemb(name, x);", "what follows here cannot be followed: invalid argument"),
        ('initial begin f = $fopen("out.txt", "r"); while (1) r = $fscanf(f, "%b", x); end',
         "this loop over a file does not come to an end"),
        ("initial f = 1;", "lint sees no file that is read"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_said_with_its_line(
    tmp_path: Path, body: str, message: str
) -> None:
    """Never a guess: the testbench line, and what is not known there."""
    found = _undecided(tmp_path, body)
    assert any(re.match(message, text) for _, text in found), found
    assert all(line in (0, 2) for line, _ in found)


def test_the_scopes_of_a_wave_file_need_not_be_known(tmp_path: Path) -> None:
    """The design is seldom at hand: what follows is read, in its own line, and alike without the waves."""
    body = (
        'core dut();\ninitial begin $dumpfile("x.vcd");\n$dumpvars(1,\n dut, dut.u[0].q); %s'
        'f = $fopen("out.txt", "r"); r = $ungetc(48, f); end'
    )
    found = _undecided(tmp_path, body % "")
    assert [line for line, _ in found] == [5]
    assert "$ungetc" in found[0][1]
    assert "what follows here cannot be followed" in _undecided(tmp_path, body % "dut(1); ")[0][1]


def test_names_are_followed(tmp_path: Path) -> None:
    """Parameters, defines, concatenation, tasks, functions, case, nested loops and padding."""
    write(tmp_path, {"a_03.txt": b"1\n", "a_13.txt": b"1\n", "b7.txt": b"1\n", "c1.txt": b"1\n"})
    bench = tmp_path / "t.v"
    bench.write_text(
        '`define EXT ".txt"\nmodule t; parameter P = "b"; localparam N = 2*3+1; integer f, i;\n'
        "reg x; reg [8*20:1] n;\n"
        "function integer twice(input integer k); twice = 2 * k; endfunction\n"
        'task one(input [8*20:1] name); begin f = $fopen(name, "r");\n'
        'if ($fscanf(f, "%b", x) != 1) $finish; $fclose(f); end endtask\n'
        "initial begin for (i = 0; i < twice(1); i = i + 1) begin\n"
        '$sformat(n, "a_%0d%0d%s", i, 3, `EXT); one(n); end\n'
        '$swrite(n, "%0s%0d%0s", P, N, `EXT); one(n);\n'
        'case (i) 2: n = {"c", "1", `EXT}; default: n = "no"; endcase one(n); end endmodule\n'
    )
    report = lint(tmp_path, testbench=bench)
    assert report.findings == ()
    assert set(report.files) == {"a_03.txt", "a_13.txt", "b7.txt", "c1.txt"}


def test_a_testbench_that_does_not_parse_is_refused_in_one_line(tmp_path: Path) -> None:
    """With path and line."""
    bench = tmp_path / "t.v"
    bench.write_text("module t;\ninitial begin\nx = ;\nend\nendmodule\n")
    with pytest.raises(
        FormatError, match=r"^the testbench must be Verilog that parses, but .*t\.v:3: "
    ):
        lint(tmp_path, testbench=bench)
    bench.write_bytes(b"\0\1\2")
    with pytest.raises(FormatError, match=r"^the testbench .* must be Verilog text of at most"):
        lint(tmp_path, testbench=bench)
    bench.write_text("")
    with pytest.raises(FormatError, match=r"must hold a module that no other one instantiates"):
        lint(tmp_path, testbench=bench)
    with pytest.raises(FormatError, match=r"^cannot read the testbench .*none\.v: No such file"):
        lint(tmp_path, testbench=tmp_path / "none.v")


def test_words_of_systemverilog_are_names_in_older_verilog(tmp_path: Path) -> None:
    """In a `.v` file, as simulators take it; a `.sv` file, or a fault elsewhere, is refused as before."""
    bench = (
        "module t; integer f, do; reg [7:0] expect, bit; more one(bit);\n"
        'initial begin f = $fopen("d.txt", "r"); do = $fscanf(f, "%h", expect);\n'
        "if (do == 1) one.put(expect); end endmodule\n"
    )
    more = (
        "module more(input [7:0] byte); task put(input [7:0] x); $display(x); endtask endmodule\n"
    )
    write(tmp_path, {"d.txt": b"1ff\n", "t.v": bench.encode(), "more.v": more.encode()})
    given = Sources(files=(tmp_path / "more.v",))
    (error,) = lint(tmp_path, testbench=tmp_path / "t.v", given=given).errors
    assert (error.kind, error.testbench_line) == ("truncated", 2)
    write(tmp_path, {"t.sv": bench.encode(), "w.v": bench.replace("== 1", "==").encode()})
    for name, line in (("t.sv", 1), ("w.v", 1)):
        with pytest.raises(
            FormatError, match=rf"must be Verilog that parses, but .*{name}:{line}: "
        ):
            lint(tmp_path, testbench=tmp_path / name, given=given)


def test_binary_and_empty_files_are_named(tmp_path: Path) -> None:
    """Garbage is an error with its line, not a traceback."""
    files = with_headers() | {"activation_tile0.txt": b"#a\n\xff\0", "out.txt": b""}
    report = lint(write(tmp_path, files), testbench=READERS / "tokens.v")
    assert {(f.file, f.file_line, f.kind) for f in report.errors} == {
        ("activation_tile0.txt", 2, "binary"), ("out.txt", 0, "empty"),
    }  # fmt: skip


def test_without_pyslang_the_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a plain installation was made without it."""
    monkeypatch.setitem(sys.modules, "pyslang", None)
    with pytest.raises(ToolError, match=r"pip install pyslang"):
        lint(tmp_path, testbench=READERS / "tokens.v")


def test_lint_needs_a_folder_and_something_to_check_against(tmp_path: Path) -> None:
    """Usage errors."""
    with pytest.raises(ConfigError, match=r"^files are checked against a testbench, a layout"):
        lint(tmp_path)
    with pytest.raises(DataError, match=r"must be a folder with vector files$"):
        lint(tmp_path / "none", testbench=READERS / "tokens.v")


def test_a_reader_that_never_looks_is_warned_of_once(tmp_path: Path) -> None:
    """A warning about the testbench, with its first line; no error, nothing undecided."""
    report = lint(write(tmp_path, with_headers()), testbench=READERS / "tokens.v")
    assert str(report.findings[0]).startswith(
        "warning: tokens.v:24: 10 lines read files and never look"
    )
    assert len(report.files) == 11
    assert [len(report.of(severity)) for severity in ("error", "warning", "undecided")] == [0, 1, 0]


def _findings(
    tmp_path: Path, files: dict[str, bytes], body: str, *, max_steps: int = 20_000
) -> list[tuple[str, int, str]]:
    """Kind, line of the file and message, with an 8-bit memory `m` of 4 words."""
    bench = write(tmp_path, files) / "t.v"
    bench.write_text(f"{HEAD}reg [7:0] m[0:3]; reg [3:0] a, b;\n{body}\nendmodule\n")
    found = lint(tmp_path, testbench=bench, max_steps=max_steps).findings
    return [(f.kind, f.file_line, f.message) for f in found if f.kind != "unchecked"]


EIGHT = b"".join(b"%08d\n" % word for word in (1, 10, 11, 100))


def test_a_memory_loaded_downwards_is_read_downwards(tmp_path: Path) -> None:
    """As Icarus does: `$readmemb(..., 3, 0)` fills address 3 first."""
    bench = write(tmp_path, {"m.mem": EIGHT}) / "t.v"
    bench.write_text(f'{HEAD}reg [7:0] m[0:3]; initial $readmemb("m.mem", m, 3, 0);\nendmodule\n')
    assert lint(tmp_path, testbench=bench).is_clean
    (memory,) = follow(read_testbench(bench), tmp_path).memories.values()
    assert [memory.elements[i].bits for i in range(4)] == [4, 3, 2, 1]


@pytest.mark.parametrize(
    ("content", "call", "line", "message"),
    [
        (EIGHT, "m, 0, 7", 1, r"\$readmemb fills the addresses 0..7, which the memory does not"),
        (EIGHT, "m, 9", 1, r"\$readmemb fills the addresses 9..3, which the memory does not"),
        (b"@0\n" + EIGHT[:18], "m, 2, 3", 1, "'@0' is none of the addresses 2..3 that are filled"),
        (EIGHT[:27] + b"@9\n" + EIGHT[:9], "m", 4, "'@9' is none of the addresses 0..3"),
    ],
)
def test_addresses_that_a_memory_does_not_have_are_an_error(
    tmp_path: Path, content: bytes, call: str, line: int, message: str
) -> None:
    """Icarus loads nothing, or stops at the address; the number of words is right all the same."""
    found = _findings(tmp_path, {"m.mem": content}, f'initial $readmemb("m.mem", {call});')
    ((kind, at, text),) = found
    assert (kind, at) == ("outside-memory", line)
    assert re.match(message, text)


def test_words_that_run_over_the_end_of_a_memory_leave_its_front_unfilled(tmp_path: Path) -> None:
    """Four words from address 2 on fill two of four, however many the file has."""
    files = {"m.mem": b"@2\n" + EIGHT}
    ((kind, _, text),) = _findings(tmp_path, files, 'initial $readmemb("m.mem", m, 0, 3);')
    assert kind == "too-few-words"
    assert "the reader loads 4 words, but the file has 2: 2 keep their old values" in text


READ = (
    'begin f = $fopen("x.txt", "r"); for (i = 0; i < 9; i = i + 1) '
    'begin r = $fscanf(f, "%b", x); $display(x); end end'
)


@pytest.mark.parametrize(
    "before",
    [
        "initial begin #1000000 $display(name); $finish; end\ninitial",
        "initial begin #1 i = 0; repeat (2000000) #1 r = 0;",
    ],
)
def test_what_takes_long_does_not_hide_the_reads_after_it(tmp_path: Path, before: str) -> None:
    """A watchdog, or two million idle turns, stand before the block that reads."""
    tail = " end" if "repeat" in before else ""
    found = _findings(tmp_path, {"x.txt": b"000000000001\n" * 4}, f"{before} {READ}{tail}")
    assert [kind for kind, _, _ in found] == ["too-few-words"]


def test_a_block_that_is_not_followed_to_its_end_is_said(tmp_path: Path) -> None:
    """Nested loops of more turns than lint follows: never a silent pass."""
    loops = "initial begin for (i = 0; i < 200; i = i + 1) for (r = 0; r < 200; r = r + 1) #1;"
    found = _findings(tmp_path, {"x.txt": b"1\n"}, f"{loops} {READ} end")
    assert any(k == "undecided" and "this block takes more" in text for k, _, text in found), found


@pytest.mark.parametrize(
    ("words", "kinds"), [(EIGHT, []), (EIGHT.replace(b"\n", b"1111\n"), ["long-word"])]
)
def test_lanes_read_one_by_one_out_of_a_word(
    tmp_path: Path, words: bytes, kinds: list[str]
) -> None:
    """`%4b%4b` takes a word of 8 digits whole; of 12 digits it leaves a lane for the next read."""
    body = 'initial begin f = $fopen("x.txt", "r"); repeat (4) r = $fscanf(f, "%4b%4b", a, b); end'
    assert [kind for kind, _, _ in _findings(tmp_path, {"x.txt": words}, body)] == kinds


def test_a_finding_names_the_file_in_which_the_read_stands(tmp_path: Path) -> None:
    (tmp_path / "w.hex").write_text("01\n102\n")
    (tmp_path / "load.vh").write_text(
        "\n\ntask load(input [63:0] name); $readmemh(name, m); endtask\n"
    )
    (tmp_path / "rom.v").write_text(
        '\nmodule rom; reg [7:0] m[0:1]; initial begin $readmemh("w.hex", m); $display(m[1]); end endmodule'
    )
    bench = tmp_path / "tb.v"
    bench.write_text(
        'module tb; rom u(); reg [7:0] m[0:1];\n`include "load.vh"\n'
        'initial begin load("w.hex"); $display("%h", m[1]); end\nendmodule\n'
    )
    given = Sources(files=(tmp_path / "rom.v",))
    found = lint(tmp_path, testbench=bench, given=given).errors
    assert {(one.kind, one.testbench, one.testbench_line) for one in found} == {
        ("truncated", "rom.v", 2),
        ("truncated", "load.vh", 3),
    }
    (tmp_path / "rom.v").write_text("module rom;\nreg m\nendmodule\n")
    with pytest.raises(FormatError, match=r"rom\.v:2"):
        lint(tmp_path, testbench=bench, given=given)


@pytest.mark.parametrize(
    ("name", "language"), [("tb.vhd", "VHDL"), ("test_core.py", "Python"), ("t.cpp", "C")]
)
def test_a_testbench_in_another_language_is_named(tmp_path: Path, name: str, language: str) -> None:
    (tmp_path / name).write_text("entity tb is end;\n")
    with pytest.raises(FormatError, match=rf"{name} is {language}.*--layout"):
        lint(tmp_path, testbench=tmp_path / name)
