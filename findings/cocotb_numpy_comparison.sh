#!/usr/bin/env bash
# A cocotb bus compared with an element of a numpy array is compared bit by bit: 8 with 8 is four times False, 15 with 1 four times True.
#
# cocotb 2.1.0, numpy 2.4.6. `LogicArray("1000") == 8` is True, `== numpy.int64(8)` an array of four False: numpy takes the bus for a
# sequence of bits and compares each with 8. For 1 it is [False, False, False, True] where the bus holds 1, and [True, True, True, True]
# where it holds 15. So `assert dut.psum.value == expected[i]` stops with "truth value of an array", and the `.all()` or `.any()` that numpy advises
# compares something else. A bus cannot be made from such a number either: `LogicArray(numpy.int64(3), 4)` and
# `from_signed(numpy.int8(-3), 4)` raise TypeError. Compare `bus.to_signed() == int(expected[i])`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet cocotb==2.1.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
from cocotb.types import LogicArray


def raises(make):
    try:
        make()
    except TypeError:
        return "TypeError"
    return "made"


bus = LogicArray("1000")
seen = {
    "bus == 8": bus == 8,
    "bus == numpy.int64(8)": (bus == np.int64(8)).tolist(),
    "bus == numpy.int8(-8)": (bus == np.int8(-8)).tolist(),
    "0001 == numpy.int64(1)": (LogicArray("0001") == np.int64(1)).tolist(),
    "1111 == numpy.int64(1)": (LogicArray("1111") == np.int64(1)).tolist(),
    "LogicArray(numpy.int64(3), 4)": raises(lambda: LogicArray(np.int64(3), 4)),
    "from_signed(numpy.int8(-3), 4)": raises(lambda: LogicArray.from_signed(np.int8(-3), 4)),
    "to_signed() == int(...)": bus.to_signed() == int(np.int8(-8)),
}
print(seen)
assert seen == {
    "bus == 8": True,
    "bus == numpy.int64(8)": [False] * 4,
    "bus == numpy.int8(-8)": [False] * 4,
    "0001 == numpy.int64(1)": [False, False, False, True],
    "1111 == numpy.int64(1)": [True] * 4,
    "LogicArray(numpy.int64(3), 4)": "TypeError",
    "from_signed(numpy.int8(-3), 4)": "TypeError",
    "to_signed() == int(...)": True,
}, "the behaviour has changed"
PY
