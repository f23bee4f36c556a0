#!/usr/bin/env bash
# One 5-bit word of -1 is FF in VHDL's hex and 1f in Verilog's, and VHDL refuses to read Verilog's into a signed variable.
#
# GHDL 2.0.0 (--std=08, numeric_std) and Icarus Verilog 11. `to_hstring` of a signed value whose bits are no multiple of 4 fills the first digit with the
# sign, of an unsigned value or a std_logic_vector with 0; `hread` wants back what it wrote, so 1F is "not good" for signed(4 downto 0) and FF
# is for std_logic_vector. Verilog fills with 0 in any case. `$readmemh` keeps the low five bits of FF, with a warning. Vector files for
# both languages want binary words, or widths that are multiples of 4.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > words.vhd <<'VHDL'
library ieee; use ieee.std_logic_1164.all; use ieee.numeric_std.all; use std.textio.all;
entity words is end;
architecture t of words is
begin
  process
    variable number : signed(4 downto 0) := to_signed(-1, 5);
    variable bits : std_logic_vector(4 downto 0) := "11111";
    variable is_good : boolean;
    variable text : line;
    procedure say(sentence : string) is variable row : line;
    begin write(row, sentence); writeline(output, row); end;
  begin
    say("written: signed " & to_hstring(number) & ", std_logic_vector " & to_hstring(bits));
    text := new string'("1F"); hread(text, number, is_good); say("1F into signed: " & boolean'image(is_good));
    text := new string'("FF"); hread(text, number, is_good); say("FF into signed: " & boolean'image(is_good));
    text := new string'("1F"); hread(text, bits, is_good); say("1F into std_logic_vector: " & boolean'image(is_good));
    text := new string'("FF"); hread(text, bits, is_good); say("FF into std_logic_vector: " & boolean'image(is_good));
    wait;
  end process;
end;
VHDL
ghdl -a --std=08 words.vhd
ghdl -e --std=08 words
ghdl -r --std=08 words | tee seen.txt
cat > words.v <<'V'
module words;
  reg signed [4:0] number = -1;
  reg [4:0] memory [0:0];
  initial begin $display("Verilog writes %h", number); $readmemh("ff.txt", memory); $display("and reads FF as %b", memory[0]); end
endmodule
V
echo FF > ff.txt
iverilog -o words.vvp words.v
vvp -n words.vvp | grep -v WARNING | tee -a seen.txt
cmp seen.txt - <<'TXT'
written: signed FF, std_logic_vector 1F
1F into signed: false
FF into signed: true
1F into std_logic_vector: true
FF into std_logic_vector: false
Verilog writes 1f
and reads FF as 11111
TXT
echo "as stated"
