"""A file with one word less: found by what the testbench uses, not only by the read that failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import agrees, block
from tests.unit.lint.good_files import write
from tilewright.lint import lint

pytest.importorskip("pyslang")
FOUR = b"01\nab\nff\n10\n"
SHOW = 'for (k = 0; k < 4; k = k + 1) $display("R %h", m[k]);'
LINES = f"""k = 0; n = $fgets(line, f); while (n) begin n = $sscanf(line, "%h", v);
  if (n == 1) begin m[k] = v ^ 1; k = k + 1; end n = $fgets(line, f); end {SHOW}"""
USES = {
    "texts": 'repeat (4) begin n = $fscanf(f, "%s", line); $display("R %0s", line); end',
    "characters of texts": 'repeat (4) begin n = $fscanf(f, "%s", line); y = line[16:9]; '
    '$display("R %c", y); end',
    "a memory that a loop over the file fills": 'k = 0; while (!$feof(f)) begin '
    f'n = $fscanf(f, "%h\\n", m[k]); k = k + 1; end {SHOW}',
    "of what is computed": 'k = 0; while ($fscanf(f, "%h", v) == 1) begin m[k] = v + 1; k = k + 1; end '
    + SHOW,
    "out of lines": LINES,
    "a queue": 'while ($fscanf(f, "%h", v) == 1) words.push_back(v); for (k = 0; k < 4; k = k + 1) '
    '$display("R %0d", words[k]);',
}  # fmt: skip
NO_USES = {
    "of what is there": 'k = 0; while ($fscanf(f, "%h", v) == 1) begin m[k] = v; k = k + 1; end '
    'for (i = 0; i < k; i = i + 1) $display("R %h", m[i]);',
    "of zeros behind": 'for (k = 0; k < 4; k = k + 1) m[k] = 0; k = 0; '
    f'while ($fscanf(f, "%h", v) == 1) begin m[k] = v; k = k + 1; end {SHOW}',
    "of a part that is set": 'k = 0; while ($fscanf(f, "%h", v) == 1) begin m[k][3:0] = v; m[k][7:4] = v; '
    'k = k + 1; end $display("R %h", m[0]);',
    "but a test for x": 'k = 0; while ($fscanf(f, "%h", v) == 1) begin m[k] = v; k = k + 1; end '
    'for (k = 0; k < 4; k = k + 1) if (m[k] !== 8\'hxx) $display("R %h", m[k]);',
}  # fmt: skip


WORDS = "reg [7:0] words[$];"


@pytest.mark.parametrize("name", USES)
def test_a_word_that_is_not_there_is_missed(name: str, tmp_path: Path) -> None:
    """The whole file is right; without its last line there are too few words."""
    agrees(block(USES[name], FOUR, declared=WORDS), tmp_path / "good")
    agrees(block(USES[name], FOUR[:-3], "too-few-words", WORDS), tmp_path / "short")


@pytest.mark.parametrize("name", NO_USES)
def test_nothing_is_missed_without_a_use(name: str, tmp_path: Path) -> None:
    """Both files are read as they are meant."""
    for number, text in enumerate((FOUR, FOUR[:-3])):
        agrees(block(NO_USES[name], text), tmp_path / str(number))


def test_a_label_is_no_word(tmp_path: Path) -> None:
    """Records of a name and a number: the last one is missing."""
    body = 'repeat (3) begin n = $fscanf(f, "%s %h", line, v); $display("R %0s %h", line, v); end'
    agrees(block(body, b"w0 1\nw1 2\nw2 3\n"), tmp_path / "good")
    agrees(block(body, b"w0 1\nw1 2\n", "too-few-words"), tmp_path / "short")


STREAMED = """module t; integer f, g, n, k, bad = 0; reg clk = 0; reg [7:0] x, w, e, m[0:3]; wire [7:0] y;
dut u(clk, x, w, y); {clock} initial begin $readmemh("e.txt", m);
  f = $fopen("x.txt", "r"); repeat (4) begin #1 n = $fscanf(f, "%h", x); end
  g = $fopen("w.txt", "r"); for (k = 0; k < 4; k = k + 1) begin #1 {before} n = $fscanf(g, "%h", w); end
  {behind} $display("%0d", bad); $finish; end endmodule"""
LOOK = "if (y !== m[k % 4]) bad = bad + 1;"
PLACES = {
    "a look at the design behind": ("", "", f"for (k = 0; k < 4; k = k + 1) {LOOK}", True),
    "a look before each read": ("", LOOK, "", False),
    "no look at all": ("", "", "", True),
    "a look of a block with a clock": (f"always @(posedge clk) {LOOK}", LOOK, "", True),
    "a register in a block with a clock": ("always @(posedge clk) e <= w;", LOOK, "", False),
    "a look of another process": ("initial repeat (9) #1 if (y !== 0) bad = bad + 1;", LOOK, "", True),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_the_last_file_is_read_too_far(name: str, tmp_path: Path) -> None:
    """Old words go to the design: that is a fault, unless all comparisons have been made."""
    clock, before, behind, is_fault = PLACES[name]
    files = {"x.txt": FOUR, "e.txt": FOUR, "w.txt": FOUR[:-3]}
    bench = write(tmp_path, files) / "t.v"
    bench.write_text(STREAMED.format(clock=clock, before=before, behind=behind))
    found = {
        (f.file, f.kind, f.severity) for f in lint(tmp_path, testbench=bench).findings if f.file
    }
    wanted = ("too-few-words", "error") if is_fault else ("over-read", "warning")
    assert found == {("w.txt", *wanted)}
    (tmp_path / "w.txt").write_bytes(FOUR)
    assert not lint(tmp_path, testbench=bench).errors
