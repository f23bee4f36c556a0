#!/usr/bin/env bash
# Paddle's scale cuts the factor to the type of an integer tensor: psums times 0.5 or 0.99999 are 0, times 1.9 they stay as they are, times 2.5 they are doubled.
#
# paddlepaddle 3.3.1 (PyPI), `paddle.scale(x, scale, bias)` and `x.scale_()`, which the description gives as Out = scale * X + bias with a float scale. Of int8 to int64 and uint8 the factor and the bias are cut to integers towards zero before they are used, and products wrap: 100 times 2.5 is -56 in int8. Nothing is said, and the result has the type and shape that one expects.
# The operator `*` with the same number gives float32 and the right values, so one line of a requantizer is right in one spelling and 0 in the other; a requantizing factor is nearly always below 1.
# Write `x * 0.5`, or cast to float first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet paddlepaddle==3.3.1 numpy==2.4.6 setuptools==80.9.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - 2> messages.txt <<'PY' || { cat messages.txt; exit 1; }
import numpy as np
import paddle

psums = [100, 7, 5, 1]
for kind in ("int8", "uint8", "int16", "int32", "int64"):
    codes = paddle.to_tensor(np.array(psums, kind))
    for factor in (0.5, 0.99999, 1.9, 2.5, -0.5):
        found = paddle.scale(codes, scale=factor).numpy()
        with np.errstate(over="ignore"):
            cut = (np.array(psums) * int(factor)).astype(kind)
        if kind in ("int8", "int32"):
            print(f"{kind}: scale by {factor}: {found.tolist()}, `*`: {(codes * factor).numpy().tolist()}")
        assert found.dtype == kind and found.tolist() == cut.tolist(), "the behaviour has changed"
        assert np.allclose((codes * factor).numpy(), np.array(psums) * factor), "a product with the number is right"
    assert paddle.scale(codes, scale=1.0, bias=1.9).numpy().tolist() == [101, 8, 6, 2], "the behaviour has changed"
    assert codes.scale_(0.5).numpy().tolist() == [0, 0, 0, 0], "the behaviour has changed"
floats = paddle.scale(paddle.to_tensor(np.array(psums, np.float32)), scale=0.5).numpy().tolist()
print(f"float32: scale by 0.5: {floats}")
assert floats == [50, 3.5, 2.5, 0.5], "of floats it is right"
assert "scale" in paddle.scale.__doc__
PY
