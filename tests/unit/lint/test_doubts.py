"""What a testbench says of a file without the word "error", and of counts that are none of reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import HEAD, Case, agrees, block, case, followed, icarus
from tests.unit.lint.good_files import write
from tilewright.lint import lint

pytest.importorskip("pyslang")
FOUR = b"01\nab\nff\n10\n"
COMMANDS = (
    'while ($fscanf(f, "%s %h", name, v) == 2) case (name) "W": x = v; '
    'default: begin $display("unknown command %0s", name); $stop; end endcase'
)
HEADER = (
    'n = $fscanf(f, "%s %d", name, k); if (n != 2 || name != "VEC") begin '
    '$display("bad header"); $finish; end '
    'if (k != 8) begin $display("the bench wants 8 bits, not %0d", k); $finish; end'
)
LOADED = (
    'initial begin $readmemh("d.txt", m); for (i = 0; i < 4; i = i + 1) if (^m[i] === 1\'bx) begin '
    '$display("entry %0d undefined", i); $finish; end $display("R %h", m[0]); end'
)
COUNTED = (
    'initial begin $readmemh("d.txt", m); n = 0; while (n < 4 && m[n] !== 8\'hxx) n = n + 1; '
    'if (n != 3) $display("ERROR: %0d words", n); else $display("R %0d", n); end'
)
TALLIED = (
    'initial begin $readmemh("d.txt", m); n = 0; for (i = 0; i < 4; i = i + 1) '
    "if (m[i] !== 8'hxx) n = n + 1; "
    'if (n != 3) $display("ERROR: %0d words", n); else $display("R %0d", n); end'
)
SIZED = (
    "n = $fseek(f, 0, 2); k = $ftell(f); n = $rewind(f); "
    'if (k != 3) begin $display("ERROR: %0d bytes", k); $finish; end n = $fread(v, f); $display("R %h", v);'
)
TEXTS = (
    "function integer known(input [8*40:1] s); begin known = 0; "
    'if (s == "A") known = 1; else if (s == "B") known = 2; end endfunction'
)
CASES = {
    "a command that is known": block(COMMANDS, b"W 01\nW 02\n"),
    "a command that is unknown": block(COMMANDS, b"W 01\nX 02\n", "complaint"),
    "a header": block(HEADER, b"VEC 8\n"),
    "a header of another file": block(HEADER, b"DOC 8\n", "complaint"),
    "a header with another number": block(HEADER, b"VEC 16\n", "complaint"),
    "all entries": case(LOADED),
    "an entry that is missing": case(LOADED, FOUR[:-3], "too-few-words"),
    "three words": case(COUNTED, FOUR[:-3]),
    "two words, counted by a loop": case(COUNTED, FOUR[:6], "complaint"),
    "three words, counted one by one": case(TALLIED, FOUR[:-3]),
    "two words, counted one by one": case(TALLIED, FOUR[:6], "complaint"),
    "a size": block(SIZED, b"abc"),
    "another size": block(SIZED, b"abcd", "complaint"),
    "a count of failures": block(
        'k = 0; while ($fscanf(f, "%h", v) == 1) k = k + 1; '
        'if (k != 4) $display("TEST FAILED: %0d errors", k);', FOUR[:-3], "complaint",
    ),
    "a count of failures that is a report": block(
        'k = 0; while ($fscanf(f, "%h", v) == 1) k = k + 1; '
        'if (k != 4) $display("R FAILED: %0d", k);', FOUR[:-3],
    ),
    "a doubt that ends nothing": block(
        'while ($fscanf(f, "%s", name) == 1) if (name != "W") $display("R unknown %0s", name);', b"W X\n",
    ),
    "an end without a doubt": block(
        'while ($fscanf(f, "%s", name) == 1) if (name == "END") begin $display("R done"); $finish; end',
        b"W END X\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_doubt_with_which_the_simulation_ends(name: str, tmp_path: Path) -> None:
    """It is a complaint of the file, and so is one of a count of words that were loaded, or of a size."""
    agrees(CASES[name], tmp_path)


def _findings(
    folder: Path, text: str, files: dict[str, bytes], reader: str = "icarus"
) -> set[tuple[str, str, str]]:
    path = write(folder, files) / "t.sv"
    path.write_text(text)
    found = lint(folder, testbench=path, reader=reader).findings
    return {(one.severity, one.kind, one.file) for one in found}


@pytest.mark.parametrize(
    ("said", "severity"),
    [("no expected file, skipped", "warning"), ("cannot open the file", "error")],
)
def test_a_file_without_which_a_bench_goes_on(said: str, severity: str, tmp_path: Path) -> None:
    """It may say so: that is no complaint."""
    body = (
        'f = $fopen("d.txt", "r"); k = $fopen("e.txt", "r"); while ($fscanf(f, "%h", v) == 1) if (k) '
        f'n = $fscanf(k, "%h", x); if (k) $display("%h", x); else $display("{said}");'
    )
    text = f"{HEAD} initial begin {body} end endmodule"
    found = _findings(tmp_path, text, {"d.txt": FOUR})
    assert {one for one in found if one[1] == "missing"} == {(severity, "missing", "e.txt")}


FUNCTION = """module t; string s; int f, n = 0, bad = 0;
  function automatic bit known(string s); if (s == "ON") return 1;
    if (s == "OFF") return 1; return 0; endfunction
  initial begin f = $fopen("d.txt", "r"); while ($fscanf(f, "%s", s) == 1) begin n++;
    if (!known(s)) $error("unknown state %s", s); end end endmodule"""


def test_a_result_that_hangs_on_a_text(tmp_path: Path) -> None:
    """A function looks for a text, and its caller complains of what it says."""
    for text, is_wrong in ((b"ON\nOFF\n", False), (b"ON\nOF\n", True)):
        found = _findings(tmp_path, FUNCTION, {"d.txt": text}, "verilator")
        assert (("error", "complaint", "d.txt") in found) is is_wrong


TURNS = """
  reg clk = 0, rst = 1; integer e, r; reg [7:0] w; always #5 clk = ~clk;
  initial begin f = $fopen("d.txt", "r"); e = $fopen("e.txt", "r"); #12 rst = 0; end
  always @(negedge clk) if (!rst) begin n = $fscanf(f, "%h", v); if (n != 1) $finish;
    r = $fscanf(e, "%h", w); if (r == 1 && w !== v) $display("R differ"); end"""


def test_a_file_that_ends_before_the_one_beside_it(tmp_path: Path) -> None:
    """Its last comparisons are left out, and nobody says so: a fault; none for files of one length. Where its
    words are compared with nothing of others, it is a warning."""
    short, text = {"d.txt": FOUR, "e.txt": FOUR[:-3]}, f"{HEAD} {TURNS} endmodule"
    few, over = ("error", "too-few-words", "e.txt"), ("warning", "over-read", "e.txt")
    assert few in _findings(tmp_path, text, short)
    assert not {few, over} & _findings(tmp_path, text, short | {"e.txt": FOUR})
    text = text.replace("w !== v", "w == 1")
    assert over in _findings(tmp_path, text, short)


BOTH = """
  initial begin f = $fopen("d.txt", "r"); k = $fopen("e.txt", "r");
    while ($fscanf(f, "%h", x) == 1 && $fscanf(k, "%h", y) == 1) if (x !== y) $display("R differ");
  end"""


def test_a_loop_that_ends_with_either_of_two_files(tmp_path: Path) -> None:
    """The last word of the first one is compared with nothing where the second is shorter."""
    text, few = f"{HEAD} {BOTH} endmodule", ("error", "too-few-words", "e.txt")
    assert few in _findings(tmp_path, text, {"d.txt": FOUR, "e.txt": FOUR[:-3]})
    assert few not in _findings(tmp_path, text, {"d.txt": FOUR, "e.txt": FOUR})
    assert few not in _findings(tmp_path, text, {"d.txt": FOUR[:-3], "e.txt": FOUR})


READERS = """module t; int f, e, v, w, n = 0;
  initial begin f = $fopen("d.txt", "r"); e = $fopen("e.txt", "r");
    while ($fscanf(f, "%h", v) == 1) begin
      if ($fscanf(e, "%h", w) != 1) begin $error("e.txt is shorter"); break; end n += v * w; end
    $display("%0d", n); end endmodule"""


def test_a_complaint_of_a_file_that_ends_before_the_other(tmp_path: Path) -> None:
    """It is a fault in the loop over that other one, too."""
    complaint = ("error", "complaint", "e.txt")
    for text, is_wrong in ((FOUR, False), (FOUR[:-3], True)):
        found = _findings(tmp_path, READERS, {"d.txt": FOUR, "e.txt": text}, "verilator")
        assert (complaint in found) is is_wrong


ENDLESS = """
  reg clk = 0, go = 0; always #5 clk = ~clk;
  initial begin f = $fopen("d.txt", "r"); forever begin @(posedge clk); if (go) begin
    n = $fscanf(f, "%h", v); if (n != 1) $finish; $display("R %h", v); end end end
  initial begin #20 go = 1; end"""


