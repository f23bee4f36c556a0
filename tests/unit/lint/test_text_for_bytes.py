"""Texts of numbers where bytes are read, and lines that are skipped character by character."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.good_files import write
from tilewright.lint import lint

pytest.importorskip("pyslang")


def _findings(folder: Path, bench: str, text: bytes) -> set[tuple[str, str]]:
    path = write(folder, {"d.txt": text}) / "t.v"
    path.write_text(bench)
    found = lint(folder, testbench=path).findings
    return {(one.severity, one.kind) for one in found if one.kind != "unchecked"}


WORDS = """module t; reg [31:0] w, x; integer f, n;
  initial begin f = $fopen("d.txt", "rb"); x = 0; n = $fread(w, f);
    while (n == 4) begin x = x ^ w; n = $fread(w, f); end $display("%h", x); end endmodule"""
MEMORY = """module t; reg [7:0] m [0:7]; integer f, n, i; reg [15:0] s;
  initial begin f = $fopen("d.txt", "rb"); n = $fread(m, f); s = 0;
    for (i = 0; i < 8; i = i + 1) s = s + m[i]; $display("%h", s); end endmodule"""
CHARACTERS = """module t; reg [7:0] m [0:7]; integer f, n, i, s;
  initial begin f = $fopen("d.txt", "rb"); n = $fread(m, f); s = 0;
    for (i = 0; i < 8; i = i + 1) if (m[i] >= "0" && m[i] <= "9") s = s + m[i] - "0";
    $display("%0d", s); end endmodule"""
BYTES = """module t; reg [7:0] v; integer f, s;
  initial begin f = $fopen("d.txt", "rb"); s = 0;
    while ($fread(v, f) == 1) {} s = s + v; $display("%0d", s); end endmodule"""
BINARY = ("error", "binary")


@pytest.mark.parametrize(
    "text", [b"00000093\ndeadbeef\n", b"147\n-2\n3000\n9999\n", b"0101 1010\n1111 0000\n"]
)
def test_a_text_that_is_read_as_words(text: bytes, tmp_path: Path) -> None:
    """Its characters become numbers."""
    assert BINARY in _findings(tmp_path, WORDS, text)


def test_a_text_that_is_read_as_bytes(tmp_path: Path) -> None:
    """Two digits a byte are a text; where the testbench asks which characters they are, that is meant."""
    assert BINARY in _findings(tmp_path, MEMORY, b"0a\n14\n1e\n28\n")
    assert BINARY not in _findings(tmp_path, CHARACTERS, b"0a\n14\n1e\n28\n")
    assert BINARY not in _findings(tmp_path, MEMORY, bytes(range(8)))
    assert BINARY not in _findings(tmp_path, MEMORY, b"12345678")


def test_a_text_that_is_read_byte_by_byte(tmp_path: Path) -> None:
    """A sum of its characters is one of no numbers; a reader that leaves out the line ends knows them."""
    assert BINARY in _findings(tmp_path, BYTES.format(""), b"0a\n14\n1e\n28\n")
    assert BINARY not in _findings(tmp_path, BYTES.format("if (v != 10)"), b"0a\n14\n1e\n28\n")
    assert BINARY not in _findings(tmp_path, BYTES.format(""), bytes((10, 48, 97, 50, 45)))


def test_texts_that_are_read_as_texts(tmp_path: Path) -> None:
    """A register as long as a line takes the lines."""
    assert BINARY not in _findings(tmp_path, WORDS, b"123\n456\n789\n")


SKIP = """module t; integer f, c, k, n, s; reg [7:0] v;
  initial begin f = $fopen("d.txt", "r"); k = 0; s = 0;
    while (k < 2) begin c = $fgetc(f); if (c == "\\n" || c == -1) k = k + 1; end
    while ($fscanf(f, "%d", v) == 1) s = s + v; $display("%0d", s); end endmodule"""
EATEN, DOUBT = ("error", "rows-eaten"), ("warning", "rows-eaten")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"# a\n# b\n", None),
        (b"# a\n# b\r\n", None),
        (b"# a\n", EATEN),
        (b"-4\n12\n", EATEN),
        (b"12\n-4\n", EATEN),
        (b"title\n", DOUBT),
        (b"", DOUBT),
        (b"P2\n3 3\n", None),
    ],
)
def test_lines_that_are_skipped_by_their_ends(
    header: bytes, found: tuple[str, str] | None, tmp_path: Path
) -> None:
    """They are judged as those that $fgets skips: a record among comments, or a negative one, is lost."""
    seen = _findings(tmp_path, SKIP, header + b"11\n17\n23\n")
    assert seen & {EATEN, DOUBT} == ({found} if found else set())


def test_titles_in_front_of_a_record(tmp_path: Path) -> None:
    """Several lines of letters alone have no size behind them."""
    bench = SKIP.replace("k < 2", "k < 3")
    assert EATEN in _findings(tmp_path, bench, b"one\ntwo\n11\n17\n23\n")
    assert EATEN not in _findings(tmp_path, bench, b"one\ntwo\nthree\n11\n17\n23\n")
