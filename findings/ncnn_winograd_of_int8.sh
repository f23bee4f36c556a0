#!/usr/bin/env bash
# ncnn's int8 convolution of 3x3 is right up to sums of 3,728,270 and wrong beyond: a psum of 3732480 comes out as -3724060, though an int32 holds five hundred times as much.
#
# ncnn 1.0.20261020 (PyPI). A 3x3 convolution of stride 1 between int8 codes is computed by Winograd's method by default, with tiles of 4x4. Its transformed kernels are kept as integers, so the inner sums are 24 * 24 = 576 times the result and are divided at the end; they are added in int32, and wrap where 576 times the psum leaves its range. Beyond 2^31 / 576 a psum
# is then off by 2^32 / 576, and its sign with it: 64 channels of weights 81 and codes 80 suffice, or 32 of 127s. Scales, bias and a Relu come behind, so an activation that should be the largest is the smallest. A 1x1, a stride of 2 and few channels are right, as they go by matrix products, and so is everything below the limit, which random vectors do not reach.
# The reason is the method and not the processor. `net.opt.use_winograd_convolution = False` before the network is loaded gives the exact sums; or keep channels times 9 times the largest codes below 3,728,270, as codes of 7 bits do up to 100 channels.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ncnn==1.0.20261020 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import struct

import ncnn
import numpy as np

LIMIT = (2**31 - 1) // 576


def ncnn_psums(codes, weights, pad, stride, winograd):
    """The sums of an int8 Convolution whose scales are all 1, without a bias, in float32 (exact below 2^24)."""
    outputs, channels, kernel, _ = weights.shape
    _, height, width = codes.shape
    layer = f"0={outputs} 1={kernel} 11={kernel} 3={stride} 4={pad} 5=0 6={weights.size} 8=1"
    with open("net.param", "w") as text:
        text.write(f"7767517\n2 2\nInput in 0 1 in 0={width} 1={height} 2={channels}\nConvolution conv 1 1 in out {layer}\n")
    stored = weights.astype(np.int8).tobytes()
    with open("net.bin", "wb") as binary:
        binary.write(struct.pack("<I", 0x000D4B38) + stored + bytes(-len(stored) % 4) + np.ones(outputs + 1, np.float32).tobytes())
    net = ncnn.Net()
    net.opt.use_winograd_convolution = winograd
    assert net.load_param("net.param") == 0 and net.load_model("net.bin") == 0
    values = np.ascontiguousarray(codes, np.float32)
    image = ncnn.Mat(values)
    extractor = net.create_extractor()
    extractor.input("in", image)
    status, found = extractor.extract("out")
    assert status == 0
    return np.array(found, copy=True).astype(np.int64)


def exact_psums(codes, weights, pad, stride):
    kernel = weights.shape[-1]
    padded = np.pad(codes.astype(np.int64), ((0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), (1, 2))[:, ::stride, ::stride]
    return np.einsum("chwij,ocij->ohw", windows, weights.astype(np.int64))


def wrong(case, codes, weights, pad=1, stride=1):
    right = exact_psums(codes, weights, pad, stride)
    assert np.abs(right).max() < 2**24, "float32 holds all sums"
    direct, default = ncnn_psums(codes, weights, pad, stride, False), ncnn_psums(codes, weights, pad, stride, True)
    assert (direct == right).all(), "without Winograd's method all are right"
    off = int((default != right).sum())
    print(f"{case}: largest sum {right[0].max() if right.max() > 0 else right.min()}, wrong {off} of {right.size}; in the middle {default[0, 5, 5]}, right {right[0, 5, 5]}")
    return off, int(default[0, 5, 5]), int(right[0, 5, 5])


def full(weight, code, channels=64, outputs=16, kernel=3):
    return np.full((channels, 14, 14), code), np.full((outputs, channels, kernel, kernel), weight)


assert wrong("weights 80, codes 80", *full(80, 80))[0] == 0 and 576 * 80 * 80 <= LIMIT, "the behaviour has changed"
off, found, right = wrong("weights 81, codes 80", *full(81, 80))
assert off > 0 and right == 3732480 > LIMIT and found == -3724060, "the behaviour has changed"
off, found, right = wrong("weights -81, codes 80", *full(-81, 80))
assert off > 0 and right == -3732480 and found == 3724060, "the behaviour has changed"
assert wrong("32 channels of 127", *full(127, 127, channels=32))[0] > 0, "the behaviour has changed"
assert wrong("1x1", *full(127, 127, channels=576, kernel=1), pad=0)[0] == 0, "a 1x1 is right"
assert wrong("8 channels of 127", *full(127, 127, channels=8))[0] == 0, "few channels are right"
seed = np.random.default_rng(1)
assert wrong("random codes", seed.integers(-127, 128, (64, 14, 14)), seed.integers(-127, 128, (16, 64, 3, 3)))[0] == 0, "random vectors do not reach the limit"
PY
