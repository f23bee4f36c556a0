#!/usr/bin/env bash
# JAX: a clip of int4 codes to -9..9 makes -7 of all of them, and one of int8 codes to -200..200 makes -56, because the bounds wrap first.
#
# jax 0.10.2 with jaxlib 0.10.2 on a CPU, ml_dtypes 0.6.0, numpy 2.4.6. A plain number beside an array takes the array's type (JAX calls it weakly typed). numpy does so too, but compares and clips with what was written,
# and raises where a sum cannot hold the number. JAX raises only where an array of int8 is made of 300; of int4, 9 becomes -7 there as well. In a clip, a maximum and a comparison the number wraps without a word: `codes < 9` holds for -8 alone, `codes == 9` for -7.
# And a cast to int4 of floats saturates in JAX (9.0 and 300.0 are 7), that of integers wraps (9 is -7), and one of the same floats by numpy to the same type of ml_dtypes wraps. So a clip a step wider than the codes, put there as a guard,
# destroys them, and a quantizer that goes without its clip in JAX needs it when the same lines run in numpy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2 ml_dtypes==0.6.0 numpy==2.4.6
cd "$folder"
JAX_PLATFORMS=cpu "$folder/venv/bin/python" -W ignore - <<'PY'
import jax.numpy as jnp
import ml_dtypes
import numpy as np

wide = jnp.array([-8, -7, 0, 7], jnp.int8)
codes = wide.astype(jnp.int4)
unsigned = jnp.array([0, 8, 15]).astype(jnp.uint4)


def numbers(values):
    return np.asarray(values).astype(int).tolist()


def made(kind, number):
    try:
        return numbers(jnp.array([number], kind))
    except OverflowError as error:
        return type(error).__name__


seen = {
    "int8, < 255": numbers(wide < 255),
    "int8, == 249": numbers(wide == 249),
    "int8, clip to -200..200": numbers(jnp.clip(wide, -200, 200)),
    "int8, made of 300": made(jnp.int8, 300),
    "int8, < 255 by numpy": numbers(np.asarray(wide) < 255),
    "int8, clip to -200..200 by numpy": numbers(np.clip(np.asarray(wide), -200, 200)),
    "int4, < 9": numbers(codes < 9),
    "int4, == 9": numbers(codes == 9),
    "int4, clip to -9..9": numbers(jnp.clip(codes, -9, 9)),
    "int4, made of 9": made(jnp.int4, 9),
    "uint4, < 16": numbers(unsigned < 16),
    "uint4, clip to 0..16": numbers(jnp.clip(unsigned, 0, 16)),
    "cast of 9.0 and 300.0": numbers(jnp.array([9.0, 300.0]).astype(jnp.int4)),
    "cast of 9 and 300": numbers(jnp.array([9, 300]).astype(jnp.int4)),
    "cast of 9.0 and 300.0 by numpy": numbers(np.array([9.0, 300.0]).astype(ml_dtypes.int4)),
}
print("codes:", numbers(codes), "unsigned:", numbers(unsigned))
for name, values in seen.items():
    print(f"{name}: {values}")
assert seen == {
    "int8, < 255": [1, 1, 0, 0],
    "int8, == 249": [0, 1, 0, 0],
    "int8, clip to -200..200": [-56, -56, -56, -56],
    "int8, made of 300": "OverflowError",
    "int8, < 255 by numpy": [1, 1, 1, 1],
    "int8, clip to -200..200 by numpy": [-8, -7, 0, 7],
    "int4, < 9": [1, 0, 0, 0],
    "int4, == 9": [0, 1, 0, 0],
    "int4, clip to -9..9": [-7, -7, -7, -7],
    "int4, made of 9": [-7],
    "uint4, < 16": [0, 0, 0],
    "uint4, clip to 0..16": [0, 0, 0],
    "cast of 9.0 and 300.0": [7, 7],
    "cast of 9 and 300": [-7, -4],
    "cast of 9.0 and 300.0 by numpy": [-7, -4],
}, "the behaviour has changed"
PY
