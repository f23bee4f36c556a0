"""Members of structures that are not packed, and rows of arrays: each holds its own word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rtl.layers import require_simulator
from tests.unit.lint.good_files import write
from tilewright.cores.build_cache import cached_build
from tilewright.lint.check import judge_machine
from tilewright.verilog.reader import follow
from tilewright.verilog.simulators import VERILATOR
from tilewright.verilog.testbench import read_testbench

pytest.importorskip("pyslang")
TYPES = """typedef struct { logic [7:0] x; logic [15:0] y; } pair_t;
  typedef struct { logic [7:0] w[3]; int n; pair_t p; } layer_t; typedef logic [7:0] row_t[3];"""
OPEN = 'f = $fopen("d.txt", "r"); '
TEXT = b"03\nab\n7f\n10\nff\n05\n"
BENCHES = {
    "a member that counts": (
        "layer_t l;", OPEN + 'n = $fscanf(f, "%h", l.n); for (int i = 0; i < l.n; i++) begin '
        'n = $fscanf(f, "%h", l.w[i]); $display("R %h", l.w[i]); end n = $fscanf(f, "%h %h", l.p.x, l.p.y); '
        '$display("R %h %h", l.p.x, l.p.y);', ("ab", "7f", "10", "ff 0005"),
    ),
    "an array of structures": (
        "layer_t l[2];", OPEN + 'foreach (l[k]) foreach (l[k].w[i]) n = $fscanf(f, "%h", l[k].w[i]); '
        'foreach (l[k]) $display("R %h%h%h", l[k].w[0], l[k].w[1], l[k].w[2]);', ("03ab7f", "10ff05"),
    ),
    "a handle and a name": (
        "struct { int fd; string name; logic [7:0] v; } s;", 's.name = {"d", ".txt"}; '
        's.fd = $fopen(s.name, "r"); for (int i = 0; i < 6; i++) begin n = $fscanf(s.fd, "%h", s.v); '
        '$display("R %h", s.v); end', ("03", "ab", "7f", "10", "ff", "05"),
    ),
    "copies": (
        "pair_t a, b, m[3];", OPEN + 'for (int i = 0; i < 3; i++) begin n = $fscanf(f, "%h %h", a.x, a.y); '
        'm[i] = a; end b = m[1]; $display("R %h %h %h %h", b.x, b.y, m[2].x, a.y);', ("7f 0010 ff 0005",),
    ),
    "what a function returns": (
        "function automatic pair_t get(int g); pair_t r; int k; k = $fscanf(g, \"%h %h\", r.x, r.y); "
        "return r; endfunction pair_t a;",
        OPEN + 'repeat (3) begin a = get(f); $display("R %h %h", a.x, a.y); end',
        ("03 00ab", "7f 0010", "ff 0005"),
    ),
    "what a task gives and takes": (
        "task automatic get(output pair_t o); n = $fscanf(f, \"%h %h\", o.x, o.y); endtask "
        'task automatic show(input pair_t i); $display("R %h %h", i.x, i.y); endtask pair_t a;',
        OPEN + "repeat (3) begin get(a); show(a); end", ("03 00ab", "7f 0010", "ff 0005"),
    ),
    "patterns": (
        "pair_t a = '{8'h1, 16'h2}, b;", OPEN + 'n = $fscanf(f, "%h", a.x); b = \'{y: 16\'h9, x: a.x}; '
        '$display("R %h %h %h %h", a.x, a.y, b.x, b.y); repeat (5) begin n = $fscanf(f, "%h", a.x); '
        '$display("R %h", a.x); end', ("03 0002 03 0009", "ab", "7f", "10", "ff", "05"),
    ),
    "rows": (
        "row_t r, m[2];", OPEN + 'foreach (m[k]) begin foreach (r[i]) n = $fscanf(f, "%h", r[i]); m[k] = r; '
        'end foreach (m[k]) begin r = m[k]; $display("R %h%h%h", r[0], r[1], r[2]); end',
        ("03ab7f", "10ff05"),
    ),
    "rows as arguments": (
        'task automatic get(output row_t o); foreach (o[i]) n = $fscanf(f, "%h", o[i]); endtask '
        "function automatic int sum(input row_t i); sum = 0; foreach (i[k]) sum += i[k]; endfunction "
        "row_t m[2];", OPEN + 'foreach (m[k]) get(m[k]); foreach (m[k]) $display("R %0d", sum(m[k]));',
        ("301", "276"),
    ),
    "a structure in an object": (
        "class C; pair_t p; int fd; function new(); fd = $fopen(\"d.txt\", \"r\"); endfunction "
        'task next(); n = $fscanf(fd, "%h %h", p.x, p.y); endtask endclass C c, d;',
        'c = new; repeat (3) c.next(); d = new c; $display("R %h %h", d.p.x, c.p.y);', ("ff 0005",),
    ),
}  # fmt: skip


@pytest.mark.rtl
def test_verilator_prints_these_lines(tmp_path: Path, builds: Path) -> None:
    """All benches in one simulation."""
    simulator = require_simulator("verilator")
    modules = []
    for number, (declared, body, _) in enumerate(BENCHES.values()):
        text = (
            f"module b{number}; {TYPES} int f, n; {declared}\ninitial begin {body} end endmodule\n"
        )
        modules.append(text.replace('$display("R', f'$display("b{number}'))
    tops = "".join(f"b{number} i{number}(); " for number in range(len(modules)))
    write(tmp_path, {"d.txt": TEXT})
    sources = {"t.sv": f"{''.join(modules)}module all; {tops} endmodule\n".encode()}
    program = cached_build(
        simulator, sources, top="all", parameters={}, cache_dir=builds, timeout_s=600
    )
    _, output = simulator.run(program, plusargs={}, folder=tmp_path, timeout_s=60)
    for number, (name, (*_, lines)) in enumerate(BENCHES.items()):
        seen = [one.strip() for one in output.splitlines() if one.startswith(f"b{number} ")]
        assert [one.removeprefix(f"b{number} ") for one in seen] == list(lines), name


FAULTS = {
    "too few": (TEXT[:-3], {"too-few-words"}),
    "no number": (TEXT.replace(b"ff", b"q?"), {"bad-word"}),
    "too wide": (TEXT.replace(b"ff", b"1ff"), {"truncated"}),
}


def _follow(folder: Path, name: str, text: bytes) -> tuple[list[str], set[str]]:
    declared, body, _ = BENCHES[name]
    bench = write(folder, {"d.txt": text}) / "t.sv"
    bench.write_text(
        f"module t; {TYPES} int f, n; {declared}\ninitial begin {body} end endmodule\n"
    )
    testbench = read_testbench(bench)
    machine = follow(testbench, folder, simulator=VERILATOR)
    found = [one for one in judge_machine(machine, testbench) if one.severity != "warning"]
    lines = [(line or b"R ?").decode().strip().removeprefix("R ") for line in machine.printed]
    return lines, {one.kind for one in found}


@pytest.mark.parametrize("name", BENCHES)
def test_members_hold_the_words_that_were_read_into_them(name: str, tmp_path: Path) -> None:
    """Line by line, and nothing is wrong with the file."""
    assert _follow(tmp_path, name, TEXT) == (list(BENCHES[name][2]), set())


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", [name for name in BENCHES if name != "copies"])
def test_a_fault_of_a_member_is_found(name: str, fault: str, tmp_path: Path) -> None:
    """Wherever the word goes, if somebody looks at it."""
    text, kinds = FAULTS[fault]
    found = _follow(tmp_path, name, text)[1]
    is_wide = fault == "too wide" and name == "a member that counts"
    assert kinds <= found or is_wide
    assert "undecided" not in found


def test_a_member_at_which_nobody_looks_is_not_used(tmp_path: Path) -> None:
    """Another one of the same structure is."""
    declared, body = "pair_t a;", OPEN + 'n = $fscanf(f, "%h %h", a.x, a.y); $display("R %h", a.x);'
    bench_text = f"module t; {TYPES} int f, n; {declared} initial begin {body} end endmodule"
    kinds = []
    for text in (b"1 fffff\n", b"1ff 2\n"):
        bench = write(tmp_path / text.hex(), {"d.txt": text}) / "t.sv"
        bench.write_text(bench_text)
        testbench = read_testbench(bench)
        found = judge_machine(follow(testbench, bench.parent, simulator=VERILATOR), testbench)
        kinds.append({one.kind for one in found if one.severity != "warning"})
    assert kinds == [set(), {"truncated"}]
