"""What Icarus Verilog 11 does not compile is said, and what it compiles is not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.rtl.layers import require_simulator
from tests.unit.lint.good_files import write
from tilewright.lint.check import judge_machine
from tilewright.verilog.reader import follow
from tilewright.verilog.testbench import read_testbench

pytest.importorskip("pyslang")
READ = 'f = $fopen("d.txt", "r"); while ($fscanf(f, "%d", i) == 1) s = s + i; '
REFUSED = {
    "an automatic variable": ("", "begin automatic int r = 0; s = r; end"),
    "an associative array": ("int a[string];", ""),
    "an associative array of any key": ("int a[*];", ""),
    "a clocking block": ("clocking cb @(posedge c); endclocking", ""),
    "a structure that is not packed": ("struct { int a; int b; } p;", ""),
    "an assignment pattern with names": (
        "struct packed { logic [3:0] a; logic [3:0] b; } p;", "p = '{a: 1, b: 2};",
    ),
    "an array with initial values": ("int a[2] = '{1, 2};", ""),
    "a parameter that is an array": ("localparam int A[2] = '{1, 2};", ""),
    "a concurrent assertion": ("assert property (@(posedge c) 1);", ""),
    "a covergroup": ("covergroup g @(posedge c); endgroup", ""),
    "the array method sum": ("int a[2];", "s = a.sum();"),
    "iff in an event": ("always @(posedge c iff s) i = 1;", ""),
    "a parameter that is a type": ("parameter type T = int;", ""),
    "arguments by name": (
        "function automatic int g(int x); return x; endfunction", "s = g(.x(1));",
    ),
    "const in front of a variable": ("const int k = 3;", ""),
    "var in front of a variable": ("var int k;", ""),
    "signed'(...)": ("", "s = signed'(i);"),
    "an argument that is an array": ("task automatic g(input int x[2]); endtask", ""),
    "an argument by reference": ("task automatic g(ref int x); endtask", ""),
    "a for loop with several variables": ("", "for (i = 0; i < 2; i++, s++) ;"),
    "unique if": ("", "unique if (s == 1) i = 1; else i = 2;"),
    "case ... inside": ("", "case (s) inside 1: i = 1; endcase"),
    "let": ("let g(x) = x + 1;", ""),
}  # fmt: skip
TAKEN = {
    "variables of automatic subroutines": (
        "task automatic g(input int x); automatic int y = x; s = y; endtask", "g(1);",
    ),
    "packed structures and enumerations": (
        "typedef struct packed { logic [3:0] a; } p_t; p_t p; typedef enum logic [1:0] {A, B} e_t; e_t e;",
        "p.a = 1; e = e.next();",
    ),
    "queues and dynamic arrays": ("int q[$]; int d[];", "q.push_back(1); d = new[2]; d = '{1, 2};"),
    "arrays of every range": ("localparam W = 4; reg [7:0] a[W], b[0:W-1], g[3:0];", "a[1] = 1;"),
    "casts": ("", "s = int'(i); s = 4'(i);"),
    "functions with defaults": (
        "function automatic int g(int x = 3); return x; endfunction", "s = g();",
    ),
    "a name like an array method": ("sub u(); ", "s = u.sum;"),
    "an event and a wait": ("event e;", "-> e; wait (1); fork begin i = 1; end join_none"),
}  # fmt: skip


def _icarus(folder: Path) -> subprocess.CompletedProcess[bytes]:
    command = ["iverilog", "-g2012", "-s", "t", "-o", folder / "t.vvp", folder / "t.sv"]
    return subprocess.run(command, capture_output=True, check=False)


def _said(folder: Path, declared: str, statement: str) -> list[str]:
    bench = write(folder, {"d.txt": b"1\n2\n"}) / "t.sv"
    body = f"module t; integer f, i; reg c = 0; int s = 0; {declared}\ninitial begin {READ}{statement} end"
    bench.write_text(f"{body}\nendmodule\nmodule sub; int sum = 0; endmodule\n")
    testbench = read_testbench(bench)
    findings = judge_machine(follow(testbench, folder), testbench)
    assert {one.kind for one in findings} <= {"not-compiled"}
    return [one.message for one in findings]


@pytest.mark.parametrize("name", REFUSED)
def test_what_icarus_refuses_is_named(name: str, tmp_path: Path) -> None:
    require_simulator("icarus")
    (message,) = _said(tmp_path, *REFUSED[name])
    assert message.startswith(f"Icarus 11 does not compile {name.split(' of any')[0]}")
    assert _icarus(tmp_path).returncode


@pytest.mark.parametrize("name", TAKEN)
def test_what_icarus_takes_is_not(name: str, tmp_path: Path) -> None:
    require_simulator("icarus")
    assert not _said(tmp_path, *TAKEN[name])
    assert not _icarus(tmp_path).returncode, name


def test_a_queue_with_initial_values_ends_the_simulation(tmp_path: Path) -> None:
    require_simulator("icarus")
    (message,) = _said(tmp_path, "int q[$] = {1, 2};", '$display("done");')
    assert "a queue with initial values" in message
    assert not _icarus(tmp_path).returncode
    done = subprocess.run(["vvp", "-n", tmp_path / "t.vvp"], capture_output=True, check=False)
    assert b"done" not in done.stdout