def test_a_loop_without_end_waits_for_what_others_give(tmp_path: Path) -> None:
    """It comes behind them, and its words are judged."""
    agrees(Case(ENDLESS, {"d.txt": FOUR}), tmp_path)
    agrees(Case(ENDLESS, {"d.txt": b"01\n1ab\nff\n"}, frozenset({"truncated"})), tmp_path)


def test_a_loop_that_takes_turns_with_others(tmp_path: Path) -> None:
    """What a pulse lets it read is judged, word by word; how often it is let is not known."""
    pulse = ENDLESS.replace("#20 go = 1;", "repeat (9) begin #20 go = 1; #10 go = 0; end $finish;")
    for text, errors in ((FOUR, set()), (b"01\n1ab\nff\n", {"truncated"})):
        assert followed(tmp_path, pulse, {"d.txt": text})[1] == errors
    assert icarus(tmp_path) is None or icarus(tmp_path) == ["R 01", "R ab", "R ff"]


def test_a_loop_without_end_that_never_reads_is_left_soon(tmp_path: Path) -> None:
    """Nothing lets it read: that is undecided, long before a million statements."""
    body = ENDLESS.replace("initial begin #20 go = 1; end", "")
    assert followed(tmp_path, body, {"d.txt": FOUR})[1] == {"undecided"}
