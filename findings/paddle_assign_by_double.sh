#!/usr/bin/env bash
# Paddle copies int64 numbers by way of doubles: paddle.assign of a numpy array makes 9007199254740992 of 9007199254740993, to_tensor of the same array keeps it.
#
# paddlepaddle 3.3.1 (PyPI). `paddle.assign` of a numpy array or a list of int64, `paddle.full_like` of int64 and `paddle.trunc` of int64 lose the low bits of everything beyond 2^53, without a message and in int64; `to_tensor`, `full`, `clone`, and `assign` of a tensor are exact. An accumulator of 64 bits, a packed word of sixteen 4-bit codes or a hash of weights
# is another number after such a copy: of a packed word, whose upper codes are the large ones, the lowest codes change. int32 is not touched.
# Make tensors of int64 by `to_tensor` alone, or keep packed words in int32.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet paddlepaddle==3.3.1 numpy==2.4.6 setuptools==80.9.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - 2> messages.txt <<'PY' || { cat messages.txt; exit 1; }
import numpy as np
import paddle

packed = sum(code << 4 * place for place, code in enumerate([1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 1, 2]))
values = [2**53 + 1, -(2**53) - 1, packed, 5]
rounded = [int(float(value)) for value in values]
array = np.array(values, np.int64)
tensor = paddle.to_tensor(array)


def codes(word):
    return [word >> 4 * place & 15 for place in range(16)]


EXACT = {
    "to_tensor of an array": lambda: paddle.to_tensor(array),
    "assign of a tensor": lambda: paddle.assign(tensor),
    "clone": lambda: tensor.clone(),
    "full": lambda: paddle.concat([paddle.full([1], value, "int64") for value in values]),
}
DOUBLE = {
    "assign of an array": lambda: paddle.assign(array),
    "assign of a list": lambda: paddle.assign(values),
    "full_like": lambda: paddle.concat([paddle.full_like(tensor[:1], value) for value in values]),
    "trunc": lambda: paddle.trunc(tensor),
}
for name, function in (EXACT | DOUBLE).items():
    found = function().numpy()
    print(f"{name}: {found.dtype} {found.tolist()}")
    assert found.dtype == np.int64
    assert found.tolist() == (values if name in EXACT else rounded), "the behaviour has changed"
lost = int(paddle.assign(array).numpy()[2])
print(f"sixteen codes {codes(packed)} come back as {codes(lost)}")
assert codes(packed) != codes(lost) and codes(packed)[4:] == codes(lost)[4:], "the behaviour has changed"
small = np.array([2**24 + 1, 2**31 - 1], np.int32)
assert paddle.assign(small).numpy().tolist() == small.tolist(), "int32 is exact"
PY
