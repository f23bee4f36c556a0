#!/usr/bin/env bash
# pyverilog writes `3 <<< 2` as `32`: its code generator leaves the operator out and joins what stood on both sides of it, into another number.
#
# pyverilog 1.3.0, with Icarus Verilog. `<<<` is Verilog's arithmetic shift to the left, the same as `<<`; the parser reads it, and `<<`, `>>` and `>>>` are written back as they were. Numbers become one number: 1 <<< 4 is 14 and not 16, 8'd5 <<< 1 is 8'd51 and not 10, 8'hA <<< 2 is 8'hA2. All of these
# compile, in localparams, in ranges and in expressions, so a module that has passed through a tool that rewrites it (instruments it, renames, unrolls) has other constants; names and brackets become unknown names or syntax errors, which is seen. Write `<<`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
command -v iverilog > /dev/null || { apt-get update -qq; apt-get install -y -qq iverilog; } > /dev/null
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyverilog==1.3.0 setuptools==80.9.0
cd "$folder"
cat > core.v <<'V'
module core(x, one, six, word, a, b, c, d, e);
  input [7:0] x;
  output signed [15:0] one, six, word, a, b, c, d, e;
  localparam ONE = 1 <<< 4;
  localparam signed [7:0] SIX = 8'sd3 <<< 1;
  wire [(1 <<< 3) - 1:0] ones;
  assign ones = 16'hffff;
  assign word = ones;
  assign one = ONE;
  assign six = SIX;
  assign a = 3 <<< 2;
  assign b = 8'hA <<< 2;
  assign c = x * (8'd5 <<< 1);
  assign d = x << 2;
  assign e = 8'd5 >>> 1;
endmodule
V
cat > bench.v <<'V'
module bench;
  wire signed [15:0] one, six, word, a, b, c, d, e;
  core core(8'd2, one, six, word, a, b, c, d, e);
  initial #1 $display("%0d %0d %0d %0d %0d %0d %0d %0d", one, six, word, a, b, c, d, e);
endmodule
V
"$folder/venv/bin/python" -W ignore - > written.v 2> /dev/null <<'PY'
from pyverilog.ast_code_generator.codegen import ASTCodeGenerator
from pyverilog.vparser.parser import parse

tree, _ = parse(["core.v"], debug=False)
print(ASTCodeGenerator().visit(tree))
PY
grep "<<<" core.v
echo "is written as"
grep -E "ONE = |SIX = |ones;|assign [abc] = " written.v
for name in core written; do
    iverilog -g2012 -s bench -o "$name" bench.v "$name.v"
    vvp -n "$name" > "$name.txt"
    echo "$name: $(cat "$name.txt")"
done
grep -qx "16 6 255 12 40 20 8 2" core.txt
grep -qx "14 31 8191 32 162 102 8 2" written.txt
echo "as stated"
