"""Networks as full-integer TFLite files: those of MLPerf Tiny by structure, and random ones."""

from __future__ import annotations

import numpy as np

from tests.tflite_files import TfliteFile

ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
PADDINGS = ("SAME", "VALID")


def resnet8(path, *, seed=0, edge=32, width=16):
    """Image classification: three residual stages."""
    file = TfliteFile((edge, edge, 3), (1 / 255, -128), seed=seed)
    x = file.layer("CONV_2D", file.input, width, relu="RELU")
    for stage in range(3):
        channels, stride = width << stage, 1 if stage == 0 else 2
        y = file.layer("CONV_2D", x, channels, stride=stride, relu="RELU")
        y = file.layer("CONV_2D", y, channels)
        if stage:
            x = file.layer("CONV_2D", x, channels, kernel=(1, 1), stride=stride)
        x = file.add("ADD", x, y, (file.grids[x][0] + file.grids[y][0], -128), relu="RELU")
    edge = file.shape(x)[1]
    x = file.pool("AVERAGE_POOL_2D", x, kernel=(edge, edge), stride=edge)
    x = file.layer("FULLY_CONNECTED", file.reshape(x, (1, -1)), 10)
    return file.save(path, file.softmax(x))


def ds_cnn(path, *, seed=0, rows=49, width=64):
    """Keyword spotting: depthwise and pointwise convolutions of a flat input."""
    file = TfliteFile((rows * 10,), (0.58, 83), seed=seed)
    x = file.reshape(file.input, (-1, rows, 10, 1))
    x = file.layer("CONV_2D", x, width, kernel=(10, 4), stride=2, relu="RELU")
    for _ in range(4):
        x = file.layer("DEPTHWISE_CONV_2D", x, relu="RELU")
        x = file.layer("CONV_2D", x, width, kernel=(1, 1), relu="RELU")
    shape = file.shape(x)[1:3]
    x = file.pool("AVERAGE_POOL_2D", x, kernel=shape, stride=1)
    x = file.layer("FULLY_CONNECTED", file.reshape(x, (1, -1)), 12)
    return file.save(path, file.softmax(x))


def mobilenet(path, *, seed=0, edge=96, width=8, blocks=((16, 1), (32, 2), (32, 1), (64, 2))):
    """Visual wake words: MobileNetV1 with padding stated, RELU6, and a mean at the end."""
    file = TfliteFile((edge, edge, 3), (1 / 255, -128), seed=seed)
    x = file.pad(file.input, [(0, 0), (0, 1), (0, 1), (0, 0)])
    x = file.layer("CONV_2D", x, width, stride=2, padding="VALID", relu="RELU6")
    for channels, stride in blocks:
        if stride == 2:
            x = file.pad(x, [(0, 0), (0, 1), (0, 1), (0, 0)])
        x = file.layer(
            "DEPTHWISE_CONV_2D",
            x,
            stride=stride,
            padding="SAME" if stride == 1 else "VALID",
            relu="RELU6",
        )
        x = file.layer("CONV_2D", x, channels, kernel=(1, 1), relu="RELU6")
    x = file.layer("FULLY_CONNECTED", file.mean(x), 2)
    return file.save(path, file.softmax(x))


