"""Characters of strings, constant arrays and rows of arrays, on which names and words hang."""

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
FILES = {"a.txt": b"# head\n\n01\n02\n", "r0.txt": b"01\n02\n03\n", "r1.txt": b"0a\n0b\n0c\n"}
LINES = """string line; int f, n; logic [7:0] v; initial begin f = $fopen("a.txt", "r");
  while ($fgets(line, f)) begin if ({test}) continue; n = $sscanf(line, "%h", v);
  if (n == 1) $display("R %h", v); else $error("no word"); end end"""
NAMES = """localparam string NAMES[2] = '{"r0.txt", "r1.txt"}; localparam int N[2] = '{3, 3}; int f, n;
  logic [7:0] v; initial foreach (NAMES[i]) begin f = $fopen(NAMES[i], "r"); repeat (N[i]) begin
  n = $fscanf(f, "%h", v); $display("R %h", v); end end"""
ROWS = """logic [7:0] m[2][{range}]; initial begin for (int i = 0; i < 2; i++)
  $readmemh($sformatf("r%0d.txt", i), m[i]); foreach (m[i, j]) $display("R %h", m[i][j]); end"""
SIX = ("01", "02", "03", "0a", "0b", "0c")
BENCHES = {
    "a character": (LINES.replace("{test}", 'line[0] == "#" || line[0] == "\\n"'), ("01", "02"), "a.txt"),
    "a character, by a method": (
        LINES.replace("{test}", 'line.getc(0) == "#" || line.len() < 2'), ("01", "02"), "a.txt",
    ),
    "constant arrays": (NAMES, SIX, "r1.txt"),
}  # fmt: skip


def _follow(
    folder: Path, body: str, files: dict[str, bytes]
) -> tuple[list[str], set[tuple[str, str]]]:
    bench = write(folder, files) / "t.sv"
    bench.write_text(f"module t; {body} endmodule\n")
    testbench = read_testbench(bench)
    machine = follow(testbench, folder, simulator=VERILATOR)
    found = [one for one in judge_machine(machine, testbench) if one.severity != "warning"]
    lines = [(line or b"R ?").decode().strip() for line in machine.printed]
    return [one.removeprefix("R ") for one in lines], {(one.file, one.kind) for one in found}


@pytest.mark.parametrize("name", BENCHES)
def test_what_they_hold_is_known(name: str, tmp_path: Path) -> None:
    """The words are those of the files; a line of letters is found."""
    body, words, file = BENCHES[name]
    assert _follow(tmp_path / "good", body, FILES) == (list(words), set())
    broken = {**FILES, file: FILES[file].replace(b"2\n", b"q\n").replace(b"b\n", b"q\n")}
    assert (file, "bad-word") in _follow(tmp_path / "bad", body, broken)[1]


@pytest.mark.rtl
def test_verilator_prints_these_words(tmp_path: Path, builds: Path) -> None:
    """All benches in one simulation."""
    simulator = require_simulator("verilator")
    texts = [
        f"module b{number}; {body} endmodule\n".replace('$display("R', f'$display("b{number}')
        for number, (body, *_) in enumerate(BENCHES.values())
    ]
    tops = "".join(f"b{number} i{number}(); " for number in range(len(texts)))
    sources = {"t.sv": f"{''.join(texts)}module all; {tops} endmodule\n".encode()}
    write(tmp_path, FILES)
    program = cached_build(
        simulator, sources, top="all", parameters={}, cache_dir=builds, timeout_s=600
    )
    _, output = simulator.run(program, plusargs={}, folder=tmp_path, timeout_s=60)
    for number, (name, (_, words, _)) in enumerate(BENCHES.items()):
        seen = [one.strip() for one in output.splitlines() if one.startswith(f"b{number} ")]
        assert [one.removeprefix(f"b{number} ") for one in seen] == list(words), name


@pytest.mark.parametrize("bounds", ["3", "4:6"])
def test_rows_are_loaded_and_refused(bounds: str, tmp_path: Path) -> None:
    """Neither Icarus nor Verilator builds that; others do: the words are judged, those of each file alone."""
    lines, found = _follow(tmp_path / "good", ROWS.replace("{range}", bounds), FILES)
    assert lines == list(SIX)
    assert found == {("", "bad-place")}
    files = {**FILES, "r1.txt": b"0a\n0b\n"}
    _, found = _follow(tmp_path / "short", ROWS.replace("{range}", bounds), files)
    assert found == {("", "bad-place"), ("r1.txt", "too-few-words")}


TAILS = {
    "a letter within": (b"102\n1O2\n103\n", {"bad-word"}),
    "a letter at the end": (b"102\n10Z\n103\n", {"bad-word"}),
    "a unit": (b"102\n1ns\n10\n", set()),
    "a remark": (b"102 a1\n10 b\n103 // c3\n", set()),
    "a comma": (b"102,1\n10;2\n103\n", set()),
}


@pytest.mark.parametrize("name", TAILS)
def test_a_word_of_a_line_that_goes_on_behind_its_digits(name: str, tmp_path: Path) -> None:
    """`$sscanf` takes the digits in front; the rest is lost where it belongs to the word."""
    text, kinds = TAILS[name]
    found = _follow(tmp_path, LINES.replace("{test}", "0").replace("%h", "%d"), {"a.txt": text})[1]
    assert {kind for _, kind in found} == kinds


@pytest.mark.parametrize(
    ("bits", "text", "is_lost"),
    [(20, b"fffb\n0005\n", True), (20, b"7ffb\n0005\n", False), (20, b"fb\n0005\n", False),
     (16, b"fffb\n0005\n", False)],
)  # fmt: skip
def test_a_sign_that_a_wider_variable_loses(
    bits: int, text: bytes, is_lost: bool, tmp_path: Path
) -> None:
    """Hexadecimal words of one length, the first bit of which may be a sign: a warning."""
    body = f'int f, n; logic signed [{bits - 1}:0] p; initial begin f = $fopen("a.txt", "r"); '
    body += 'repeat (2) begin n = $fscanf(f, "%h", p); if (n == 1) $display("R %0d", p); end end'
    bench = write(tmp_path, {"a.txt": text}) / "t.sv"
    bench.write_text(f"module t; {body} endmodule\n")
    testbench = read_testbench(bench)
    found = judge_machine(follow(testbench, tmp_path), testbench)
    assert {one.kind for one in found} == ({"short-word"} if is_lost else set())
