#!/usr/bin/env bash
# ArithsGen's signed subtractors extend the narrower operand with zeros: -8 less -2, of four and two bits, is -10, and every difference with a negative narrower operand is wrong.
#
# ariths-gen 1.1.4, its Python code and its Verilog, which agree (simulated by Icarus Verilog 11), over all pairs. SignedRippleBorrowSubtractor of 4 and 2, 2 and 4, or 8 and 4 bits and SignedRippleCarrySubtractor of 2 and 4 bits read the narrower
# operand as unsigned, -2 of two bits as 2: half of all differences are others, 32 of 64 and 2,048 of 4,096. With equal widths every one is right, and so are the signed ripple-carry adder and the
# array multiplier of the package with unequal ones. A zero-point is commonly narrower than the psum that it is taken from. Extend the narrower bus yourself, and give both one width.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
command -v iverilog > /dev/null || { apt-get update -qq; apt-get install -y -qq iverilog; } > /dev/null
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ariths-gen==1.1.4
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import io
import subprocess
from itertools import product
from pathlib import Path

from ariths_gen.multi_bit_circuits.adders import SignedRippleCarryAdder
from ariths_gen.multi_bit_circuits.multipliers import SignedArrayMultiplier
from ariths_gen.multi_bit_circuits.subtractors import SignedRippleBorrowSubtractor, SignedRippleCarrySubtractor
from ariths_gen.wire_components import Bus


def written(kind, widths, way):
    text = io.StringIO()
    getattr(kind(Bus("a", widths[0]), Bus("b", widths[1]), name="made"), way)(text)
    return text.getvalue()


def in_python(kind, widths, pairs):
    names = {}
    exec(written(kind, widths, "get_python_code_flat"), names)
    return [names["made"](a, b) for a, b in pairs]


def in_verilog(kind, widths, pairs):
    bits = len(kind(Bus("a", widths[0]), Bus("b", widths[1])).out.bus)
    lines = "".join(f"a = {a}; b = {b}; #1 $display(\"%0d\", out);\n" for a, b in pairs)
    bench = f"\nmodule bench; reg signed [{widths[0] - 1}:0] a; reg signed [{widths[1] - 1}:0] b; wire signed [{bits - 1}:0] out;\nmade dut (a, b, out);\ninitial begin\n{lines}end\nendmodule\n"
    Path("made.v").write_text(written(kind, widths, "get_v_code_flat") + bench)
    subprocess.run(["iverilog", "-g2012", "-s", "bench", "-o", "made", "made.v"], check=True, capture_output=True)
    return [int(line) for line in subprocess.run(["vvp", "-n", "made"], check=True, capture_output=True, text=True).stdout.split()]


def wrong(kind, widths, exact):
    pairs = list(product(*(range(-(2 ** (width - 1)), 2 ** (width - 1)) for width in widths)))
    found = in_python(kind, widths, pairs)
    assert found == in_verilog(kind, widths, pairs), "its Python and its Verilog agree"
    off = [(a, b, exact(a, b), made) for (a, b), made in zip(pairs, found) if made != exact(a, b)]
    print(f"{kind.__name__}, {widths[0]} and {widths[1]} bits: {len(off)} of {len(pairs)} wrong", *(f"{a} and {b}: {made}, not {right}" for a, b, right, made in off[:2]), sep="; ")
    return off


for kind, exact in ((SignedRippleCarryAdder, int.__add__), (SignedArrayMultiplier, int.__mul__)):
    assert not wrong(kind, (4, 2), exact) and not wrong(kind, (2, 4), exact), "adders and multipliers are right"
for kind in (SignedRippleBorrowSubtractor, SignedRippleCarrySubtractor):
    assert not wrong(kind, (4, 4), int.__sub__), "equal widths are right"
    off = wrong(kind, (2, 4), int.__sub__)
    assert len(off) == 32 and {a < 0 for a, *_ in off} == {True}, "the behaviour has changed"
by_borrow = wrong(SignedRippleBorrowSubtractor, (4, 2), int.__sub__)
assert len(by_borrow) == 32 and by_borrow[0] == (-8, -2, -6, -10) and {b < 0 for _, b, *_ in by_borrow} == {True}, "the behaviour has changed"
assert len(wrong(SignedRippleBorrowSubtractor, (8, 4), int.__sub__)) == 2048, "the behaviour has changed"
PY
