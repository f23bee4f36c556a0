#!/usr/bin/env bash
# Three readers of one VCD file give three values for one bus, and two of them fewer digits than the bus has bits.
#
# vcdvcd 2.6.0, pyDigitalWaveTools 1.2, pywellen 0.25.7. A simulator may leave out leading digits: 0 if the first one written is 0 or 1, x or
# z if it is x or z. vcdvcd gives what stands in the file ("x", "z1x10", "101") and pyDigitalWaveTools that with a letter ("bx"), although
# both state the size 8; a reader that fills with zeros makes 000z1x10 of zzzz1x10. pywellen fills rightly, and changes the type
# with the value: a string where an x or z is, an unsigned int where none is, for a signed bus and for an `integer` of -1 too (4294967295).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet vcdvcd==2.6.0 pyDigitalWaveTools==1.2 pywellen==0.25.7
cd "$folder"
cat > wave.vcd <<'VCD'
$timescale 1ns $end
$scope module tb $end
$var reg 8 ! psum [7:0] $end
$var integer 32 # count [31:0] $end
$upscope $end
$enddefinitions $end
#0
bx !
b11111111111111111111111111111111 #
#1
bz1x10 !
#2
b101 !
b111 #
VCD
"$folder/venv/bin/python" - <<'PY'
import pywellen
from pyDigitalWaveTools.vcd.parser import VcdParser
from vcdvcd import VCDVCD

parser = VcdParser()
with open("wave.vcd") as text:
    parser.parse(text)
module = parser.scope.children["tb"]
waves = {variable.full_name: variable for variable in pywellen.Waveform("wave.vcd").all_vars()}
seen = {
    "vcdvcd": [value for _, value in VCDVCD("wave.vcd")["tb.psum[7:0]"].tv],
    "pyDigitalWaveTools": [value for _, value in module.children["psum"].data],
    "pywellen": [value for _, value in waves["tb.psum"].tv],
    "pywellen, integer": [value for _, value in waves["tb.count"].tv],
}
for name, values in seen.items():
    print(f"{name}: {values}")
assert seen == {
    "vcdvcd": ["x", "z1x10", "101"],
    "pyDigitalWaveTools": ["bx", "bz1x10", "b101"],
    "pywellen": ["xxxxxxxx", "zzzz1x10", 5],
    "pywellen, integer": [4294967295, 7],
}, "the behaviour has changed"
PY
