"""`$fread`, `$ungetc`, `assert` and enumerations: lint follows them, and Icarus prints the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.rtl.layers import require_simulator
from tests.unit.lint.good_files import write
from tilewright.lint import lint
from tilewright.verilog.reader import follow
from tilewright.verilog.testbench import read_testbench

pytest.importorskip("pyslang")
HEAD = """module t; integer f, n, c, i; reg [7:0] v; reg [31:0] w = 0; reg [11:0] h; reg signed [7:0] b;
integer s = 0; reg [7:0] m [0:7]; reg [15:0] p [3:0]; typedef enum {A = 1, B = 4, C = 9} letter; letter e;
initial begin for (i = 0; i < 8; i = i + 1) m[i] = 0; f = $fopen("d.bin", "rb");
"""
BYTES = b"\x00\xff\x41\x0a\x80"
WORDS = b"# a\n10\n# b\n20\n"
CASES: dict[str, tuple[bytes, str, str]] = {
    "byte by byte": (BYTES, 'while ($fread(b, f) == 1) s = s + b; $display("%0d", s);', ""),
    "a word of four bytes": (BYTES[:4], 'n = $fread(w, f); $display("%0d %h", n, w);', ""),
    "bytes left": (BYTES, 'n = $fread(w, f); $display("%0d %h", n, w);', "words-left"),
    "a memory": (BYTES[:4] * 2, 'n = $fread(m, f); $display("%0d %h %h", n, m[0], m[7]);', ""),
    "a part of a memory": (
        BYTES[:3],
        'n = $fread(m, f, 2, 3); $display("%0d %h %h %h", n, m[2], m[4], m[5]);',
        "",
    ),
    "a memory that goes down": (BYTES + BYTES[:3], 'n = $fread(p, f); $display("%0d %h", n, p[0]);', ""),
    "a file that ends within a word": (
        BYTES, 'n = $fread(p, f); s = p[2]; $display("%0d", n);', "too-few-words",
    ),
    "a loop that counts on": (
        BYTES,
        "repeat (7) begin n = $fread(v, f); s = s + v; end if (s) s = 1;",
        "too-few-words",
    ),
    "a value that does not fit": (b"\x41\x42", 'n = $fread(h, f); $display("%h", h);', "truncated"),
    "into a word": (BYTES, 'n = $fread(m[1], f); $display("%h", m[1]);', "bad-place"),
    "into an integer": (BYTES, 'n = $fread(s, f); $display("%h", s);', "bad-place"),
    "characters": (
        BYTES, 'c = $fgetc(f); while (c != -1) begin s = s + c; c = $fgetc(f); end $display("%0d", s);', "",
    ),
    "comments": (
        WORDS,
        'c = $fgetc(f); while (c != -1) begin if (c == "#") while (c != 10 && c != -1) c = $fgetc(f);\n'
        'else begin n = $ungetc(c, f); n = $fscanf(f, "%h\\n", v); if (n == 1) s = s + v; end\n'
        'c = $fgetc(f); end $display("%0d", s);',
        "",
    ),
    "an enumeration": (
        b"5\n6\n7\n",
        'e = e.first(); repeat (e.num()) begin n = $fscanf(f, "%d", v); if (n != 1) $finish;\n'
        'if (e != C) s = s + v; e = e.next(); end $display("%0d %0d %0d", s, e, e.last());',
        "",
    ),
    "assertions": (
        b"5\n6\n",
        'assert (f) else $fatal; repeat (2) begin assert ($fscanf(f, "%d", v) == 1) else $fatal;\n'
        's = s + v; end $display("%0d", s);',
        "",
    ),
    "an assertion that fails": (
        b"5\n6\n",
        'repeat (3) begin assert ($fscanf(f, "%d", v) == 1) else $fatal; s = s + v; end',
        "too-few-words",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_lint_reads_what_icarus_reads(name: str, tmp_path: Path) -> None:
    """Verdict, kind of finding, and every line that the testbench prints."""
    require_simulator("icarus")
    content, body, kind = CASES[name]
    bench = write(tmp_path, {"d.bin": content}) / "t.v"
    bench.write_text(f"{HEAD}{body} end endmodule\n")
    report = lint(tmp_path, testbench=bench)
    kinds = [one.kind for one in report.findings if one.kind != "unchecked"]
    assert kinds == ([kind] if kind else [])
    program = tmp_path / "t.vvp"
    subprocess.run(["iverilog", "-g2012", "-o", program, bench], check=True)
    done = subprocess.run(["vvp", "-n", program], capture_output=True, cwd=tmp_path, text=True)
    if kind == "bad-place":
        assert "must be a reg or memory" in done.stdout
    elif kind != "too-few-words":
        machine = follow(read_testbench(bench), tmp_path)
        mine = [(text or b"?").decode().rstrip("\n") for text in machine.printed]
        assert mine == done.stdout.splitlines()
    else:
        assert "FATAL" in done.stdout or done.returncode == 0


@pytest.mark.parametrize(
    ("statement", "construct"),
    [
        ("for (i = 0; i < 3; i = i + 1) if (i == 1) break;", "break"),
        ("for (i = 0; i < 3; i = i + 1) begin if (i == 1) continue; s = s + 1; end", "continue"),
        ("void'($fgetc(f));", "void'"),
        ("while ((c = $fgetc(f)) != -1) s = s + c;", "an assignment within an expression"),
        ("if (s inside {1, 2}) s = 3;", "inside"),
        ("for (int j = 0, k = 0; j < 2; j++) s = s + k;", "several variables"),
        ("begin string l; l = \"12\"; s = l.atoi(); end", "the string method atoi"),
        ("s = {<<{s}};", "a streaming concatenation"),
    ],
)  # fmt: skip
def test_what_icarus_does_not_compile_is_said(
    statement: str, construct: str, tmp_path: Path
) -> None:
    """A warning, since others do; Verilator's readers are told nothing."""
    require_simulator("icarus")
    bench = write(tmp_path, {"d.bin": b"5\n"}) / "t.v"
    bench.write_text(f'{HEAD} n = $fscanf(f, "%d", v); {statement} end endmodule\n')
    program = tmp_path / "t.vvp"
    done = subprocess.run(["iverilog", "-g2012", "-o", program, bench], capture_output=True)
    assert done.returncode
    (found,) = (
        one for one in lint(tmp_path, testbench=bench).findings if one.kind == "not-compiled"
    )
    assert construct in found.message
    assert found.severity == "warning"
    report = lint(tmp_path, testbench=bench, reader="verilator")
    assert "not-compiled" not in [one.kind for one in report.findings]
