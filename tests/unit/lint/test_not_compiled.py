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
    # arrays and queues
    "an assignment to a whole array": ("int a[2], b[2];", "b = a;"),
    "an assignment to a whole array of any pattern": ("int a[2];", "a = '{1, 2};"),
    "an assignment to a whole array of any row": ("int a[2], b[2][2];", "a = b[1];"),
    "an assignment to a whole array of any slice": ("int a[2], b[4];", "a = b[0:1];"),
    "a comparison of whole arrays": ("int a[2], b[2];", "if (a == b) s = 1;"),
    "a queue in a concatenation": ("int q[$];", "q = {q, 3};"),
    "a queue of structures or enumerations": (
        "typedef enum {A, B} e_t; e_t q[$];", "q.push_back(A);",
    ),
    "an array of queues or dynamic arrays": ("int q[2][$];", ""),
    "the array method sort": ("int q[$];", "q.sort();"),
    "an associative array of any named type": ("typedef enum {A, B} e_t; int a[e_t];", ""),
    # packed values
    "an assignment pattern of a packed value": ("logic [1:0][7:0] p;", "p = '{8'd1, 8'd2};"),
    "an assignment pattern of a packed value of any initial value": (
        "typedef struct packed { logic [7:0] a; } p_t; p_t p = '{1};", "",
    ),
    "an assignment pattern with a count": ("int q[$];", "q = '{2{1}};"),
    "a member of a structure in an array": (
        "typedef struct packed { logic [7:0] a; } p_t; p_t p[2];", "s = p[1].a;",
    ),
    "a variable index in a member of a structure": (
        "struct packed { logic [7:0] a; } p;", "s = p.a[i +: 2];",
    ),
    "a part of a part at a variable index": ("logic [3:0][7:0] p;", "s = p[i][3:0];"),
    "an assignment to a member at a variable index": (
        "typedef struct packed { logic [7:0] a; } p_t; p_t [3:0] p;", "p[i].a = 1;",
    ),
    "a structure that is signed": ("struct packed signed { logic [7:0] a; } p;", ""),
    "a structure that is not packed of any union": ("union { int a; byte b; } p;", ""),
    "a parameter of several dimensions": ("localparam logic [1:0][7:0] P = 16'h102;", ""),
    "a parameter whose type is a structure or enumeration": (
        "typedef enum {A, B} e_t; localparam e_t P = A;", "",
    ),
    # enumerations and strings
    "a cast to an enumeration": ("typedef enum {A, B} e_t; e_t e;", "e = e_t'(s);"),
    "a cast to a structure": (
        "typedef struct packed { logic [7:0] a; } p_t; p_t p;", "p = p_t'(s);",
    ),
    "a number in a variable of an enumeration": ("typedef enum {A, B} e_t; e_t e;", "e = s;"),
    "a number in a variable of an enumeration of any initial value": (
        "typedef enum {A, B} e_t; e_t e = 1;", "",
    ),
    "the enumeration method name": ("typedef enum {A, B} e_t; e_t e;", "$display(e.name());"),
    "a string in a variable that is none": ('string t; reg [15:0] r;', "r = t;"),
    "a comparison of strings by ===": ("string t;", 'if (t === "a") s = 1;'),
    # the rest
    "the class mailbox": ("mailbox m = new();", ""),
    "chandle": ("chandle p;", ""),
    "triggered of an event": ("event e;", "wait (e.triggered);"),
    "->>": ("event e;", "->> e;"),
    "a deferred assertion": ("", "assert #0 (s == 1);"),
    "a label in front of a statement": ("", "here: begin s = 1; end"),
    "a static variable of an automatic task": (
        "task automatic g; static int x = 0; s = x; endtask", "g;",
    ),
    "alias": ("wire [3:0] a, b; alias a = b;", ""),
    "bind": ("bind sub sub2 u();", ""),
    "edge": ("always @(edge c) i = 1;", ""),
    "trireg": ("trireg w;", ""),
    "std::": ("", "s = std::randomize(i);"),
    "$root": ("", "s = $root.t.i;"),
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
    "copies of queues": ("int q[$], r[$];", "q = r; q = {1, 2}; q = '{3};"),
    "enumerations": (
        "typedef enum logic [1:0] {A, B} e_t; e_t e = A, g;", "e = g; e = s ? A : B; s = e; i = int'(e);",
    ),
    "parts of packed values": (
        "typedef struct packed { logic [7:0] a, b; } p_t; p_t p; p_t [3:0] x; logic [3:0][7:0] l, m[2];",
        "p.a[3:0] = 1; s = p.a[2]; s = x[i].b; l[i] = 1; s = l[2][i]; m[i][i] = 2; p = s; x[1].a = 3;",
    ),
    "strings": ("string t;", 't = "a"; if (t == "b") t = {t, "c"}; t = s ? "x" : "y";'),
    "reads into such variables": (
        "typedef enum logic [1:0] {A, B} e_t; e_t e; int m[2];",
        'if (s == 99) begin s = $fscanf(f, "%d", e); $readmemh("d.txt", m); end',
    ),
    "an event and a wait": ("event e;", "-> e; wait (1); fork begin i = 1; end join_none"),
}  # fmt: skip


def _icarus(folder: Path) -> subprocess.CompletedProcess[bytes]:
    command = ["iverilog", "-g2012", "-s", "t", "-o", folder / "t.vvp", folder / "t.sv"]
    return subprocess.run(command, capture_output=True, check=False)


def _said(folder: Path, declared: str, statement: str) -> list[str]:
    bench = write(folder, {"d.txt": b"1\n2\n"}) / "t.sv"
    body = f"module t; integer f, i; reg c = 0; int s = 0; {declared}\ninitial begin {READ}{statement} end"
    bench.write_text(
        f"{body}\nendmodule\nmodule sub; int sum = 0; endmodule\nmodule sub2; endmodule\n"
    )
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


@pytest.mark.parametrize(
    ("what", "declared", "statement"),
    [
        ("a queue with initial values", "int q[$] = {1, 2};", ""),
        ("a case over a string", "string t;", 'case (t) "a": s = 1; default: s = 2; endcase'),
        (
            "return in a function that calls itself",
            "function automatic int g(int n); if (n < 2) return 1; return n * g(n - 1); endfunction",
            "s = g(4);",
        ),
    ],
)
def test_what_ends_the_simulation_is_named(
    tmp_path: Path, what: str, declared: str, statement: str
) -> None:
    """Icarus compiles it, and gives up when it runs."""
    require_simulator("icarus")
    (message,) = _said(tmp_path, declared, f'{statement} $display("done");')
    assert f"does not compile {what}:" in message
    assert not _icarus(tmp_path).returncode
    done = subprocess.run(["vvp", "-n", tmp_path / "t.vvp"], capture_output=True, check=False)
    assert b"done" not in done.stdout
