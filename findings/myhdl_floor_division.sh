#!/usr/bin/env bash
# MyHDL simulates `//` as floor and writes it as `/`, which truncates: a mean of negative sums is one higher in the Verilog and VHDL made of it.
#
# myhdl 0.11.52, with Icarus Verilog. -7 // 2 is -4 in its simulation and -3 in its Verilog; -7 % 2 is 1 and -1. Its VHDL has `/` (-3) with `mod`
# (1), so there 2 * quotient + remainder is -5. Conversion raises and warns of nothing. An arithmetic shift, `>>`, is the same in all three:
# -4. Sums after a ReLU never show it; a requantization of signed sums does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet myhdl==0.11.52
cd "$folder"
cat > mean.py <<'PY'
from myhdl import Signal, always_comb, block, delay, instance, intbv


@block
def mean(total, count, quotient, remainder, shifted):
    @always_comb
    def logic():
        quotient.next = total // count
        remainder.next = total % count
        shifted.next = total >> 1

    return logic


def signals(value):
    return [Signal(intbv(start, -64, 64)) for start in (value, 2, 0, 0, 0)]


@block
def bench(ports):
    device = mean(*ports)

    @instance
    def stimulus():
        yield delay(1)
        print("simulated:", *(int(port) for port in ports[2:]))

    return device, stimulus


device = mean(*signals(-7))
device.convert(hdl="Verilog")
device = mean(*signals(-7))
device.convert(hdl="VHDL")
bench(signals(-7)).run_sim(2, quiet=1)
PY
"$folder/venv/bin/python" -W ignore mean.py | tee simulated.txt
cat > bench.v <<'V'
module bench;
  reg signed [6:0] total = -7, count = 2;
  wire signed [6:0] quotient, remainder, shifted;
  mean dut (total, count, quotient, remainder, shifted);
  initial #1 $display("its Verilog: %0d %0d %0d", quotient, remainder, shifted);
endmodule
V
iverilog -o bench mean.v bench.v
vvp -n bench | tee computed.txt
grep -E "quotient <=|remainder <=" mean.vhd
grep -qx "simulated: -4 1 -4" simulated.txt && grep -qx "its Verilog: -3 -1 -4" computed.txt
grep -q "quotient <= .*/.*;" mean.vhd && grep -q "remainder <= .* mod .*;" mean.vhd
echo "as stated"
