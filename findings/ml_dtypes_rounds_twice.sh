#!/usr/bin/env bash
# ml_dtypes rounds float64 and int32 twice on the way to its small types: 0.1 + 0.2 - 0.05, which is above 0.25, becomes 0 in float4 where 0.5 is nearer, and a psum of 16842753 becomes 16777216 in bfloat16.
#
# ml_dtypes 0.6.0, numpy 2.4.6. A conversion is rounded once, from the exact value (IEEE 754-2019, 5.4.2), and numpy's own from float64 to float16 is. ml_dtypes goes by way of float32: a number close to the middle between two neighbors falls onto the middle there, and then to the even
# neighbor. Of the two float64 next to each middle, one above and one below, one in two comes out wrong: the one whose nearest value is the odd one, in all of bfloat16, float8, float6 and float4. In int32 it needs 25 bits, as the psum of 2^24 + 2^16 + 1 has. Of random float64 it is one in 2^17 for bfloat16; sums and products of decimal
# fractions, of which scales and thresholds are made, may land next to a middle, as this one does. float32 input to bfloat16 is right. Two tools that quantize one file, one in float64 and one in float32, differ there; compare such codes after `numpy.float32` in both, or round in integers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ml_dtypes==0.6.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import ml_dtypes
import numpy as np

KINDS = ["float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "float8_e4m3fn", "float8_e5m2", "bfloat16"]


def values(kind):
    """All values of a format from 0 to its largest; of the 16-bit ones those of 1 to 4."""
    of, word = np.dtype(kind), np.uint8 if kind.itemsize == 1 else np.uint16
    bits = np.arange(1 << (ml_dtypes.finfo(kind).bits - 1), dtype=word)
    every = bits.view(of).astype(np.float64)
    every = np.unique(every[np.isfinite(every)])
    return every[(every >= 1) & (every <= 4)] if kind.itemsize == 2 else every


def wrong(kind, convert):
    """Of the float64 next below and next above each middle of two neighbors: how many are not their nearest value, and all."""
    grid = values(kind)
    middles = (grid[:-1] + grid[1:]) / 2
    below, above = np.nextafter(middles, 0), np.nextafter(middles, np.inf)
    count = int((convert(below) != grid[:-1]).sum() + (convert(above) != grid[1:]).sum())
    return count, 2 * len(middles)


seen = {}
for name in KINDS:
    kind = np.dtype(getattr(ml_dtypes, name))
    seen[name] = wrong(kind, lambda x: x.astype(kind).astype(np.float64))
grid = np.arange(0x3C00, 0x4400, dtype=np.uint16).view(np.float16).astype(np.float64)
middles = (grid[:-1] + grid[1:]) / 2
below, above = np.nextafter(middles, 0).astype(np.float16), np.nextafter(middles, 9).astype(np.float16)
seen["float16 of numpy"] = int((below != grid[:-1]).sum() + (above != grid[1:]).sum()), 2 * len(middles)
for name, (count, total) in seen.items():
    print(f"{name}: {count} of {total} next to a middle are not the nearest value")
fractions, exponents = np.frexp(np.random.default_rng(0).standard_normal(1 << 22))
nearest = np.ldexp(np.rint(fractions * 256), exponents - 8)  # bfloat16 has eight significant bits
seen["bfloat16, random"] = int((np.ldexp(fractions, exponents).astype(ml_dtypes.bfloat16).astype(np.float64) != nearest).sum()), 1 << 22
print(f"of {1 << 22} random float64 {seen['bfloat16, random'][0]} are not the nearest bfloat16")
tenth = 0.1 + 0.2 - 0.05
quarter = float(np.array([tenth]).astype(ml_dtypes.float4_e2m1fn)[0])
psum = np.array([2**24 + 2**16 + 1], np.int32)
near = float(psum.astype(ml_dtypes.bfloat16)[0])
print(f"{tenth!r} in float4_e2m1fn: {quarter}; int32 {psum[0]} in bfloat16: {near:.0f}, while {2**24 + 2**17} is {2**24 + 2**17 - psum[0]} away and that {psum[0] - int(near)}")
assert list(seen.values())[:6] == [(7, 14), (31, 62), (31, 62), (126, 252), (123, 246), (256, 512)], "the behaviour has changed"
assert seen["float16 of numpy"][0] == 0 and 10 < seen["bfloat16, random"][0] < 100, "the behaviour has changed"
assert (quarter, near) == (0.0, 16777216.0), "the behaviour has changed"
single = np.float32(1) + np.arange(1 << 16, dtype=np.float32) / np.float32(1 << 16)
assert (single.astype(ml_dtypes.bfloat16).astype(np.float64) == np.rint(single.astype(np.float64) * 128) / 128).all()
PY
