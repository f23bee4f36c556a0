#!/usr/bin/env bash
# MLX quantizes ternary weights to 2 bits as -0.5, 0 and 1, though four codes hold all three, and merges -7 with -6 at 4 bits.
#
# mlx 0.32.4 (mlx-cpu). mx.quantize in its default, affine mode has a step and an offset for each group, and 2**bits codes. It makes 0 exact by moving the step, and the other end of the range pays for it: of -1, 0, 1 at 2 bits the step becomes 0.5 and the codes hold 1, 0.5, 0 and -0.5, so -1 comes back as -0.5, and a sum of
# as many +1 as -1 is not 0. Of -7..7 at 4 bits the step is 0.875 where 1 holds all 15 values: 13 of them come back as others, -7 and -6 as one. A group whose range fills all codes, as -8..7 of 4 bits and -2..1 of 2 bits, is exact, and so is a ternary one at 4 bits. `mlx_lm` packs weights
# by the same function. Pack codes that are trained already by hand (dequantize takes any step and offset: 1 and -1 hold a ternary group), or let every group have its lowest code.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mlx==0.32.4 mlx-cpu==0.32.4 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import mlx.core as mx
import numpy as np

mx.set_default_device(mx.cpu)


def back(low, high, bits):
    """The step, and what each of the values low..high comes back as, quantized in one group of 64."""
    values = np.resize(np.arange(low, high + 1), 64).astype(np.float32)
    packed, steps, offsets = mx.quantize(mx.array(values.reshape(1, 64)), group_size=64, bits=bits)
    found = np.array(mx.dequantize(packed, steps, offsets, group_size=64, bits=bits))[0]
    return abs(steps.item()), found[: high - low + 1].tolist()


seen = {case: back(*case) for case in ((-1, 1, 2), (-2, 1, 2), (-1, 1, 4), (-7, 7, 4), (-8, 7, 4))}
for (low, high, bits), (step, found) in seen.items():
    print(f"{low}..{high} at {bits} bits: step {step:g}, {found}")
codes = np.resize([0, 1, 2], 64).astype(np.uint32).reshape(4, 16)
words = (codes << (2 * np.arange(16, dtype=np.uint32))).sum(axis=1, dtype=np.uint32).reshape(1, 4)
ours = np.array(mx.dequantize(mx.array(words), mx.array([[1.0]]), mx.array([[-1.0]]), group_size=64, bits=2))[0, :3].tolist()
print("ternary at 2 bits, packed by hand:", ours)
assert seen[-1, 1, 2] == (0.5, [-0.5, 0.0, 1.0]), "the behaviour has changed"
step, found = seen[-7, 7, 4]
assert step == 0.875 and found[0] == found[1] == -6.125, "the behaviour has changed"
assert sum(value != code for value, code in zip(found, range(-7, 8), strict=True)) == 13, "the behaviour has changed"
for low, high, bits in ((-2, 1, 2), (-1, 1, 4), (-8, 7, 4)):
    assert seen[low, high, bits][1] == list(range(low, high + 1)), "the behaviour has changed"
assert ours == [-1.0, 0.0, 1.0]
PY
