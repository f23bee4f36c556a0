#!/usr/bin/env bash
# hwtypes: a signed number that is made wider loses its sign, and a signed division rounds down.
#
# hwtypes 1.4.7, the bit vectors of magma and fault. `SIntVector[8](SIntVector[4](-3))` is 13: the conversion copies the bits and fills with zeros, though both
# types are signed; `.sext(4)` and `.ext(4)` keep -3. A product of two 4-bit codes that is put into a psum of 20 bits by its constructor is therefore wrong as
# soon as it is negative: 5 * -3 in 8 bits becomes 241. `//` is SMT-LIB's bvsdiv by name (`bvsdiv`), which rounds towards zero as Verilog's `/` does, but gives -4 for -7 // 2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet hwtypes==1.4.7
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from hwtypes import SIntVector

code, weight = SIntVector[4](5), SIntVector[4](-3)
product = code.sext(4) * weight.sext(4)
seen = {
    "product": product.as_sint(),
    "psum of the constructor": SIntVector[20](product).as_sint(),
    "psum of sext": product.sext(12).as_sint(),
    "-3 in 8 bits": SIntVector[8](weight).as_sint(),
    "-7 // 2": (SIntVector[4](-7) // SIntVector[4](2)).as_sint(),
    "-7 bvsdiv 2": SIntVector[4](-7).bvsdiv(SIntVector[4](2)).as_sint(),
}
print(seen)
assert seen["product"] == seen["psum of sext"] == -15
assert seen["psum of the constructor"] == 241, "the behaviour has changed"
assert seen["-3 in 8 bits"] == 13, "the behaviour has changed"
assert seen["-7 // 2"] == seen["-7 bvsdiv 2"] == -4, "the behaviour has changed"
PY
