#!/usr/bin/env bash
# Qwix's symmetric quantizer moves trained grids, one sign more than the other: of the weights -1, 0 and 1 its int2 makes -1.33, 0 and 0.67, and of -7 and 7 its int4 makes -7.47 and 6.53.
#
# qwix 0.1.8 (Google's quantization library for JAX) with jax 0.10.2, CPU. `qwix.quantize` maps the largest magnitude to half a step beyond the largest code (1.5, 7.5, 127.5), and rounds that tie to even, away from zero; the lowest code of two's complement takes it on the one side, on the other it is cut to the largest code. So the two largest weights of one magnitude get the codes -8 and 7, and a sum
# that was symmetric has an offset. A trained ternary network loses a third of every 1 and gains a third of every -1. Without an error, in int2 to int8.
# Make the QArray from trained codes and a scale of your own, or compare what comes back with the trained weights.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile qwix==0.1.8 jax==0.10.2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import jax.numpy as jnp
import numpy as np
import qwix

for name, kind, largest in (("int2", "int2", 1), ("int3", "int3", 3), ("int4", jnp.int4, 7), ("int5", "int5", 15), ("int8", jnp.int8, 127)):
    weights = jnp.arange(-largest, largest + 1, dtype=jnp.float32)
    packed = qwix.quantize(weights, kind)
    codes = np.asarray(packed.qvalue).astype(int)
    found = np.asarray(qwix.dequantize(packed))
    step = largest / (largest + 0.5)
    print(f"{name}: -{largest} and {largest} get the codes {codes[0]} and {codes[-1]} and come back as {found[0]:.4g} and {found[-1]:.4g}")
    assert (codes[0], codes[-1]) == (-largest - 1, largest), "the behaviour has changed"
    assert np.allclose(found[[0, -1]], [-(largest + 1) * step, largest * step], rtol=1e-5), "the behaviour has changed"

ternary = jnp.asarray([-1.0, 0.0, 1.0, 1.0, -1.0, 0.0])
found = np.asarray(qwix.dequantize(qwix.quantize(ternary, "int2")))
print(f"ternary weights {ternary.tolist()} come back as {found.round(4).tolist()}, their sum {float(ternary.sum())} as {found.sum():.4g}")
assert np.allclose(found, np.where(ternary < 0, -4 / 3, np.asarray(ternary) * 2 / 3)), "the behaviour has changed"
PY
