#!/usr/bin/env bash
# safetensors 0.8.0 writes a transposed numpy array with its shape transposed and its values not: weights come back scrambled, of the right shape and sum, without a message; 0.7.0 wrote them rightly.
#
# safetensors 0.8.0 beside 0.7.0, numpy 2.4.6. `safetensors.numpy.save` and `save_file` copy an array's memory from its first byte on, and its shape as numpy gives it. A transposed array, one in Fortran order and every second column have another order in memory than the format stores (row by row), so that
# `load` puts the values elsewhere: [[0, 3], [1, 4], [2, 5]] comes back as [[0, 1], [2, 3], [4, 5]]. 0.7.0 and before wrote what the array holds. The documentation of both asks for "contiguous" tensors, the code of neither looks; that of `safetensors.torch` refuses such a tensor with a ValueError, so a
# good engineer expects an error or the array. `weights.T`, a layer's kernels after `transpose(0, 2, 3, 1)`, numpy.asfortranarray and what a BLAS or a column slice returns are such arrays. Of a transposed array shape, type, sum and histogram agree with what was saved; a transposed square matrix is saved as if it were not.
# Save numpy.ascontiguousarray(array), as tilewright does, and load the file once and compare.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/roundtrip.py" <<'PY'
import importlib.metadata
import sys

import numpy as np
from safetensors.numpy import load, save

rows = np.arange(6, dtype=np.int8).reshape(2, 3)
square = np.arange(9, dtype=np.int8).reshape(3, 3)
kernels = np.arange(24, dtype=np.int8).reshape(2, 3, 2, 2)
arrays = {
    "as made": rows,
    "transposed": rows.T,
    "square, transposed": square.T,
    "in Fortran order": np.asfortranarray(rows),
    "every second column": np.arange(8, dtype=np.int8).reshape(2, 4)[:, ::2],
    "kernels, channels last": kernels.transpose(0, 2, 3, 1),
    "transposed, copied": np.ascontiguousarray(rows.T),
}
version = importlib.metadata.version("safetensors")
same = {}
for name, array in arrays.items():
    loaded = load(save({"weights": array}))["weights"]
    assert (loaded.shape, loaded.dtype) == (array.shape, array.dtype)
    same[name] = bool((loaded == array).all())
loaded = load(save({"weights": rows.T}))["weights"]
print(version, "transposed:", rows.T.tolist(), "comes back as", loaded.tolist())
print(version, "comes back as it was:", same)
if version == "0.7.0":
    assert all(same.values()), "the behaviour has changed"
else:
    assert [name for name, kept in same.items() if kept] == ["as made", "transposed, copied"], "the behaviour has changed"
    assert loaded.tolist() == [[0, 1], [2, 3], [4, 5]], "the behaviour has changed"
    assert (load(save({"weights": square.T}))["weights"] == square).all()
PY
for version in 0.7.0 0.8.0; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet safetensors==$version numpy==2.4.6
  (cd "$folder" && "$folder/$version/bin/python" roundtrip.py)
done
