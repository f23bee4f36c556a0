#!/usr/bin/env bash
# JAX shifts unsigned 4-bit and 2-bit codes to the right as if they were signed: 8 >> 1 of uint4 is 12; and it counts eight bits of an int4: -1 has -8 ones.
#
# jax 0.10.2 with jaxlib 0.10.2 on a CPU. `x >> 1` and `jnp.right_shift` follow numpy's operator of that name, which shifts zeros into an unsigned number and the sign into a signed one. They do for uint8, and for int4. For uint4 and uint2 the
# upper half of the codes (8 to 15; 2 and 3) gets its highest bit copied. `lax.shift_right_logical`, and `x // 2`, are right. `lax.population_count` of int4 counts the ones of the byte in which
# the sign was extended, and the count is an int4 again: -8, one bit set, has 5, and -1 has 8, which wraps to -8. Of uint4 and uint2 it is right. Nothing depends on jit. A requantization by a shift of unsigned activations,
# the unpacking of two codes out of one, and a binary network's XNOR and popcount in the narrow type are other numbers there; in the upper half only, so that small tests pass.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2 ml_dtypes==0.6.0 numpy==2.4.6
cd "$folder"
JAX_PLATFORMS=cpu "$folder/venv/bin/python" -W ignore - <<'PY'
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def codes(kind):
    bounds = jnp.iinfo(kind)
    return np.arange(int(bounds.min), int(bounds.max) + 1)


def wrong(function, kind, meaning):
    values = codes(kind)
    found = np.asarray(function(jnp.array(values).astype(kind))).astype(int)
    return [(int(value), int(seen)) for value, seen, right in zip(values, found, meaning(values)) if seen != right]


def half(values):
    return values >> 1


def ones(bits):
    return lambda values: [(int(value) % 2**bits).bit_count() for value in values]


shifts = {
    "x >> 1": lambda x: x >> 1,
    "jit": jax.jit(lambda x: x >> 1),
    "shift_right_logical": lambda x: lax.shift_right_logical(x, x.dtype.type(1)),
    "x // 2": lambda x: x // 2,
}
seen = {(name, kind.__name__): wrong(function, kind, half) for name, function in shifts.items() for kind in (jnp.uint2, jnp.uint4, jnp.uint8)}
seen["x >> 1", "int4"] = wrong(shifts["x >> 1"], jnp.int4, half)
for name, bits in (("uint4", 4), ("uint2", 2), ("int4", 4)):
    seen["population_count", name] = wrong(lax.population_count, getattr(jnp, name), ones(bits))
for (function, kind), pairs in seen.items():
    print(f"{function} of {kind}: {len(pairs)} wrong {pairs[:9]}")
expected = dict.fromkeys(seen, [])
for name in ("x >> 1", "jit"):
    expected[name, "uint2"] = [(2, 3), (3, 3)]
    expected[name, "uint4"] = [(code, code // 2 + 8) for code in range(8, 16)]
expected["population_count", "int4"] = [(-8, 5), (-7, 6), (-6, 6), (-5, 7), (-4, 6), (-3, 7), (-2, 7), (-1, -8)]
assert seen == expected, "the behaviour has changed"
PY
