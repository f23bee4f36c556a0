#!/usr/bin/env bash
# Keras adds products of int8 in 32 bits in ops.matmul and einsum and in 8 bits in ops.dot, tensordot, inner and conv, and its average_pool of 100 and 100 is -28.
#
# keras 3.15.1 with its JAX backend (jax 0.10.2, numpy 2.4.6; the numpy backend gives the same codes). ops.matmul of two int8 arrays has the type int32, so that a quantized layer can be written with it, and einsum and sum do so too. For two matrices ops.dot is the same product, and tensordot with one axis
# as well, and they return int8: 100 * 100 three times is 48, where matmul has 30000. ops.conv wraps alike, the cumulative sum too, and the average pool divides a sum that has wrapped: two codes of 100 have the mean -28, as a float; ops.mean of the same codes is 100. Nothing is raised, and for
# codes of a few units nothing shows. Cast to int32 first wherever it is not matmul or einsum.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 ml_dtypes==0.6.0 numpy==2.4.6
cd "$folder"
HOME="$folder" KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$folder/venv/bin/python" -W ignore - 2> /dev/null <<'PY'
import numpy as np
from keras import ops

row = np.array([[100, 100, 100]], np.int8)
column, line = row.T.copy(), row.reshape(1, 3, 1)
ones = np.ones((2, 1, 1), np.int8)
results = {
    "matmul": ops.matmul(row, column),
    "einsum": ops.einsum("ij,jk->ik", row, column),
    "sum": ops.sum(row),
    "mean": ops.mean(row),
    "dot": ops.dot(row, column),
    "tensordot": ops.tensordot(row, column, axes=1),
    "inner": ops.inner(row, row),
    "cumsum": ops.cumsum(row),
    "conv": ops.conv(line, ones),
    "average_pool": ops.average_pool(line, 2, 1),
    "conv of int32": ops.conv(line.astype(np.int32), ones.astype(np.int32)),
    "dot of int32": ops.dot(row.astype(np.int32), column.astype(np.int32)),
}
seen = {name: (str(value.dtype), np.asarray(value).ravel().astype(int).tolist()) for name, value in results.items()}
for name, (kind, values) in seen.items():
    print(f"{name}: {kind} {values}")
assert seen == {
    "matmul": ("int32", [30000]),
    "einsum": ("int32", [30000]),
    "sum": ("int32", [300]),
    "mean": ("float32", [100]),
    "dot": ("int8", [48]),
    "tensordot": ("int8", [48]),
    "inner": ("int8", [48]),
    "cumsum": ("int8", [100, -56, 44]),
    "conv": ("int8", [-56, -56]),
    "average_pool": ("float32", [-28, -28]),
    "conv of int32": ("int32", [200, 200]),
    "dot of int32": ("int32", [30000]),
}, "the behaviour has changed"
PY
