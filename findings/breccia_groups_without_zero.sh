#!/usr/bin/env bash
# breccia's asymmetric 4-bit groups must contain 0: a group of numbers from 10 to 12 comes back as 2 throughout, and one of 3 to 18 loses all above 15.
#
# breccia 0.1.3 (PyPI, 2026; "block-scaled tensor primitive"), numpy reference, the same for arrays of torch and JAX, which pass through it. INT4Scaling(symmetric=False) takes the step from largest less smallest, and the zero-point that belongs to it is then clipped to 0..15. Where all numbers of a group are positive (or all negative) the zero-point lies outside, and the clip moves the whole
# group to the range that begins at 0: its distance from 0 is lost, not a step of precision. Other quantizers extend the range to 0 first. Groups with both signs are right. Its scales are float16 by default, so a group beyond 458,000 is infinite; NVFP4BlockScaling has no scale for the tensor, and blocks beyond 2688 end there.
# No error is raised. Use the symmetric type for such weights, and compare what comes back.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet breccia==0.1.3 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import breccia
import numpy as np

changed = "the behaviour has changed"


def back(numbers, recipe):
    return breccia.dequantize(breccia.cast(np.asarray(numbers, np.float32).reshape(1, -1), recipe)).ravel()


asymmetric = breccia.INT4Scaling(group_size=16, symmetric=False, signed=False, scale_dtype="fp32")
for low, high, lowest, highest in ((0, 15, 0, 15), (-5, 10, -5, 10), (3, 18, 3, 15), (20, 35, 15, 15), (-40, -25, -15, -15), (10, 12, 2, 2)):
    found = back(np.linspace(low, high, 16), asymmetric)
    print(f"{low} to {high} comes back as {found.min():g} to {found.max():g}, {len(np.unique(found))} values")
    assert np.allclose([found.min(), found.max()], [lowest, highest], atol=1e-4), changed
    if lowest == low and highest == high:
        assert (found == np.linspace(low, high, 16)).all(), "whole steps around 0 are exact"
    symmetric = back(np.linspace(low, high, 16), breccia.INT4Scaling(group_size=16, scale_dtype="fp32"))
    assert np.abs(symmetric - np.linspace(low, high, 16)).max() <= max(abs(low), abs(high)) / 14 + 1e-4, "the symmetric type is right within half a step"

for factor, largest in ((1, 6), (400, 2400), (1000, 2688), (10000, 2688)):
    found = back(np.linspace(-6, 6, 16) * factor, breccia.NVFP4BlockScaling())
    print(f"NVFP4: -{6 * factor} to {6 * factor} comes back as {found.min():g} to {found.max():g}")
    assert abs(found.max() - largest) <= largest / 16, changed
codes = np.array([*range(-7, 8), 7], np.float32)
with np.errstate(all="ignore"):
    found = back(codes * 2**17, breccia.INT4Scaling(group_size=16))
print(f"symmetric, float16 scales: {codes[:3] * 2**17} comes back as {found[:3]}")
assert not np.isfinite(found).any(), changed
assert (back(codes * 2**17, breccia.INT4Scaling(group_size=16, scale_dtype="fp32")) == codes * 2**17).all(), "float32 scales are right"
PY
