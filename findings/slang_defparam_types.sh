#!/usr/bin/env bash
# slang leaves a parameter that `defparam` overrides the type of its default: $bits of it is too small, and -3 over a default of 4'd2 is not below 0.
#
# pyslang 12.1.0, without a diagnostic; Icarus Verilog 11 and Verilator 5.48 give the parameter the type of the value, as IEEE 1800 (6.20.2) says for one
# without a type of its own, and so does slang where the override stands at the instance, #(.W(16'd300)). Its value is whole in both cases, so that a
# width made of $bits, a comparison with 0 and a generate branch go wrong while the number itself prints right. A file name by defparam is the
# longer text in the type of the shorter one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyslang==12.1.0
cd "$folder"
cat > top.sv <<'SV'
module rom #(parameter W = 8'd5, X = 4'd2, FILE = "none.hex") ();
  localparam BITS = $bits(W);
  localparam IS_NEGATIVE = X < 0;
  localparam LETTERS = $bits(FILE) / 8;
  initial $display("%0d %0d %0d %0d", W, BITS, IS_NEGATIVE, LETTERS);
endmodule
module top;
  rom #(.W(16'd300), .X(-3), .FILE("weights.hex")) at_the_instance ();
  rom by_defparam ();
  defparam by_defparam.W = 16'd300;
  defparam by_defparam.X = -3;
  defparam by_defparam.FILE = "weights.hex";
endmodule
SV
iverilog -g2012 -o top top.sv
vvp -n top | sort | uniq -c | tee icarus.txt
grep -qE "^ *2 300 16 1 11$" icarus.txt
"$folder/venv/bin/python" - <<'PY'
import pyslang

tree = pyslang.syntax.SyntaxTree.fromFile("top.sv")
compilation = pyslang.ast.Compilation()
compilation.addSyntaxTree(tree)
assert not list(compilation.getAllDiagnostics()), "the behaviour has changed"
seen = {}


def look(node):
    if getattr(node, "kind", None) is not None and node.kind.name == "Parameter":
        seen[str(node.hierarchicalPath)] = int(node.value.value) if node.name != "FILE" else None


compilation.getRoot().visit(look)
ways = {
    way: [seen[f"top.{way}.{name}"] for name in ("W", "BITS", "IS_NEGATIVE", "LETTERS")]
    for way in ("at_the_instance", "by_defparam")
}
print("slang:", ways)
assert ways == {"at_the_instance": [300, 16, 1, 11], "by_defparam": [300, 8, 0, 8]}, "the behaviour has changed"
PY
echo "as stated"
