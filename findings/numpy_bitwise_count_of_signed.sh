#!/usr/bin/env bash
# numpy counts the ones of -1 as 1: a binary dot product by XNOR and popcount is wrong on int8, int32 and int64 words.
#
# numpy 2.4.6, with jax 0.10.2. `np.bitwise_count` counts the ones of the absolute value (so its documentation says), as Python's `int.bit_count` does of a number that has no width: -1 of int8 has one, -128 has one, -2 has one. Expected of an array of a type with a width was what
# the population count of processors, of C, of Verilog's $countones and of `jax.lax.population_count` gives: 8, 1, 7. Binary networks pack 8 or 32 signs into a word and compute 2 * popcount(~(a ^ b)) - bits; where all signs agree the word is ~0, that is -1, and the largest
# sum, 8, comes out as -6. On unsigned words of the same octets every sum is right, so that it depends on the type a file was read with. `jax.numpy.bitwise_count` follows numpy, `jax.lax.population_count` of the same array does not. View words as unsigned before you count: `np.bitwise_count(words.view(np.uint8))`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numpy==2.4.6 jax==0.10.2
cd "$folder"
JAX_PLATFORMS=cpu "$folder/venv/bin/python" -W ignore - <<'PY'
import jax
import jax.numpy as jnp
import numpy as np

words = np.array([-1, -128, -2, 3], np.int8)
ones = [bin(int(word) & 255).count("1") for word in words]
seen = {
    "numpy": np.bitwise_count(words).tolist(),
    "numpy, viewed as unsigned": np.bitwise_count(words.view(np.uint8)).tolist(),
    "jax.numpy": jnp.bitwise_count(jnp.array(words)).tolist(),
    "jax.lax": jax.lax.population_count(jnp.array(words)).tolist(),
}
print("words", words.tolist(), "ones", ones)
for name, counts in seen.items():
    print(name, counts)
wrong = {}
for kind in (np.uint8, np.int8):
    octets = np.arange(256, dtype=np.uint8).view(kind)
    first, second = octets[:, None], octets[None, :]
    sums = 2 * np.bitwise_count(~(first ^ second)).astype(int) - 8
    expected = np.array([[8 - 2 * bin(a ^ b).count("1") for b in range(256)] for a in range(256)])
    wrong[kind.__name__] = int((sums != expected).sum())
    print(kind.__name__, "sums of 8 signs that are wrong:", wrong[kind.__name__], "of 65536; of a word with itself", sums[0, 0], "in place of", expected[0, 0])
assert ones == [8, 1, 7, 2]
assert seen == {
    "numpy": [1, 1, 1, 2],
    "numpy, viewed as unsigned": ones,
    "jax.numpy": [1, 1, 1, 2],
    "jax.lax": ones,
}, "the behaviour has changed"
assert wrong == {"uint8": 0, "int8": 28928}, "the behaviour has changed"
PY
