"""Headers that say what the words are, words in parts, and words of a memory that a short file leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import agrees, block, case, followed
from tilewright.lint import lint

pytest.importorskip("pyslang")
COE = b"memory_initialization_radix=%s;\nmemory_initialization_vector=\n%s"
SKIPPED = 'n = $fgets(line, f); n = $fgets(line, f); while ($fscanf(f, "%h%*c", v) == 1) $display("R %h", v);'
MIF = (
    'while ($fgets(line, f) != 0) begin n = $sscanf(line, "%h : %h;", x, v); '
    'if (n == 2) $display("R %h %h", x, v); end'
)
HEAD = b"DEPTH = 4;\nWIDTH = 8;\nADDRESS_RADIX = HEX;\nDATA_RADIX = %s;\nCONTENT\nBEGIN\n"
HELD = (
    "initial begin for (i = 0; i < 4; i = i + 1) m[i] = 0; "
    '$readmemh("d.txt", m{}); {} for (i = 0; i < {}; i = i + 1) $display("R %h", m[i]); end'
)
THREE = b"01\n02\n03\n"
GOLDEN = (
    "integer a[0:7], g[0:7]; initial begin "
    'i = 0; f = $fopen("d.txt", "r"); while ($fscanf(f, "%d", a[i]) == 1) i = i + 1; k = i; '
    'i = 0; f = $fopen("g.txt", "r"); while ($fscanf(f, "%d", g[i]) == 1) i = i + 1; '
    'for (i = 0; i < {}; i = i + 1) $display("R %0d", a[i] == g[i]); end'
)
PLACES = (
    'while ($fscanf(f, "%s", t) == 1) begin for (i = 3; i >= 0; i = i - 1) b[i] = t[8*i + {}]; '
    '$display("R %b", b); end'
)
BYTES = (
    "n = $fread(v, f); k = 0; while (n == 1) begin "
    'if (v >= "0" && v <= "9") k = 10 * k + (v - "0"); else begin $display("R %0d", k); k = 0; end '
    "n = $fread(v, f); end"
)
MARKED = (
    'while ($fgets(line, f) != 0) begin n = $sscanf(line, "0x%h", v); '
    'if (n == 1) $display("R %h", v); end'
)
CASES = {
    "a radix of 16": block(SKIPPED, COE % (b"16", b"01,\n12,\n")),
    "a radix of 10": block(SKIPPED, COE % (b"10", b"01,\n12,\n"), "bad-word"),
    "a radix of 10, and digits alone": block(SKIPPED, COE % (b"10", b"1,\n9,\n")),
    "words on the line of the header": block(
        SKIPPED, (COE % (b"16", b"01,12,0a;")).replace(b"=\n", b"="), "rows-eaten"
    ),
    "a header without words": block(
        'n = $fgets(line, f); while ($fscanf(f, "%h", v) == 1) $display("R %h", v);', b"# none\n"
    ),
    "a memory image by lines": block(MIF, HEAD % b"HEX" + b"0 : 01;\n1 : ff;\nEND;\n"),
    "a memory image of decimal words": block(
        MIF, HEAD % b"UNS" + b"0 : 10;\n1 : 12;\nEND;\n", "bad-word"
    ),
    "a range over what was there": case(HELD.format(", 0, 3", "", 4), THREE, "too-few-words"),
    "a range over what nobody looks at": case(HELD.format(", 0, 3", "", 3), THREE),
    "a range over what is set again": case(HELD.format(", 0, 3", "m[3] = 0;", 4), THREE),
    "no range": case(HELD.format("", "", 4), THREE),
    "golden words": case(GOLDEN.format("k"), b"1\n2\n", g_txt=b"1\n2\n"),
    "golden words without partners": case(
        GOLDEN.format("k"), b"1\n2\n", "too-few-words", g_txt=b"1\n2\n3\n"
    ),
    "bits of a text": block(PLACES.format(1), b"0110\n", declared="reg [8*4:1] t;"),
    "bits that a text does not have": block(
        PLACES.format(0).replace('$display("R %b", b)', "if (b == 3) k = 1"),
        b"0110\n",
        "outside-memory",
        "reg [8*4:1] t;",
    ),
    "a minus that a parser of bytes passes over": block(BYTES, b"12\n-7\n", "bad-word"),
    "a point that it passes over": block(BYTES, b"12\n7.5\n", "bad-word"),
    "numbers that it takes": block(BYTES, b"12\n7\n"),
    "a name with a number in it": block(BYTES, b"w0: 12\n7\n", "bad-word"),
    "a name without": block(BYTES, b"w: 12\n7\n"),
    "a mark in front": block(MARKED, b"0x10\n0xff\n"),
    "no mark in front": block(MARKED, b"10\nff\n", "bad-word"),
    "another mark in front": block(MARKED, b"0X10\n0XFF\n", "bad-word"),
    "a key that is not there": block(MARKED.replace("0x%h", "seed=%h"), b"10\n20\n"),
    "a minus between two numbers": block(BYTES, b"12-7\n"),
}
LANES = 'reg [3:0][7:0] w[0:1]; initial begin $readmemh("d.txt", w); $display("R %h", w[1][3]); end'


@pytest.mark.parametrize("name", CASES)
def test_words_and_what_is_said_of_them(name: str, tmp_path: Path) -> None:
    agrees(CASES[name], tmp_path)


@pytest.mark.parametrize(
    ("text", "severity", "kind"),
    [
        (b"00112233\n44556677\n", "", ""),
        (b"1122\n4455\n", "warning", "short-word"),
        (b"00112233\n4455\n", "warning", "short-word"),
        (b"1\n445566\n", "", ""),
        (b"0011\n2233\n4455\n6677\n", "error", "spaced-word"),
    ],
)
def test_words_of_a_part_of_the_lanes(
    text: bytes, severity: str, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "d.txt").write_bytes(text)
    (tmp_path / "t.sv").write_text(f"module t; {LANES} endmodule")
    found = lint(tmp_path, testbench=tmp_path / "t.sv").findings
    assert (severity, kind) in {(one.severity, one.kind) for one in found} or not (kind or found)


def test_golden_words_that_a_constant_leaves_out_are_a_warning(tmp_path: Path) -> None:
    """No other file is cut short: the bench may compare the first ones on purpose."""
    bench = GOLDEN.format("2")
    (tmp_path / "t.v").write_text(f"module t; integer f, i, k; {bench} endmodule")
    (tmp_path / "d.txt").write_bytes(b"1\n2\n4\n5\n")
    (tmp_path / "g.txt").write_bytes(b"1\n2\n3\n")
    report = lint(tmp_path, testbench=tmp_path / "t.v")
    assert not report.errors
    assert "too-few-words" in {one.kind for one in report.of("warning")}


@pytest.mark.parametrize(
    ("header", "kinds"),
    [(b"", set()), (b"\x93NUMPY\x01\x00", {"binary"}), (b"PK\x03\x04\x14\x00\x00\x00", {"binary"})],
)
def test_bytes_behind_the_header_of_a_container(
    header: bytes, kinds: set[str], tmp_path: Path
) -> None:
    body = 'initial begin f = $fopen("d.txt", "r"); n = $fread(m, f); $display("R %h", m[0]); end'
    files = {"d.txt": header + b"\x01\x02\x03\xff"}
    assert followed(tmp_path, body, files)[1] == kinds


@pytest.mark.parametrize(
    ("skip", "kinds"),
    [
        ("n = $fread(h, f);", set()),
        ("n = $fread(h, f); $display(h[100]);", {"binary"}),
        ("n = $fread(g, f); k = g[15:8]; repeat (k) n = $fread(x, f);", set()),
        ("n = $fread(g, f); repeat (118) begin n = $fread(x, f); s = s + x; end", {"binary"}),
        ("n = $fread(w, f); if (w !== 48'h934e554d5059) $finish; n = $fseek(f, 128, 0);", set()),
    ],
)
def test_a_numpy_header_that_is_skipped(skip: str, kinds: set[str], tmp_path: Path) -> None:
    body = (
        'reg [7:0] h[0:127]; reg [79:0] g; reg [47:0] w; initial begin f = $fopen("d.txt", "r"); '
        f'{skip} n = $fread(m, f); $display("R %h", m[0]); end'
    )
    header = b"\x93NUMPY\x01\x00\x76\x00{'descr': '|u1', }".ljust(127) + b"\n"
    assert followed(tmp_path, body, {"d.txt": header + b"\x01\x02\x03\xff"})[1] == kinds


@pytest.mark.parametrize(
    ("text", "kinds"),
    [(b"01\n0f\n", set()), (b"@2\n01\n0f\n", set()), (b"01\n!0\n", {"bad-word"})],
)
def test_an_address_that_lines_may_leave_out(text: bytes, kinds: set[str], tmp_path: Path) -> None:
    """No line of the first file has the mark for which the first scan asks."""
    body = (
        'initial begin f = $fopen("d.txt", "r"); k = 0; while ($fgets(line, f) != 0) '
        'if ($sscanf(line, "@%h", k) != 1) if ($sscanf(line, "%h", v) == 1) begin '
        '$display("R %0d %0d", k, v); k = k + 1; end end'
    )
    assert followed(tmp_path, body, {"d.txt": text})[1] == kinds


@pytest.mark.parametrize(
    ("end", "kinds"), [(b"\n", set()), (b"", {"line-ends"}), (b"\r\n", {"line-ends"})]
)
def test_line_ends_of_a_parser_of_bytes(end: bytes, kinds: set[str], tmp_path: Path) -> None:
    parser = BYTES.replace('v >= "0" && v <= "9"', "v != 10")
    (tmp_path / "d.txt").write_bytes(b"12" + (end or b"\n") + b"7" + end)
    (tmp_path / "t.v").write_text(
        "module t; integer f, n, k; reg [7:0] v; initial begin "
        f'f = $fopen("d.txt", "rb"); {parser} end endmodule'
    )
    found = lint(tmp_path, testbench=tmp_path / "t.v").errors
    assert {one.kind for one in found} == kinds


@pytest.mark.parametrize(
    ("text", "take", "kinds"),
    [
        (b"11223344\n55667788\n", "s[31:24]", set()),
        (b"3344\n7788\n", "s[31:24]", {"short-word"}),
        (b"3344\n7788\n", "s[15:8]", set()),
        (b"1\n2\n", "s[31:24]", set()),
        (b"344\n7788\n", "s[31:24]", set()),
    ],
)
def test_lanes_in_front_of_all_words(
    text: bytes, take: str, kinds: set[str], tmp_path: Path
) -> None:
    """Words of one length whose upper lanes are taken, though no line has them; short values are none."""
    (tmp_path / "d.txt").write_bytes(text)
    loop = f'while ($fscanf(f, "%h", s) == 1) $display("%h", {take}); end'
    (tmp_path / "t.v").write_text(
        f'module t; integer f; reg [31:0] s; initial begin f = $fopen("d.txt", "r"); {loop} endmodule'
    )
    found = lint(tmp_path, testbench=tmp_path / "t.v").findings
    assert {one.kind for one in found} == kinds
