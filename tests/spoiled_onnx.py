"""A small ONNX file with something in it that is wild."""

from __future__ import annotations

import random

import numpy as np

from tests.qonnx_files import File


def spoil_onnx(rng: random.Random) -> File:
    """The small file with a constant, attribute, input or size that is wild."""
    file = File()
    numbers = [0, 1, -1, 2, 7, 10**9, -(2**63), 2**63 - 1]
    reals = [float("nan"), float("inf"), -1.0, 0.0, 3e38, 1e-38, 255.5]
    node = rng.choice(file.nodes)
    match rng.randrange(6):
        case 0:
            file.constants[rng.choice(list(file.constants))] = rng.choice(reals)
        case 1:
            name = rng.choice([one for one in file.constants if np.ndim(file.constants[one])])
            file.constants[name].reshape(-1)[0] = rng.choice(reals)
        case 2:
            keys = [
                "strides",
                "pads",
                "kernel_shape",
                "group",
                "axis",
                "signed",
                "narrow",
                "dilations",
            ]
            value = rng.choice(
                [[rng.choice(numbers) for _ in range(rng.randrange(1, 5))], rng.choice(numbers)]
            )
            file.set(node.output[0], **{rng.choice(keys): value})
        case 3:
            if node.input:
                node.input[rng.randrange(len(node.input))] = rng.choice(
                    [*file.constants, "", "x", "gone"]
                )
        case 4:
            file.input = [
                rng.choice([1, 3, 0, 10**9, 65535]) for _ in range(rng.choice([2, 3, 4, 4, 4]))
            ]
        case _:
            node.name = rng.choice(["", "..", "a/b", "\x00", "x" * 300, "conv", "é", "a:1"])
    return file
