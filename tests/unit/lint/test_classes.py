"""Benches with classes: lint prints what Verilator prints, and finds what is wrong with the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rtl.layers import require_simulator
from tests.unit.lint.class_benches import BENCHES, FILES, Bench
from tests.unit.lint.good_files import write
from tilewright.cores.build_cache import cached_build
from tilewright.lint import lint
from tilewright.lint.check import judge_machine
from tilewright.verilog.reader import follow
from tilewright.verilog.simulators import ICARUS, VERILATOR, Simulator
from tilewright.verilog.testbench import read_testbench

pytest.importorskip("pyslang")
NOTHING_READ = "lint sees no file that is read"


def _follow(
    folder: Path, bench: Bench, name: str, simulator: Simulator = VERILATOR
) -> tuple[list[str | None], set[str], list[str]]:
    """The lines printed, the kinds of the errors, and all messages."""
    path = write(folder, FILES) / "t.sv"
    path.write_text(bench.text(name))
    testbench = read_testbench(path)
    machine = follow(testbench, folder, simulator=simulator)
    findings = judge_machine(machine, testbench)
    printed = [None if line is None else line.decode().strip() for line in machine.printed]
    errors = {one.kind for one in findings if one.severity != "warning"}
    return printed, errors, [one.message for one in findings]


@pytest.mark.parametrize("name", BENCHES)
def test_lint_follows_objects(name: str, tmp_path: Path) -> None:
    """Line by line, and the errors are those that the bench names."""
    bench = BENCHES[name]
    printed, errors, messages = _follow(tmp_path, bench, name)
    shown = [line.removeprefix(f"{name} ") if line else line for line in printed]
    assert shown == list(bench.lines)
    if "$f" not in bench.text(name) and "$readmem" not in bench.text(name):
        assert NOTHING_READ in messages
        errors.remove("undecided")
    assert errors == set(bench.errors)


@pytest.mark.rtl
def test_verilator_prints_these_lines(tmp_path: Path, builds: Path) -> None:
    """All benches in one simulation, but for those that end it: the lines are the ones written down."""
    simulator = require_simulator("verilator")
    benches = {name: bench for name, bench in BENCHES.items() if not bench.ends}
    ending = [name for name, bench in BENCHES.items() if bench.ends]
    tops = "".join(f"  {name} i_{name}();\n" for name in benches)
    last = "".join(f"  if (is_last) {name} i_{name}();\n" for name in ending)
    text = "".join(bench.text(name) for name, bench in BENCHES.items())
    write(tmp_path, FILES)
    top = f"module all #(parameter bit is_last = 0);\n{tops}{last}endmodule\n"
    sources = {"t.sv": (text + top).encode()}
    program = cached_build(
        simulator, sources, top="all", parameters={}, cache_dir=builds, timeout_s=600
    )
    _, output = simulator.run(program, plusargs={}, folder=tmp_path, timeout_s=60)
    for name, bench in benches.items():
        seen = [line.strip() for line in output.splitlines() if line.startswith(f"{name} ")]
        assert [line.removeprefix(f"{name} ") for line in seen] == list(bench.lines), name


def _follow_text(folder: Path, text: str, simulator: Simulator) -> tuple[set[str], list[str]]:
    _, errors, messages = _follow(folder, Bench(text, ()), "t", simulator)
    return errors, messages


def test_keys_stand_in_the_order_of_the_standard(tmp_path: Path) -> None:
    """Verilator has keys with a sign behind those without, and makes an element that is looked at."""
    body = """ byte b[byte]; initial begin b[5] = 2; b[-128] = 3; foreach (b[s]) $display("R %0d", s);
    if (b[7] == 0) $display("R %0d", b.num()); k = 3; if (b.next(k)) $display("R %0d", k); end byte k;"""
    lines_of = {VERILATOR: ["5", "-128", "3"], ICARUS: ["-128", "5", "2", "5"]}
    for simulator, lines in lines_of.items():
        printed, *_ = _follow(tmp_path / simulator.name, Bench(body, ()), "t", simulator)
        assert [line.removeprefix("t ") for line in printed if line] == lines


READ = """
  class R; int fd; int n; function new(string s); fd = $fopen(s, "r"); endfunction
    function bit next(output logic [31:0] o); return $fscanf(fd, "%h", o) == 1; endfunction
    function void step(); n++; endfunction endclass
