"""Numbers that methods of strings take out of a line, as Verilator computes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilewright.lint import lint

pytest.importorskip("pyslang")
BENCH = """module t; int f; string l; initial begin f = $fopen("d.txt", "r");
  while ($fgets(l, f) != 0) $display("%0d", l.{}()); end endmodule"""
FIELDS = """module t; int f, n, a, b; string l; initial begin f = $fopen("d.txt", "r");
  while ($fgets(l, f) != 0) begin n = $sscanf(l, "%d,%d", a, b); if (n == 2) $display("%0d", a + b); end
end endmodule"""


@pytest.mark.parametrize(
    ("method", "text", "kinds"),
    [
        ("atoi", b"1\n-2\n", set()),
        ("atoi", b" 1\n 2\n", set()),
        ("atoi", b"0X1F\n0X2F\n", {"bad-word"}),
        ("atoi", b"1\n\n2\n", {"bad-word"}),
        ("atoi", b"8'd1\n8'd2\n", {"bad-word"}),
        ("atohex", b"1\nff\n", set()),
        ("atohex", b"0x1\n0Xff\n", set()),
        ("atohex", b"-1\nff\n", set()),
        ("atohex", b"8'h1\n8'hff\n", {"bad-word"}),
    ],
)
def test_numbers_out_of_lines(method: str, text: bytes, kinds: set[str], tmp_path: Path) -> None:
    assert _errors(tmp_path, BENCH.format(method), text) == kinds


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (b"1,2\n3,4\n", set()),
        (b"1,2.0\n3,4.00\n", set()),
        (b"1,2.5\n3,4.0\n", {"bad-word"}),
        (b"1,2.0e1\n3,4\n", {"bad-word"}),
    ],
)
def test_fractions_of_nothing_but_zeros_lose_nothing(
    text: bytes, kinds: set[str], tmp_path: Path
) -> None:
    assert _errors(tmp_path, FIELDS, text) == kinds


def _errors(folder: Path, bench: str, text: bytes) -> set[str]:
    (folder / "d.txt").write_bytes(text)
    (folder / "t.sv").write_text(bench)
    report = lint(folder, testbench=folder / "t.sv", reader="verilator")
    return {one.kind for one in report.findings if one.severity != "warning"}
