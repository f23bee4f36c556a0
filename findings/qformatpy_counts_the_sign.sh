#!/usr/bin/env bash
# qformatpy wraps 5.0 in a signed Q3.4, which by its description holds -8 to 7.9375, to -3.0: the sign counts as one of the three. Saturated numbers from 2^63 steps on become the lowest.
#
# qformatpy 1.0.2 with numpy 2.4.6 on x86-64. `qformat(x, qi, qf)` describes qi as the "number of integer bits (excluding sign bit if signed=True)" and writes "m integer bits, n fractional bits, optional sign bit"; the word that it rounds to has qi + qf bits with the sign. Its overflow is to wrap, without a message, so all outside of half the described range
# comes out as another number; of the unsigned format nothing is lost. With `ovf_method=SAT` rounded numbers pass through int64 first: 1e19 in eight bits is -128, as a number alone and in an array. Take one integer bit more than the description says, and clip before large numbers are formatted.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet qformatpy==1.0.2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
from qformatpy import SAT, qformat

assert "excluding sign bit" in qformat.__doc__, "its description has changed"
values = np.array([-8.0, -5.0, -4.0, 3.9375, 4.0, 5.0, 7.9375])
wrapped, saturated, wider = qformat(values, 3, 4), qformat(values, 3, 4, ovf_method=SAT), qformat(values, 4, 4)
print("signed 3.4 of", values.tolist(), "is", wrapped.tolist(), "and saturated", saturated.tolist())
assert wrapped.tolist() == [0.0, 3.0, -4.0, 3.9375, -4.0, -3.0, -0.0625], "the behaviour has changed"
assert saturated.tolist() == [-4.0, -4.0, -4.0, 3.9375, 3.9375, 3.9375, 3.9375], "the behaviour has changed"
assert wider.tolist() == values.tolist(), "one integer bit more holds them"
assert qformat(7.9375, 3, 4, signed=False) == 7.9375, "the unsigned format is as described"
large = [qformat(1e19, 8, 0, ovf_method=SAT), *qformat(np.array([1e19, 200.0]), 8, 0, ovf_method=SAT).tolist()]
print("1e19 alone, 1e19 and 200 in an array, saturated to eight bits:", large)
assert large == [-128.0, -128.0, 127.0], "the behaviour has changed"
PY