"""


@pytest.mark.parametrize(
    "body",
    [
        'initial begin a = new("d.txt"); fork begin #1; void\'(a.next(x)); end '
        "begin #2; void'(a.next(y)); end join end",
        'initial begin a = new("d.txt"); #5; while (a.n < 3) begin a.step(); void\'(a.next(x)); end end '
        "initial begin #10; a.step(); end",
    ],
)
def test_an_object_that_two_processes_change_is_undecided(body: str, tmp_path: Path) -> None:
    """Which of them is the first depends on time, and so does what is read."""
    errors, messages = _follow_text(tmp_path, f"{READ} R a; logic [31:0] x, y; {body}", VERILATOR)
    assert errors == {"undecided"}
    assert any("two processes" in one or "cannot compute" in one for one in messages)


SCOREBOARD = f"""
  class Board; logic [31:0] q[$]; int n; function void add(logic [31:0] w); q.push_back(w); n++; endfunction
    function void check(logic [31:0] y); logic [31:0] e; e = q.pop_front(); n--; if (e !== y) $error("no");
    endfunction endclass
  {READ} R r; Board b; logic [31:0] x; wire [31:0] y;
  initial begin r = new("d.txt"); repeat (6) begin #10; if (!r.next(x)) $fatal(1, "short"); b.add(x); end end
  initial begin b = new; #15; repeat (6) begin #10; b.check(y); end end"""


def test_a_scoreboard_that_two_processes_fill_and_empty(tmp_path: Path) -> None:
    """No number of reads hangs on it: the words are judged, the last one that is missing, too."""
    assert _follow_text(tmp_path, SCOREBOARD, VERILATOR)[0] == set()
    for text, kind in ((b"1\n2\n3\n4\n5\n", "too-few-words"), (b"1\n2\n3x\n4\n5\n6\n", "x-digits")):
        folder = write(tmp_path / kind, FILES | {"d.txt": text})
        (folder / "t.sv").write_text(f"module t; {SCOREBOARD} endmodule")
        report = lint(folder, testbench=folder / "t.sv", reader="verilator")
        assert {(one.file, one.kind) for one in report.errors} == {("d.txt", kind)}


def test_an_object_that_nobody_knows_is_undecided(tmp_path: Path) -> None:
    """Which file is read depends on the design."""
    body = (
        f'{READ} R a, b, c; logic [31:0] x; wire w; initial begin a = new("d.txt"); b = new("m.txt"); '
        "c = w ? a : b; while (c.next(x)) $display(x); end"
    )
    errors, messages = _follow_text(tmp_path, body, VERILATOR)
    assert errors == {"undecided"}
    assert any("which object this is" in message for message in messages)


def test_classes_that_icarus_compiles_are_undecided(tmp_path: Path) -> None:
    """It computes parts of them wrongly; what it does not compile is a warning."""
    plain = """
  class C; int fd; task go(); reg [7:0] w; int n; fd = $fopen("d.txt", "r"); n = $fscanf(fd, "%h", w);
    while (n == 1) n = $fscanf(fd, "%h", w); endtask endclass
  C c; initial begin c = new; c.go(); end"""
    errors, messages = _follow_text(tmp_path, plain, ICARUS)
    assert errors == {"undecided"}
    assert any("come out otherwise" in message for message in messages)
    assert not _follow_text(tmp_path, plain, VERILATOR)[0]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("two_objects", "a function with an argument that is no input"),
        ("virtual_methods", "an object in a handle of its base class"),
        ("static_properties", "a property by the name of its class"),
        ("handles", "a handle as an argument"),
        ("arrays_in_objects", "an array or queue in a class"),
        ("parameters_of_classes", "a class with parameters"),
        ("a_class_in_a_package", "a typedef of a class"),
    ],
)
def test_what_icarus_does_not_compile_of_classes(name: str, what: str, tmp_path: Path) -> None:
    """A warning names it, and what is said holds for a simulator that takes it."""
    _, _, messages = _follow(tmp_path, BENCHES[name], name, ICARUS)
    assert not any("come out otherwise" in message for message in messages)
    assert any(f"does not compile {what}:" in message for message in messages)


def test_a_left_side_that_is_computed_twice_is_undecided(tmp_path: Path) -> None:
    """Verilator calls the function of ``f().n += 1`` twice."""
    body = (
        f"{READ} R a; int k; logic [31:0] x; function automatic R get(); k++; return a; endfunction "
        'initial begin a = new("m.txt"); get().n += 1; while (a.next(x)) $display("%h", x); end'
    )
    errors, messages = _follow_text(tmp_path, body, VERILATOR)
    assert errors == {"undecided"}
    assert any("computes its left side" in message for message in messages)


def test_what_a_property_holds_at_first_is_not_known(tmp_path: Path) -> None:
    """Verilator has zeros, or any digits, where others have x: a loop over a file must not hang on it."""
    body = """
  class R; int fd; logic over; function new(string s); fd = $fopen(s, "r"); endfunction
    task go(); logic [7:0] w; while (!over) over = $fscanf(fd, "%h", w) != 1; endtask endclass
  R a; initial begin a = new("m.txt"); a.go(); end"""
    errors, messages = _follow_text(tmp_path, body, VERILATOR)
    assert errors == {"undecided"}
    assert any("cannot compute" in message for message in messages)
    assert not _follow_text(tmp_path, body.replace("logic over;", "bit over;"), VERILATOR)[0]
