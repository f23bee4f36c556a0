#!/usr/bin/env bash
# Paddle sums int8 codes in 8 bits and means integers in float32: 100 + 100 + 100 is 44 where cumsum ends at 300, and the mean of four times 2147483647 is -2147483648.
#
# paddlepaddle 3.3.1 (PyPI) on x86-64. `paddle.sum` of int32 and bool is int64, as in numpy and torch, and so is `paddle.cumsum` of all integers; of int8, uint8 and int16 the sum keeps the operand's type and wraps, without a message. So a check of psums that passes for int32 codes is wrong for the int8 ones that the network has, and the last element of cumsum is not the sum.
# `paddle.mean` of int32 and int64 is computed in float32 and cut towards zero: beyond 2^24 low bits are lost (the mean of 16777217 and itself is 16777216), and a rounded-up 2^31 becomes the lowest int32.
# Say `dtype="int64"` in the sum, and divide that.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet paddlepaddle==3.3.1 numpy==2.4.6 setuptools==80.9.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - 2> messages.txt <<'PY' || { cat messages.txt; exit 1; }
import numpy as np
import paddle


def tensor(values, kind):
    return paddle.to_tensor(np.array(values, kind))


for kind, type_of_sum, total in (("int8", "int8", 44), ("uint8", "uint8", 44), ("int16", "int16", 300), ("int32", "int64", 300), ("int64", "int64", 300), ("bool", "int64", 3)):
    codes = tensor([100, 100, 100], kind)
    found = paddle.sum(codes).numpy()
    running = 3 if kind == "bool" else int(paddle.cumsum(codes).numpy()[-1])
    print(f"{kind}: sum {found.dtype} {int(found)}, along an axis {int(paddle.sum(codes.reshape([1, 3]), axis=1).numpy()[0])}, last of cumsum {running}")
    assert (str(found.dtype), int(found)) == (type_of_sum, total), "the behaviour has changed"
    assert int(paddle.sum(codes.reshape([1, 3]), axis=1).numpy()[0]) == total, "the behaviour has changed"
    assert running == int(np.array([100, 100, 100], kind).sum()), "cumsum is right"
    assert int(paddle.sum(codes, dtype="int64").numpy()) == running, "with dtype the sum is right"
for values, mean32, mean64 in (
    ([2**24 + 1] * 2, 2**24, 2**24),
    ([2**31 - 1] * 4, -(2**31), 2**31),
    ([2**30 + 1, 1], 2**29, 2**29),
    ([2**24 - 1, 2**24 - 3], 2**24 - 2, 2**24 - 2),
):
    found = [int(paddle.mean(tensor(values, kind)).numpy()) for kind in ("int32", "int64")]
    print(f"mean of {values}: int32 {found[0]}, int64 {found[1]}, right {sum(values) / len(values)}")
    assert found == [mean32, mean64], "the behaviour has changed"
PY
