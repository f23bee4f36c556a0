#!/usr/bin/env bash
# NumKong's description names its types 'i8', 'u8', 'i4', and in Python they mean eight and four bytes: `astype(x, 'i8')` makes int64 and keeps 300, where 'int8' makes 127.
#
# numkong 7.8.6 (PyPI). The descriptions of its functions list the names of dtypes as 'f32', 'bf16', 'e4m3', 'i8', 'u8', 'i4', 'u4', 'u1', counted in bits. 'f32', 'bf16' and 'e4m3' are those. But 'i8', 'u8', 'i4' and 'u4' are taken as numpy's type strings, which count bytes: a tensor of zeros of 'i8' has eight bytes an element, 'i4' and 'u4' have four, and 300 and -300 pass through
# a quantizer to "8 bits" or "4 bits" unchanged, without a message. Nothing saturates until the values are written elsewhere, where they wrap or are refused.
# Write 'int8', 'uint8', 'int4', 'uint4', whatever the description says, and look at `.dtype` of what comes back.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numkong==7.8.6 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import numkong
import numpy as np

listed = numkong.dot.__doc__
assert all(f"'{name}'" in listed for name in ("f32", "bf16", "e4m3", "i8", "u8", "i4", "u4")), "the description has changed"
values = np.array([1.5, -2.5, 300, -300], np.float32)
seen = {}
for name in ("i8", "u8", "i4", "u4", "int8", "uint8", "f32"):
    made = numkong.astype(values, name)
    zeros = numkong.zeros((4,), dtype=name)
    seen[name] = (str(made.dtype), zeros.nbytes // 4, np.asarray(made).tolist())
    print(f"{name}: {seen[name][0]}, {seen[name][1]} bytes an element, {values.tolist()} becomes {seen[name][2]}")
assert seen["i8"] == ("int64", 8, [2, -2, 300, -300]), "the behaviour has changed"
assert seen["u8"] == ("uint64", 8, [2, 0, 300, 0]), "the behaviour has changed"
assert seen["i4"] == ("int32", 4, [2, -2, 300, -300]), "the behaviour has changed"
assert seen["u4"] == ("uint32", 4, [2, 0, 300, 0]), "the behaviour has changed"
assert seen["int8"] == ("int8", 1, [2, -2, 127, -128]) and seen["uint8"] == ("uint8", 1, [2, 0, 255, 0]), "the long names count bits"
assert seen["f32"][:2] == ("float32", 4), "the short names of floats count bits"
PY
