"""One fold on a 2x3 array, worked out by hand from the table of docs/dataflows.md.

A 1x1 convolution of 2 channels over a 2x2 plane, so T = 4 and the fold takes 4 + 2*3 + 2 + 3 = 15 cycles.
Entry k of a list below is what the registers hold after the end of cycle k.
"""

from __future__ import annotations

import numpy as np

from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import TilePlan

PLAN = TilePlan(ConvShape(ic=2, ih=2, iw=2, oc=3, kh=1, kw=1), ArrayShape(2, 3, psum_bits=8))
WEIGHTS = np.array([[[[[1, 2], [3, -4], [-5, 6]]]]], np.int8)  # otile itile kij col row
ACTIVATIONS = np.array([[[1, 5], [2, 6], [3, 7], [4, 8]]], np.uint8)  # itile nij row
PSUMS = [[11, -17, 25], [14, -18, 26], [17, -19, 27], [20, -20, 28]]  # onij col

LOAD, STREAM, DRAIN, IDLE = 1, 2, 3, 0
STATE = [LOAD, LOAD, STREAM, STREAM, STREAM, STREAM, *[DRAIN] * 8, IDLE]
DONE = [0] * 14 + [1]
L0_PUSHED = [0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 7, 7, 7, 7]
L0_POPPED = [  # by row 0, row 1
    *[[0, 0], [0, 0], [1, 0], [2, 1], [3, 2], [4, 3], [5, 4], [6, 5], [7, 6]],
    *[[7, 7]] * 6,
]
W_ROW_0 = [*[[0, 0, 0]] * 2, [-5, 0, 0], [3, -5, 0], *[[1, 3, -5]] * 11]
W_ROW_1 = [*[[0, 0, 0]] * 3, [6, 0, 0], [-4, 6, 0], *[[2, -4, 6]] * 10]
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
OFIFO_PUSHED = [
    *[[0, 0, 0]] * 7,
    *[[1, 0, 0], [2, 1, 0], [3, 2, 1], [4, 3, 2], [4, 4, 3]],
    *[[4, 4, 4]] * 3,
]
OFIFO_POPPED = [*[0] * 10, 1, 2, 3, 4, 4]
SFU_VALID = [*[0] * 10, 1, 1, 1, 1, 0]
PMEM_WRITTEN = [*[0] * 11, 1, 2, 3, 4]  # psums