def autoencoder(path, *, seed=0, width=128, layers=9):
    """Anomaly detection: linear layers alone, and floats at both ends."""
    file = TfliteFile((640,), None, kind="FLOAT32", seed=seed)
    x = file.step("QUANTIZE", file.input, (0.39, 90))
    for number in range(layers):
        x = file.layer("FULLY_CONNECTED", x, 8 if number == layers // 2 else width, relu="RELU")
    x = file.layer("FULLY_CONNECTED", x, 640)
    return file.save(path, file.step("DEQUANTIZE", x, to="FLOAT32"))


def gated(path, *, seed=0, edge=16, width=16):
    """HARD_SWISH, squeeze and excitation, concatenation, up-sampling; an input of uint8."""
    file = TfliteFile((edge, edge, 3), (1 / 255, 0), kind="UINT8", seed=seed)
    x = file.step("QUANTIZE", file.input, (1 / 255, -128))
    x = file.layer("CONV_2D", x, width, stride=2)
    x = file.step("HARD_SWISH", x, (file.grids[x][0] * 0.6, -110))
    gate = file.mean(x, keep=True)
    gate = file.layer("CONV_2D", gate, 4, kernel=(1, 1), relu="RELU")
    gate = file.step("LOGISTIC", file.layer("CONV_2D", gate, width, kernel=(1, 1)), (1 / 256, -128))
    x = file.add("MUL", x, gate, (file.grids[x][0] * 0.7, -100))
    y = file.layer("CONV_2D", file.pool("MAX_POOL_2D", x), width, relu="RELU")
    y = file.resize(y, 2)
    y = file.step("QUANTIZE", y, file.grids[x])
    x = file.layer("CONV_2D", file.concat([x, y]), 4)
    return file.save(path, file.step("LOGISTIC", x, (1 / 256, -128)))


NETWORKS = {
    "ResNet-8": resnet8,
    "DS-CNN": ds_cnn,
    "MobileNetV1": mobilenet,
    "autoencoder": autoencoder,
    "gates and concatenation": gated,
}


def mixed(path):
    """A convolution, a sum, a pool, a mean and a linear layer, all small."""
    file = TfliteFile((4, 4, 2))
    x = file.layer("CONV_2D", file.input, 2)
    x = file.add("ADD", x, file.input, (0.1, 3), relu="RELU")
    x = file.mean(file.pool("MAX_POOL_2D", x))
    return file.save(path, file.layer("FULLY_CONNECTED", x, 3))


def random_network(path, seed):
    """Up to five operations drawn at random, then FULLY_CONNECTED and SOFTMAX."""
    rng = np.random.default_rng(seed)
    edge = int(rng.integers(6, 13))
    shape = (edge, edge + int(rng.integers(0, 3)), int(rng.integers(1, 6)))
    grid = float(np.float32(rng.uniform(0.005, 0.1))), int(rng.integers(-128, 128))
    file = TfliteFile(shape, grid, seed=seed)
    x = file.input
    for _ in range(int(rng.integers(2, 6))):
        x = STEPS[rng.integers(len(STEPS))](file, x, rng)
    x = (
        file.mean(x, keep=bool(rng.random() < 0.5))
        if rng.random() < 0.5
        else file.reshape(x, (1, -1))
    )
    per_channel = bool(rng.random() < 0.5)
    x = file.layer(
        "FULLY_CONNECTED", x, 8, per_channel=per_channel, relu=str(rng.choice(ACTIVATIONS))
    )
    return file.save(path, file.softmax(x))


def _kernel(file, x, rng):
    height, width = file.shape(x)[1:3]
    return int(rng.integers(1, min(height, 4) + 1)), int(rng.integers(1, min(width, 4) + 1))


def _grid(file, x, rng, factor=1.0):
    scale = file.grids[x][0] * rng.uniform(0.5, 1.5) * factor
    return float(np.float32(scale)), int(rng.integers(-60, 60))


def _layer(file, x, rng):
    kind = str(rng.choice(["CONV_2D", "DEPTHWISE_CONV_2D"]))
    channels = (
        int(rng.integers(1, 9)) if kind == "CONV_2D" else file.shape(x)[3] * int(rng.integers(1, 3))
    )
    kernel, stride = _kernel(file, x, rng), int(rng.integers(1, 3))
    relu, padding = str(rng.choice(ACTIVATIONS)), str(rng.choice(PADDINGS))
    return file.layer(kind, x, channels, kernel=kernel, stride=stride, padding=padding, relu=relu)


def _padded(file, x, rng):
    pads = [(0, 0), tuple(rng.integers(0, 3, 2)), tuple(rng.integers(0, 3, 2)), (0, 0)]
    kernel, padding = _kernel(file, x, rng), str(rng.choice(PADDINGS))
    return file.layer("CONV_2D", file.pad(x, pads), 4, kernel=kernel, padding=padding)


def _sum(file, x, rng):
    other = file.step("RELU", x, _grid(file, x, rng))
    return file.add("ADD", x, other, _grid(file, x, rng, 2), relu=str(rng.choice(ACTIVATIONS)))


def _gate(file, x, rng):
    return file.add("MUL", x, file.step("LOGISTIC", x, (1 / 256, -128)), _grid(file, x, rng))


def _function(file, x, rng):
    kind = str(rng.choice(["RELU", "LEAKY_RELU", "HARD_SWISH", "TANH", "QUANTIZE"]))
    return file.step(kind, x, (1 / 128, 0) if kind == "TANH" else _grid(file, x, rng))


def _largest(file, x, rng):
    kernel, stride, padding = (
        _kernel(file, x, rng),
        int(rng.integers(1, 3)),
        str(rng.choice(PADDINGS)),
    )
    return file.pool("MAX_POOL_2D", x, kernel=kernel, stride=stride, padding=padding)


def _average(file, x, rng):
    relu, stride = str(rng.choice(ACTIVATIONS)), int(rng.integers(1, 3))
    return file.pool("AVERAGE_POOL_2D", x, kernel=_kernel(file, x, rng), stride=stride, relu=relu)


def _concat(file, x, rng):
    return file.concat([x, file.step("RELU", x, file.grids[x])], axis=int(rng.integers(1, 4)))


def _turned(file, x, rng):
    height, width, channels = file.shape(x)[1:]
    return file.reshape(x, (1, width, height, channels))


STEPS = (_layer, _layer, _padded, _sum, _gate, _function, _largest, _average, _concat, _turned)
