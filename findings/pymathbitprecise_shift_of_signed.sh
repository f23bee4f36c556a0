#!/usr/bin/env bash
# pyMathBitPrecise shifts a signed value to the right with zeros: -7 >> 1 of eight bits is 124, and a shift by more bits than there are raises. -128 // -1 is 128, in a type that ends at 127.
#
# pyMathBitPrecise 1.0 (the integers of hwt, `Bits3t`). The type knows its sign: -7 // 2 is -4, comparisons and sums are signed ones, and `~`, `<<` and a concatenation keep it. `>>` alone fills with zeros and gives a positive number, as Verilog's `>>` does and `>>>` on a signed value does not;
# so a requantization by a shift is right for half of the psums. The quotient of the lowest code and -1 is not cut to the type either. Divide by a power of two with `//`, which rounds down as the arithmetic shift does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyMathBitPrecise==1.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from pyMathBitPrecise.bits3t import Bits3t

signed, unsigned = Bits3t(8, signed=True), Bits3t(8, signed=False)
shifted = {value: int(signed.from_py(value) >> 1) for value in range(-128, 128)}
divided = {value: int(signed.from_py(value) // 2) for value in range(-128, 128)}
print("-7 >> 1:", shifted[-7], "-7 // 2:", divided[-7], "values that differ from value >> 1:", sum(shifted[value] != value >> 1 for value in shifted))
assert shifted[-7] == 124 and all(shifted[value] == (value & 255) >> 1 for value in shifted), "the behaviour has changed"
assert all(divided[value] == value >> 1 for value in divided), "// rounds down"
assert all(int(unsigned.from_py(value) >> 1) == value >> 1 for value in range(256)), "unsigned shifts are right"
assert int(signed.from_py(-64) << 1) == -128 and int(~signed.from_py(5)) == -6, "other operators keep the sign"
assert bool(signed.from_py(-1) < signed.from_py(1)), "comparisons are signed"
lowest = int(signed.from_py(-128) // signed.from_py(-1))
print("-128 // -1:", lowest)
assert lowest == 128, "the behaviour has changed"
try:
    print("-7 >> 9:", int(signed.from_py(-7) >> 9))
except ValueError as error:
    print("-7 >> 9:", error)
else:
    raise AssertionError("the behaviour has changed")
PY
