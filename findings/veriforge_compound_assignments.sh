#!/usr/bin/env bash
# veriforge simulates `sum += x` as `sum = x`: a bench that adds up 0..4 prints 4, and `case (psum) -5:` does not match -5.
#
# veriforge 0.1.11 of October 2026, with Icarus Verilog 11. Its grammar takes the twelve compound assignments of IEEE 1800 (11.4.1: `a op= b` is `a = a op b`), and both of its engines that need no compiler, "reference" and "vm", drop the operator without a message. Expected was the
# sum, or the error that `i++` gets. A scoreboard that counts with `errors += 1` ends with 1 whatever the number was. A case item that is a negative literal, or a variable wider than the selector, is compared without its sign, though
# all of them are signed and the standard extends them so (12.5); `==` of the same two is right, as is an item of the same width. Write `sum = sum + x` and `-8'sd5`, or simulate with another simulator. Icarus Verilog 11 has the
# first fault in classes only (see icarus_compound_assignment_of_classes.sh).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet veriforge==0.1.11
cd "$folder"
cat > bench.sv <<'SV'
module bench;
  reg signed [7:0] psum, same;
  reg signed [15:0] wide, x;
  integer i, sum;
  initial begin
    psum = -5; same = -5; wide = -5;
    x = 100; x += 3; $display("+= %0d", x);
    x = 100; x -= 3; $display("-= %0d", x);
    x = 100; x *= 3; $display("*= %0d", x);
    x = 100; x /= 3; $display("/= %0d", x);
    x = 100; x %= 7; $display("%%= %0d", x);
    x = 100; x &= 6; $display("&= %0d", x);
    x = 100; x |= 3; $display("|= %0d", x);
    x = 100; x ^= 6; $display("^= %0d", x);
    x = 100; x <<= 1; $display("<<= %0d", x);
    x = 100; x >>= 1; $display(">>= %0d", x);
    x = -100; x >>>= 2; $display(">>>= %0d", x);
    sum = 0; for (i = 0; i < 5; i = i + 1) sum += i; $display("sum of 0..4, +=: %0d", sum);
    sum = 0; for (i = 0; i < 5; i = i + 1) sum = sum + i; $display("sum of 0..4, =: %0d", sum);
    case (psum) -5: $display("-5: matched"); default: $display("-5: not matched"); endcase
    case (psum) wide: $display("16 bits: matched"); default: $display("16 bits: not matched"); endcase
    case (psum) same: $display("8 bits: matched"); default: $display("8 bits: not matched"); endcase
    if (psum == -5) $display("==: equal"); else $display("==: not equal");
  end
endmodule
SV
iverilog -g2012 -o bench.vvp bench.sv
vvp -n bench.vvp > icarus.txt
"$folder/venv/bin/python" - <<'PY'
from veriforge.project import parse_file
from veriforge.sim import Simulator

design = parse_file("bench.sv", preprocess=True)
for engine in ("reference", "vm"):
    simulator = Simulator(design.modules[0], engine=engine)
    simulator.run(max_time=10)
    with open(f"{engine}.txt", "w") as text:
        text.write("".join(line.rstrip("\n") + "\n" for line in simulator.display_output))
PY
paste -d'|' icarus.txt reference.txt vm.txt
cmp reference.txt vm.txt
cat > expected.txt <<'TXT'
+= 103
-= 97
*= 300
/= 33
%= 2
&= 4
|= 103
^= 98
<<= 200
>>= 50
>>>= -25
sum of 0..4, +=: 10
sum of 0..4, =: 10
-5: matched
16 bits: matched
8 bits: matched
==: equal
TXT
cmp expected.txt icarus.txt
cat > seen.txt <<'TXT'
+= 3
-= 3
*= 3
/= 3
%= 7
&= 6
|= 3
^= 6
<<= 1
>>= 1
>>>= 2
sum of 0..4, +=: 4
sum of 0..4, =: 10
-5: not matched
16 bits: not matched
8 bits: matched
==: equal
TXT
cmp seen.txt reference.txt
echo "as stated"
