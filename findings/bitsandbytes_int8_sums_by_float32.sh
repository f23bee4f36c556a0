#!/usr/bin/env bash
# bitsandbytes computes the int32 sums of int8 matrices in float32 on processors without AVX-512: beyond 2^24 no odd one is right, 66048129 is 66048128.
#
# bitsandbytes 0.50.2 with torch 2.13.0 on x86-64. `int8_linear_matmul` returns int32. With AVX-512 it calls torch's integer product, without it (and on ARM) it multiplies floats and casts the sum: 4,096 products of 127 by 127 are beyond 2^24 fourfold.
# The sums differ from those of a GPU and from those of the next machine, by a few units, and depend on the order of addition. Sums below 2^24 are exact, up to 1,040 products of extreme codes. ATEN_CPU_CAPABILITY=avx2 shows it on any x86-64 processor. Take `torch._int_mm`, which is exact with either, or add blocks of 1,024 channels.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 bitsandbytes==0.50.2 numpy==2.4.6
cd "$folder"
ATEN_CPU_CAPABILITY=avx2 "$folder/venv/bin/python" -W ignore - <<'PY' 2> messages.txt || { cat messages.txt >&2; exit 1; }
import bitsandbytes.functional
import torch

codes, weights = torch.full((32, 4096), 127, dtype=torch.int8), torch.full((2, 4096), 127, dtype=torch.int8)
codes[:, -1] = weights[:, -1] = 1
weights[:, 0] = torch.tensor([124, 126])  # odd sums, which float32 has not beyond 2^24


def three(channels):
    """The sums over the first channels by int64, by bitsandbytes and by torch's integer product."""
    x, w = codes[:, :channels].contiguous(), weights[:, :channels].contiguous()
    found = bitsandbytes.functional.int8_linear_matmul(x, w)
    assert found.dtype == torch.int32
    return (x.long() @ w.long().T)[0].tolist(), found[0].tolist(), torch._int_mm(x, w.T)[0].tolist()


seen = {channels: three(channels) for channels in (1024, 4096)}
for channels, (right, found, integers) in seen.items():
    print(f"{channels} channels: int64 {right}, bitsandbytes {found}, torch._int_mm {integers}")
    assert integers == right, "torch's integer product is exact"
assert seen[1024][1] == seen[1024][0], "sums below 2^24 are exact"
right, found, _ = seen[4096]
assert right == [66047875, 66048129], "the sums themselves"
assert all(wrong % 2 == 0 and 0 < abs(wrong - exact) < 4096 for wrong, exact in zip(found, right, strict=True)), "the behaviour has changed"
PY
echo "as stated"
