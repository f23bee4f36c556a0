"""Negative numbers that become positive ones where something wider takes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import agrees, block, case

pytest.importorskip("pyslang")
SIGNED = b"-3\n5\n-7\n"
PLAIN = b"3\n5\n7\n"
SUM = 'while ($fscanf(f, "%d", v) == 1) begin k = {}; $display("R %0d", k); end'
WEIGHTS = (
    'reg signed [7:0] w[0:3]; reg signed [15:0] p; initial begin $readmemh("d.txt", w); '
    'for (i = 0; i < 4; i = i + 1) begin p = w[i] * {}; $display("R %0d", p); end end'
)
COMPARED = (
    "reg signed [15:0] z; reg [{}:0] e; initial begin "
    + 'f = $fopen("d.txt", "r"); while ($fscanf(f, "%d", z) == 1) begin e = -3; '
    + '$display("R %b", z == e); if (z == e) k = 1; end end'
)
CASES = {
    "a sum": block(SUM.format("k + v"), SIGNED, "truncated", "initial k = 0;"),
    "a sum of positive numbers": block(SUM.format("k + v"), PLAIN, declared="initial k = 0;"),
    "a sum with $signed": block(SUM.format("k + $signed(v)"), SIGNED, declared="initial k = 0;"),
    "a sum with the sign in front": block(
        SUM.format("k + {{24{v[7]}}, v}"), SIGNED, declared="initial k = 0;"
    ),
    "256 taken off": block(SUM.format("(v > 127) ? v - 256 : v"), SIGNED),
    "a flipped sign": block(SUM.format("(v ^ 8'h80) - 128"), SIGNED),
    "bits that are packed": block(SUM.format("(k << 8) | (v & 8'hff)"), SIGNED),
    "a check sum without signs": block(
        'while ($fscanf(f, "%d", v) == 1) begin s = s * 3 + v; $display("R %0d", s); end', SIGNED
    ),
    "less than 0": block(SUM.format("v").replace("k = v", "k = (v < 0)"), SIGNED),
    "an equal width": block(
        'while ($fscanf(f, "%d", v) == 1) begin z = v; k = z; $display("R %0d", k); end',
        SIGNED,
        declared="reg signed [7:0] z;",
    ),
    "a signed word times one without a sign": case(
        WEIGHTS.format("8'd2"), b"ff\n02\n03\n04\n", "truncated"
    ),
    "a positive word times one without a sign": case(WEIGHTS.format("8'd2"), b"01\n02\n03\n04\n"),
    "signed words all through": case(WEIGHTS.format("8'sd2"), b"ff\n02\n03\n04\n"),
    "beside a wider one without a sign": case(COMPARED.format(31), SIGNED, "truncated"),
    "beside one of the same width": case(COMPARED.format(15), SIGNED),
}
CAST = "reg [7:0] a = 2; reg signed [15:0] p; reg [15:0] t = 0; "
CAST_WORDS = (
    'reg [7:0] w[0:1], a = 2; reg signed [15:0] p; initial begin $readmemh("d.txt", w); '
    'for (i = 0; i < 2; i = i + 1) begin p = {}; $display("R %0d", p); end end'
)
SHOWN = 'while ($fscanf(f, "%d", v) == 1) begin {0} = {1}; $display("R %0d", {0}); end'
CASES |= {
    "$signed times one without a sign": block(
        SHOWN.format("p", "a * $signed(v)"), SIGNED, "truncated", CAST
    ),
    "$signed times one with a 0 in front": block(
        SHOWN.format("p", "$signed({1'b0, a}) * $signed(v)"), SIGNED, declared=CAST
    ),
    "$signed in a sum without a sign": block(
        SHOWN.format("t", "t + $signed(v)"), SIGNED, "truncated", CAST
    ),
    "$signed alone": block(SHOWN.format("t", "$signed(v)"), SIGNED, declared=CAST),
    "$signed of positive numbers": block(SHOWN.format("p", "a * $signed(v)"), PLAIN, "", CAST),
    "$signed of a word": case(CAST_WORDS.format("a * $signed(w[i])"), b"ff\n02\n", "truncated"),
    "$signed of positive words": case(CAST_WORDS.format("a * $signed(w[i])"), b"7f\n02\n"),
    "$signed of words all through": case(
        CAST_WORDS.format("$signed(a) * $signed(w[i])"), b"ff\n02\n"
    ),
}
TAKEN = 'while ($fscanf(f, "%d", v) == 1) show({});'
SHOW = 'task show(input integer one); begin $display("R %0d", one); end endtask'
DIVIDED = (
    'real r; initial begin {} while ($fscanf(f, "%d", v) == 1) begin r = {} / 16.0; i = 1; end end'
)
START = 'f = $fopen("d.txt", "r");'
CASES |= {
    "an argument": block(TAKEN.format("v"), SIGNED, "truncated", SHOW),
    "a positive argument": block(TAKEN.format("v"), PLAIN, declared=SHOW),
    "an argument with $signed": block(TAKEN.format("$signed(v)"), SIGNED, declared=SHOW),
    "a real number": case(DIVIDED.format(START, "v"), SIGNED, "truncated"),
    "a positive real number": case(DIVIDED.format(START, "v"), PLAIN),
    "a real number with $signed": case(DIVIDED.format(START, "$signed(v)"), SIGNED),
}
CASES["less than 0"] = block(
    'while ($fscanf(f, "%d", v) == 1) begin if (v < 0) k = 1; $display("R %0d", k); end',
    SIGNED,
    "truncated",
    "initial k = 0;",
)
PLACED = 'while ($fscanf(f, "%d", z) == 1) begin p = {}; $display("R %0h", p); end'
BYTE = "reg signed [7:0] z; reg [31:0] p = 0; integer j = 2; "
HALVED = "function integer half(input integer one); half = one > 127 ? one - 256 : one; endfunction"
INDEXED = (
    'reg [7:0] w[0:2]; reg [15:0] t; initial begin f = $fopen("d.txt", "r"); t = 0; '
    'for (i = 0; i < 3; i = i + 1) if ($fscanf(f, "%d", w[i]) != 1) $finish; '
    'for (i = 0; i < 3; i = i + 1) t = t + w[i]; $display("R %0d", t); end'
)
COPIED = (
    'while ($fscanf(f, "%d", v) == 1) begin k = {}; if (k {}) k = k - {}; $display("R %0d", k); end'
)
ASKED = 'while ($fscanf(f, "%d", z) == 1) begin if (z {}) k = 1; $display("R %0d", k); end'
CASES |= {
    "bytes put together by or": block(PLACED.format("(p << 8) | z"), SIGNED, declared=BYTE),
    "bytes put together by a sum": block(PLACED.format("(p << 8) + z"), SIGNED, declared=BYTE),
    "a shift by less than a byte": block(
        PLACED.format("(p << 4) + z"), SIGNED, "truncated", declared=BYTE
    ),
    "a byte put in its place": block(PLACED.format("p | (z << 8 * j)"), SIGNED, declared=BYTE),
    "a check sum by exclusive or": block(PLACED.format("p ^ z"), SIGNED, declared=BYTE),
    "a byte that is added": block(PLACED.format("p + z"), SIGNED, "truncated", declared=BYTE),
    "an address with a sign": case(INDEXED, SIGNED),
    "256 taken off a copy": block(COPIED.format("v", "> 127", 256), SIGNED),
    "256 taken off a copy by its first bit": block(COPIED.format("v", "[7]", 256), SIGNED),
    "256 taken off another width": block(COPIED.format("v", "> 1023", 2048), SIGNED, "truncated"),
    "256 taken off a sum": block(COPIED.format("v + s", "> 127", 256), SIGNED, "truncated"),
    "256 taken off an argument": block(
        'while ($fscanf(f, "%d", v) == 1) $display("R %0d", half(v));', SIGNED, declared=HALVED
    ),
    "shifted up and down again": block(
        'while ($fscanf(f, "%d", v) == 1) begin k = v << 24; k = k >>> 24; $display("R %0d", k); end',
        SIGNED,
    ),
    "unequal to a wider 0": block(ASKED.format("!= 16'd0"), SIGNED, declared=BYTE),
    "equal to a pattern": block(ASKED.format("== 'hfd"), SIGNED, declared=BYTE),
    "equal to a wider pattern": block(
        ASKED.format("== 'hfffffffd"), SIGNED, "truncated", declared=BYTE
    ),
    "less than a wider number": block(ASKED.format("< 16'd1"), SIGNED, "truncated", declared=BYTE),
}
MIXED = (
    "reg signed [7:0] a = -3; reg [7:0] e = 3; reg signed [15:0] p; reg [15:0] w; initial begin "
    "p = e * a; $display({0}, p); w = a; $display({0}, w); w = a + 16'd1; $display({0}, w); "
    "p = a + 1; $display({0}, p); w = (a < 16'd5) ? a : e; $display({0}, w); w = a >>> 1; "
    "$display({0}, w); p = -a * 2; $display({0}, p); w = {{8'd0, e}} + $signed(e); $display({0}, w); "
    'f = $fopen("d.txt", "r"); n = $fscanf(f, "%h", v); end'
)


@pytest.mark.parametrize("name", CASES)
def test_negative_numbers_beside_wider_ones(name: str, tmp_path: Path) -> None:
    agrees(CASES[name], tmp_path)


def test_an_operand_beside_one_without_a_sign_loses_its_own(tmp_path: Path) -> None:
    """IEEE 1800-2017, 11.8.2; a copy to a wider variable keeps it."""
    agrees(case(MIXED.format('"R %b"'), b"01\n"), tmp_path)
