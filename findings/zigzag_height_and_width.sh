#!/usr/bin/env bash
# ZigZag exchanges height and width of an ONNX kernel and of its strides: a convolution along rows, 1x5 with stride 1x2, reads 30 inputs of a row in place of 63.
#
# zigzag-dse 3.9.1, its reader of ONNX files. ONNX states kernel_shape, strides, dilations and pads with the height first; ZigZag takes the first for its loop FX and for the stride of OX, whose size it takes from the width. Square kernels with equal strides and pads come out rightly, as in all networks that the package
# brings, so the numbers of 1-D convolutions (height 1, kernels 1xN) and of kernels such as 10x4 are wrong without a message: data that the layer reads, so accesses and energy, and which loop can be unrolled. The number of products stays right. The transposed layer, 5x1 with stride 2x1, goes wrong likewise.
# Describe such layers in ZigZag's own YAML workload, where each loop is named, or check `operand_size_elem["I"]` against the pixels that the kernel touches.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet zigzag-dse==3.9.1 onnx==1.23.2 numpy==2.4.6 six==1.17.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import os

import numpy as np
import onnx
import zigzag
from onnx import TensorProto, helper, numpy_helper
from zigzag.parser.onnx.onnx_model_parser import ONNXModelParser

mapping = os.path.join(os.path.dirname(zigzag.__file__), "inputs/mapping/tpu_like.yaml")


def layer(height, width, kernel, strides):
    """ZigZag's loops and input elements of one convolution without pads, and the input elements that its kernel touches."""
    rows, columns = (height - kernel[0]) // strides[0] + 1, (width - kernel[1]) // strides[1] + 1
    start = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8, height, width])
    end = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8, rows, columns])
    weights = numpy_helper.from_array(np.zeros((8, 8, *kernel), np.float32), "w")
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="conv", kernel_shape=kernel, strides=strides)
    made = helper.make_model(helper.make_graph([node], "one", [start], [end], [weights]), opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(made, full_check=True)
    (found,) = ONNXModelParser(made, mapping).run().topological_sort()
    loops = {str(dim): size for dim, size in found.layer_dim_sizes.data.items()}
    read = {str(operand): int(size) for operand, size in found.operand_size_elem.items()}["I"]
    touched = np.zeros((height, width), bool)
    for row in range(rows):
        for column in range(columns):
            top, left = row * strides[0], column * strides[1]
            touched[top : top + kernel[0], left : left + kernel[1]] = True
    return loops, read, 8 * int(touched.sum())


cases = {"1x5 on a row": (1, 64, [1, 5], [1, 2]), "1x5 on a plane": (16, 64, [1, 5], [1, 2]), "5x1 on a plane": (64, 16, [5, 1], [2, 1]), "5x5, square": (64, 64, [5, 5], [2, 2])}
seen = {name: layer(*case) for name, case in cases.items()}
for name, (loops, read, right) in seen.items():
    print(f"{name}: OX {loops['OX']} FX {loops['FX']}, OY {loops['OY']} FY {loops['FY']}; inputs {read}, of {right} that the kernel touches")
loops, read, right = seen["1x5 on a row"]
assert (loops["OX"], loops["FX"], loops["OY"], loops["FY"]) == (30, 1, 1, 5), "the behaviour has changed"
assert (read, right) == (8 * 30, 8 * 63), "the behaviour has changed"
for name in ("1x5 on a plane", "5x1 on a plane"):
    assert seen[name][1:] == (3840, 8064), "the behaviour has changed"
assert seen["5x5, square"][1] == seen["5x5, square"][2], "a square kernel is right"
PY
