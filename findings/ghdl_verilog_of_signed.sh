#!/usr/bin/env bash
# GHDL writes signed VHDL as Verilog that divides and shifts unsigned numbers: in the exported core -127 shifted right by one is 64, and -128 / 7 is 18.
#
# GHDL 2.0.0, with Icarus Verilog 11 (Debian 12's). `ghdl --synth --out=verilog` keeps the operators of a VHDL core as Verilog operators on unsigned vectors. Products, sums and comparisons are right, since operands are extended or wrapped in
# $signed first; `shift_right` becomes `>>`, which fills with zeros even behind a $signed (IEEE 1364-2005, 5.1.12), `/`, `rem` and `mod` become `/` and `%` of unsigned vectors, `rem` and `mod` the same one. A `resize` to fewer bits keeps
# the low bits, where numeric_std keeps the sign and the bits below it (1076-2008, RESIZE): so it is in GHDL's own simulation. Expected is what `ghdl -r` of the same core prints, on 256 pairs. The same netlist written as VHDL (`--out=vhdl`) shifts and divides rightly, and narrows as wrongly.
# A requantizer in VHDL, a shift and a narrowing, loses every negative sum on this way into a Verilog flow, without a warning; `abs` and `maximum` stay VHDL inside the Verilog, which at least no reader takes. Write the sign out in the VHDL, `a(7) & a(2 downto 0)`, and compare the exported core with the simulated one before it is used.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > core.vhd <<'VHDL'
library ieee; use ieee.std_logic_1164.all; use ieee.numeric_std.all;
entity core is port (
  a, b : in signed(7 downto 0); n : in unsigned(2 downto 0);
  sum, product : out signed(15 downto 0); is_less : out signed(7 downto 0);
  shifted, quotient, remainder, modulus : out signed(7 downto 0); narrowed : out signed(3 downto 0)); end;
architecture rtl of core is begin
  sum <= resize(a, 16) + b;
  product <= a * b;
  is_less <= to_signed(1, 8) when a < b else to_signed(0, 8);
  shifted <= shift_right(a, to_integer(n));
  quotient <= a / b;
  remainder <= a rem b;
  modulus <= a mod b;
  narrowed <= resize(a, 4);
end;
VHDL
cat > tb.vhd <<'VHDL'
library ieee; use ieee.std_logic_1164.all; use ieee.numeric_std.all; use std.textio.all;
entity tb is end;
architecture test of tb is
  signal a : signed(7 downto 0) := (others => '0'); signal b : signed(7 downto 0) := to_signed(1, 8); signal n : unsigned(2 downto 0) := (others => '0');
  signal sum, product : signed(15 downto 0); signal is_less, shifted, quotient, remainder, modulus : signed(7 downto 0); signal narrowed : signed(3 downto 0);
begin
  dut : entity work.core port map (a, b, n, sum, product, is_less, shifted, quotient, remainder, modulus, narrowed);
  process
    variable text_line : line;
    procedure put(x : signed) is begin write(text_line, integer'image(to_integer(x)) & " "); end;
  begin
    for i in 0 to 255 loop
      a <= to_signed(i - 128, 8); n <= to_unsigned(i mod 8, 3);
      if i mod 2 = 0 then b <= to_signed(7 + i mod 5, 8); else b <= to_signed(-3 - i mod 7, 8); end if;
      wait for 1 ns;
      put(a); put(b); put(signed('0' & n)); put(sum); put(product); put(is_less); put(shifted); put(quotient); put(remainder); put(modulus); put(narrowed);
      writeline(output, text_line);
    end loop;
    wait;
  end process;
end;
VHDL
cat > tb.v <<'V'
module tb;
  reg signed [7:0] a, b; reg [2:0] n; integer i;
  wire signed [15:0] sum, product; wire signed [7:0] is_less, shifted, quotient, remainder, modulus; wire signed [3:0] narrowed;
  core dut(.a(a), .b(b), .n(n), .sum(sum), .product(product), .is_less(is_less), .shifted(shifted), .quotient(quotient), .remainder(remainder), .modulus(modulus), .narrowed(narrowed));
  initial for (i = 0; i < 256; i = i + 1) begin
    a = i - 128; n = i % 8;
    b = i % 2 == 0 ? 7 + i % 5 : -3 - i % 7;
    #1 $display("%0d %0d %0d %0d %0d %0d %0d %0d %0d %0d %0d", a, b, n, sum, product, is_less, shifted, quotient, remainder, modulus, narrowed);
  end
endmodule
V
ghdl --version | head -1
ghdl -a --std=08 core.vhd tb.vhd
ghdl -e --std=08 tb
ghdl -r --std=08 tb --ieee-asserts=disable > simulated.txt 2> messages.txt
ghdl --synth --std=08 --out=verilog core > core.v
ghdl --synth --std=08 --out=vhdl core > core_again.vhd
grep -E '>>|/ b|% b' core.v
iverilog -g2012 -o tb.vvp tb.v core.v
vvp -n tb.vvp > exported.txt
ghdl -a --std=08 core_again.vhd tb.vhd
ghdl -e --std=08 tb
ghdl -r --std=08 tb --ieee-asserts=disable > as_vhdl.txt 2> messages.txt
python3 - <<'PY'
names = ["a", "b", "n", "sum", "product", "is_less", "shifted", "quotient", "remainder", "modulus", "narrowed"]
simulated, exported, as_vhdl = ([[int(word) for word in line.split()] for line in open(f"{name}.txt")] for name in ("simulated", "exported", "as_vhdl"))
assert len(simulated) == len(exported) == len(as_vhdl) == 256
in_vhdl = {name: sum(left[column] != right[column] for left, right in zip(simulated, as_vhdl)) for column, name in enumerate(names)}
seen = {}
for column, name in enumerate(names):
    pairs = [(left[:3], left[column], right[column]) for left, right in zip(simulated, exported) if left[column] != right[column]]
    seen[name] = len(pairs)
    if pairs:
        operands, left, right = pairs[0]
        print(f"{name}: {len(pairs)} of 256 differ, first a, b, n = {operands}: {left} in VHDL, {right} in the Verilog")
print(seen)
print("written as VHDL:", in_vhdl)
assert not any(seen[name] for name in ("a", "b", "n", "sum", "product", "is_less")), "the behaviour has changed"
assert [seen[name] for name in names[6:]] == [112, 190, 187, 179, 128], "the behaviour has changed"
assert simulated[1][:3] == [-127, -4, 1] and (simulated[1][6], exported[1][6]) == (-64, 64), "the behaviour has changed"
assert simulated[0][:3] == [-128, 7, 0] and (simulated[0][7], exported[0][7]) == (-18, 18), "the behaviour has changed"
assert in_vhdl == dict.fromkeys(names, 0) | {"narrowed": 128}, "the behaviour has changed"
PY
