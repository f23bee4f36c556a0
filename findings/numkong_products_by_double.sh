#!/usr/bin/env bash
# NumKong multiplies 64-bit integers as doubles and wraps the rounded product: 2^64 - 1 times 1 is 1, 2^53 + 1 times 1 is 2^53; 8-, 16- and 32-bit sums and products saturate, 64-bit ones wrap.
#
# numkong 7.8.6 (PyPI; the same by its serial kernels and by those for AVX2). `multiply`, `scale`, `fma` and `blend` of int64 and uint64 pass through float64: from 2^53 on low bits are lost, and a largest value, which rounds up to 2^64 or 2^63, wraps to 1 or to minus itself. `add` is exact there, and wraps where it overflows.
# Of int8 to int32 all four saturate (100 + 100 is 127 in int8), so that an accumulator behaves in one way in 32 bits and in the other in 64. The descriptions say `a + b` and `a * b`; numpy wraps in all types and loses nothing.
# Multiply 64-bit accumulators and hashes in numpy; widen codes before they are added, or compare with a reference that saturates.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numkong==7.8.6 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import numkong
import numpy as np

LARGE = {np.int64: [2**53 + 1, -(2**53) - 1, 2**62 + 1, 2**63 - 1, 3], np.uint64: [2**53 + 1, 2**63 + 1, 2**64 - 1, 5, 0]}
ROUNDED = {np.int64: [2**53, -(2**53), 2**62, -(2**63) + 1, 3], np.uint64: [2**53, 2**63, 1, 5, 0]}


def numbers(tensor):
    return np.asarray(tensor).tolist()


def measure(kernels):
    for kind, values in LARGE.items():
        given, ones, zeros = np.array(values, kind), np.ones(len(values), kind), np.zeros(len(values), kind)
        times = numbers(numkong.multiply(given, ones))
        print(f"{kernels}, {kind.__name__}: {values} times 1: {times}")
        assert times == ROUNDED[kind], "the behaviour has changed"
        for name, found in (
            ("scale", numkong.scale(given, alpha=1.0, beta=0.0)),
            ("fma", numkong.fma(given, ones, zeros, alpha=1.0, beta=1.0)),
            ("blend", numkong.blend(given, ones, alpha=1.0, beta=0.0)),
        ):
            assert numbers(found) == ROUNDED[kind], f"{name}: the behaviour has changed"
        assert numbers(numkong.add(given, zeros)) == values and (given * ones).tolist() == values, "a sum with 0, and numpy, are exact"
        last = np.array([np.iinfo(kind).max], kind)
        assert numbers(numkong.add(last, np.ones(1, kind))) == [np.iinfo(kind).min], "64-bit sums wrap"
    for kind in (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32):
        largest = np.iinfo(kind).max
        last = np.array([largest], kind)
        pair = numbers(numkong.add(last, last)), numbers(numkong.multiply(last, last))
        with np.errstate(over="ignore"):
            wrapped = (last + last).tolist(), (last * last).tolist()
        print(f"{kernels}, {kind.__name__}: {largest} + {largest} is {pair[0][0]}, times itself {pair[1][0]}; numpy {wrapped[0][0]} and {wrapped[1][0]}")
        assert pair == ([largest], [largest]) and wrapped[1] == [1], "the behaviour has changed"


for kernels in (("serial", "haswell"), ("serial",)):
    for capability, present in numkong.get_capabilities().items():
        if present and capability not in kernels:
            numkong.disable_capability(capability)
    measure(" and ".join(name for name, present in numkong.get_capabilities().items() if present))
PY
