#!/usr/bin/env bash
# PyXHDL makes a Verilog and a VHDL core of one Python source that multiply and divide otherwise: in four bits 3 * 3 is -7 in the one and 1 in the other, -3 % 2 is -1 and 1.
#
# pyxhdl 0.53, with Icarus Verilog 11 and GHDL 2.0.0 (Debian 12's). `A * B` of signed numbers becomes `4'(A * B)` in Verilog, the low four bits, and `resize(A * B, 4)` in VHDL, which keeps the sign and the three low bits (IEEE 1076-2008, numeric_std, RESIZE): 96 of 240 pairs of
# 4-bit codes come out otherwise. `A % B` becomes `%`, with the sign of the dividend (IEEE 1800-2017, 11.4.3), and `mod`, with the sign of the divisor, which is Python's: 77 of 240 pairs differ. `>>` of a signed number is `>>` in the Verilog, which fills with zeros, and in
# the VHDL a function that the library lacks for signed numbers, so that it does not compile. Sums, differences, quotients and comparisons agree. The generator says nothing. Expected is one arithmetic in both, that of the source: its documentation
# says that it "maps that directly into the selected HDL backend code" and warns of differences in assignments, of none in operators.
# A psum or a bias that wraps, a modulo of a signed index and a requantization by a shift are such cases; a core that was proved in one language is not proved in the other. Declare the product wide enough, A and B extended first, and compare corners in both simulators.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyxhdl==0.53 python_misc_utils==0.29 numpy==2.4.6
cd "$folder"
cat > core.py <<'PY'
import pyxhdl as X


class Core(X.Entity):
    PORTS = "A, B, =SUM, =DIFFERENCE, =PRODUCT, =TRIPLE, =QUOTIENT, =REMAINDER, =THIRDS"

    @X.hdl_process(sens="A, B")
    def run():
        SUM = A + B
        DIFFERENCE = A - B
        PRODUCT = A * B
        TRIPLE = A * 3
        QUOTIENT = A / B
        REMAINDER = A % B
        THIRDS = A % 3
PY
cat > shift.py <<'PY'
import pyxhdl as X


class Shift(X.Entity):
    PORTS = "A, =HALF"

    @X.hdl_process(sens="A")
    def run():
        HALF = A >> 1
PY
for backend in verilog vhdl; do
  "$folder/venv/bin/python" -m pyxhdl.generator --input_file core.py --entity Core --backend $backend --output_file core.$backend \
    --inputs "A,B=mkwire(INT4)" --inputs "SUM,DIFFERENCE,PRODUCT,TRIPLE,QUOTIENT,REMAINDER,THIRDS=mkreg(INT4)"
  "$folder/venv/bin/python" -m pyxhdl.generator --input_file shift.py --entity Shift --backend $backend --output_file shift.$backend \
    --inputs "A=mkwire(INT4)" --inputs "HALF=mkreg(INT4)"
done
# The Verilog labels its block in front of `begin`, which Icarus 11 does not read: the label goes behind it, and the packages that the core does not use are left out.
for name in Core Shift; do sed -n "/^module $name/,\$p" "${name,,}.verilog" | sed 's/^  run : begin/  begin : run/' > "${name,,}.sv"; done
grep -hE "PRODUCT|REMAINDER|HALF" core.sv core.vhdl shift.sv shift.vhdl | grep -E " <?= "
cat > tb.sv <<'V'
`timescale 1ns/1ns
module tb;
  reg signed [3:0] a, b;
  wire signed [3:0] sum, difference, product, triple, quotient, remainder, thirds, half;
  integer i, j;
  Core core(a, b, sum, difference, product, triple, quotient, remainder, thirds);
  Shift shift(a, half);
  initial for (i = -8; i < 8; i = i + 1) for (j = -8; j < 8; j = j + 1) if (j != 0) begin
    a = i; b = j;
    #1 $display("%0d %0d %0d %0d %0d %0d %0d %0d %0d %0d", a, b, sum, difference, product, triple, quotient, remainder, thirds, half);
  end
endmodule
V
cat > tb.vhd <<'VHDL'
library ieee; use ieee.std_logic_1164.all; use ieee.numeric_std.all; use std.textio.all;
entity tb is end;
architecture test of tb is
  type codes is array (natural range <>) of signed(3 downto 0);
  signal a, b : signed(3 downto 0) := "0001"; signal o : codes(0 to 6);
begin
  core : entity work.Core port map (a, b, o(0), o(1), o(2), o(3), o(4), o(5), o(6));
  process
    variable text_line : line;
  begin
    for i in -8 to 7 loop for j in -8 to 7 loop if j /= 0 then
      a <= to_signed(i, 4); b <= to_signed(j, 4);
      wait for 1 ns;
      write(text_line, integer'image(i) & " " & integer'image(j));
      for k in o'range loop write(text_line, " " & integer'image(to_integer(o(k)))); end loop;
      writeline(output, text_line);
    end if; end loop; end loop;
    wait;
  end process;
end;
VHDL
iverilog -g2012 -o tb.vvp core.sv shift.sv tb.sv
vvp -n tb.vvp > verilog.txt
ghdl -a --std=08 core.vhdl tb.vhd 2> messages.txt
ghdl -e --std=08 tb
ghdl -r --std=08 tb --ieee-asserts=disable > vhdl.txt 2> messages.txt
if ghdl -a --std=08 shift.vhdl 2> messages.txt; then echo "the behaviour has changed: a signed shift compiles in VHDL"; exit 1; fi
grep -m 1 -o "no overloaded function found matching .*" messages.txt
python3 - <<'PY'
names = ["sum", "difference", "product", "triple", "quotient", "remainder", "thirds"]
verilog, vhdl = ([[int(word) for word in line.split()] for line in open(f"{name}.txt")] for name in ("verilog", "vhdl"))
assert len(verilog) == len(vhdl) == 240 and all(left[:2] == right[:2] for left, right in zip(verilog, vhdl))
seen = {}
for column, name in enumerate(names, start=2):
    pairs = [(*left[:2], left[column], right[column]) for left, right in zip(verilog, vhdl) if left[column] != right[column]]
    seen[name] = len(pairs)
    if pairs:
        a, b, left, right = pairs[-1]
        print(f"{name}: {len(pairs)} of 240 differ, last a, b = {a}, {b}: {left} in Verilog, {right} in VHDL")
print(seen)
in_verilog = {tuple(row[:2]): row for row in verilog}
in_vhdl = {tuple(row[:2]): row for row in vhdl}
halves = [in_verilog[a, 1][9] for a in range(-8, 8)]
print("a >> 1 for -8..7 in Verilog:", halves)
assert (in_verilog[3, 3][4], in_vhdl[3, 3][4]) == (-7, 1) and (in_verilog[-3, 2][7], in_vhdl[-3, 2][7]) == (-1, 1), "the behaviour has changed"
assert all(in_vhdl[a, b][7] == a % b for a, b in in_vhdl), "VHDL's is Python's"
assert halves == [(a & 15) >> 1 for a in range(-8, 8)], "the behaviour has changed"
assert list(seen.values()) == [0, 0, 96, 90, 0, 77, 90], "the behaviour has changed"
PY
