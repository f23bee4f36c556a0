"""Folds on small arrays, worked out by hand from the tables of docs/dataflows.md.

Entry k of a list below is what the registers hold after the end of cycle k.

Weight stationary: a 1x1 convolution of 2 channels over a 2x2 plane on a 2x3 array, so T = 4 and the fold
takes 4 + 2*3 + 2 + 3 = 15 cycles.
"""

from __future__ import annotations

import numpy as np

from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import OUTPUT_STATIONARY, TWO_CHANNELS, TilePlan

PLAN = TilePlan(ConvShape(ic=2, ih=2, iw=2, oc=3, kh=1, kw=1), ArrayShape(2, 3, psum_bits=8))
WEIGHTS = np.array([[[[[1, 2], [3, -4], [-5, 6]]]]], np.int8)  # otile itile kij col row
ACTIVATIONS = np.array([[[1, 5], [2, 6], [3, 7], [4, 8]]], np.uint8)  # itile nij row
PSUMS = [[11, -17, 25], [14, -18, 26], [17, -19, 27], [20, -20, 28]]  # onij col

IS_BUSY = [*[True] * 14, False]
L0_POPPED = [  # activations by row 0, row 1
    *[[0, 0]] * 5,
    *[[1, 0], [2, 1], [3, 2], [4, 3], [4, 4]],
    *[[4, 4]] * 5,
]
SHADOW_ROW_0 = [*[[0, 0, 0]] * 2, [-5, 0, 0], [3, -5, 0], *[[1, 3, -5]] * 11]
SHADOW_ROW_1 = [*[[0, 0, 0]] * 3, [6, 0, 0], [-4, 6, 0], *[[2, -4, 6]] * 10]
W_ROW_0 = [*[[0, 0, 0]] * 5, [1, 0, 0], [1, 3, 0], *[[1, 3, -5]] * 8]  # with activation 0
W_ROW_1 = [*[[0, 0, 0]] * 6, [2, 0, 0], [2, -4, 0], *[[2, -4, 6]] * 7]
A_ROW_0 = [
    *[[0, 0, 0]] * 5,
    *[[1, 0, 0], [2, 1, 0], [3, 2, 1], [4, 3, 2], [4, 4, 3]],
    *[[4, 4, 4]] * 5,
]
A_ROW_1 = [
    *[[0, 0, 0]] * 6,
    *[[5, 0, 0], [6, 5, 0], [7, 6, 5], [8, 7, 6], [8, 8, 7]],
    *[[8, 8, 8]] * 4,
]
VALID_ROW_0 = [
    *[[0, 0, 0]] * 5,
    *[[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1], [0, 1, 1], [0, 0, 1]],
    *[[0, 0, 0]] * 4,
]
VALID_ROW_1 = [
    *[[0, 0, 0]] * 6,
    *[[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1], [0, 1, 1], [0, 0, 1]],
    *[[0, 0, 0]] * 3,
]
PSUM_ROW_0 = [
    *[[0, 0, 0]] * 5,
    *[[1, 0, 0], [2, 3, 0], [3, 6, -5], [4, 9, -10], [4, 12, -15]],
    *[[4, 12, -20]] * 5,
]
PSUM_ROW_1 = [
    *[[0, 0, 0]] * 6,
    *[[11, 0, 0], [14, -17, 0], [17, -18, 25], [20, -19, 26], [20, -20, 27]],
    *[[20, -20, 28]] * 4,
]
OFIFO_HELD = [
    *[[0, 0, 0]] * 7,
    *[[1, 0, 0], [2, 1, 0], [3, 2, 1], [3, 2, 1], [2, 2, 1], [1, 1, 1], [0, 0, 0], [0, 0, 0]],
]
OFIFO_POPPED = [*[0] * 10, 1, 2, 3, 4, 4]
SFU_VALID = [*[0] * 10, 1, 1, 1, 1, 0]
PMEM_WRITTEN = [*[0] * 11, 1, 2, 3, 4]  # psums

# Half width: the same array with four channels, two in each PE. L = 6, so 3 cycles more.
# Row 0 has channels 0 and 1, row 1 channels 2 and 3; word 0 of column 0 is the low half's.
HALF_PLAN = TilePlan(
    ConvShape(ic=4, ih=1, iw=2, oc=2, kh=1, kw=1),
    ArrayShape(2, 2, psum_bits=8),
    dataflow=TWO_CHANNELS,
)
HALF_WEIGHTS = np.array([[[[[1, 2, 3, 4], [-1, -2, -3, -4]]]]], np.int8)  # col lane
HALF_ACTIVATIONS = np.array([[[3, 2, 1, 0], [1, 1, 1, 3]]], np.uint8)  # nij lane
HALF_PSUMS = [[10, -10], [18, -18]]  # 3+4+3+0 and 1+2+3+12
HALF_SHADOW_ROW_0 = [  # col half; words are shifted in from cycle 2 on: -2, -1, 2, 1
    *[[[0, 0], [0, 0]]] * 2,
    [[-2, 0], [0, 0]],
    [[-1, -2], [0, 0]],
    [[2, -1], [-2, 0]],
    [[1, 2], [-1, -2]],
]

# Output stationary: 2 steps, 3 ofmap pixels on 2 rows: 2 passes of 2 + 4 + 2 + 2 = 10 cycles.
OS_PLAN = TilePlan(
    ConvShape(ic=2, ih=1, iw=3, oc=2, kh=1, kw=1), ArrayShape(2, 2, psum_bits=8), OUTPUT_STATIONARY
)
OS_WEIGHTS = np.array([[[1, -2], [3, 4]]], np.int8)  # otile step col
OS_ACTIVATIONS = np.array([[[5, 6], [1, 2]], [[7, 0], [3, 0]]], np.uint8)  # opass step row
OS_PSUMS = [[8, -6], [12, -4], [16, -2]]  # onij col: 5+3, -10+4; 6+6, -12+8; 7+9, -14+12
OS_PSUM_ROW_0 = [  # step 0 reaches PE(0,0) in cycle 2; the flush begins in cycle 6
    *[[0, 0]] * 2,
    *[[5, 0], [8, -10], [8, -6], [8, -6]],
    *[[0, 0]] * 4,
]
OS_PSUM_ROW_1 = [
    *[[0, 0]] * 3,
    *[[6, 0], [12, -12], [12, -4]],
    *[[8, -6], [0, 0], [0, 0], [0, 0]],
]
OS_OFIFO_POPPED = [*[0] * 7, 1, 2, 2]
OS_WRITTEN = [*[[0, 0, 0]] * 8, [0, 1, 0], [1, 1, 0]]  # onij 1, which is row 1, first
