"""A layer whose files are written by hand: 2 rows, 3 cols, a 2x2 map, 3x3 taps, padding 1."""

from __future__ import annotations

import numpy as np

from tilewright.spec import ArrayShape, ConvShape, IntegerLayer, NumberFormat
from tilewright.tile import TilePlan
from tilewright.vectors import FieldWidths

SHAPE = ConvShape(ic=2, ih=2, iw=2, oc=3, kh=3, kw=3, padding=(1, 1))
PLAN = TilePlan(SHAPE, ArrayShape(rows=2, cols=3, psum_bits=16))
WIDTHS = FieldWidths(act=4, weight=4, psum=16)

CODES = np.array([[[1, 2], [3, 4]], [[5, 0], [0, 15]]], np.uint8)  # ic ih iw
WEIGHT = np.zeros((3, 2, 3, 3), np.int8)  # oc ic kh kw
WEIGHT[:, :, 1, 1] = [[1, -1], [2, 0], [-3, 7]]
WEIGHT[:, :, 1, 2] = [[0, 1], [-2, 0], [0, 0]]

PSUMS = np.array(
    [[[-4, 2], [18, -11]], [[-2, 4], [-2, 8]], [[32, -6], [-9, 93]]], np.int64
)  # oc oh ow
TAP_PSUMS = np.zeros((9, 3, 2, 2), np.int64)  # kij oc oh ow
TAP_PSUMS[4] = [[[-4, 2], [3, -11]], [[2, 4], [6, 8]], [[32, -6], [-9, 93]]]
TAP_PSUMS[5] = [[[0, 0], [15, 0]], [[-4, 0], [-8, 0]], [[0, 0], [0, 0]]]


def layer() -> IntegerLayer:
    """The layer, with scales that are exact in binary."""
    return IntegerLayer(
        name="choke",
        shape=SHAPE,
        weight=WEIGHT,
        weight_format=NumberFormat(4, is_signed=True, is_narrow=True),
        act_format=NumberFormat(4, is_signed=False),
        weight_scale=np.array([0.125]),
        act_scale=0.5,
    )


def text(*lines: str) -> bytes:
    """Lines to the content of a file."""
    return "".join(f"{line}\n" for line in lines).encode()


ZERO = "0" * 8
WEIGHT_WORDS = {4: ("11110001", "00000010", "01111101"), 5: ("00010000", "00001110", ZERO)}
PSUM_WORDS = (
    "000000000010000011111111111111101111111111111100",  # 32, -2, -4
    "111111111111101000000000000001000000000000000010",  # -6, 4, 2
    "111111111111011111111111111111100000000000010010",  # -9, -2, 18
    "000000000101110100000000000010001111111111110101",  # 93, 8, -11
)
OUTPUT_WORDS = (
    "000000000010000000000000000000000000000000000000",
    "000000000000000000000000000001000000000000000010",
    "000000000000000000000000000000000000000000010010",
    "000000000101110100000000000010000000000000000000",
)
_DOTS = "#................#"
_PSUM_HEAD = ("#time0col2..col0#", "#time1col2..col0#", _DOTS)

WS_FILES = {
    "activation_tile0.txt": text(
        *("#time0row1..row0#", "#time1row1..row0#", _DOTS),
        *(ZERO, ZERO, ZERO, ZERO),
        *(ZERO, "01010001", "00000010", ZERO),
        *(ZERO, "00000011", "11110100", ZERO),
        *(ZERO, ZERO, ZERO, ZERO),
    ),
    "psum.txt": text(*_PSUM_HEAD, *PSUM_WORDS),
    "out.txt": text(*_PSUM_HEAD, *OUTPUT_WORDS),
} | {
    f"weight_itile0_otile0_kij{kij}.txt": text(
        *("#col0row1..row0#", "#col1row1..row0#", _DOTS), *WEIGHT_WORDS.get(kij, (ZERO,) * 3)
    )
    for kij in range(9)
}

_WIDE_ZERO = "0" * 48
_TAP_WORDS = {
    4: (
        "000000000010000000000000000000101111111111111100",  # 32, 2, -4
        "111111111111101000000000000001000000000000000010",  # -6, 4, 2
        "111111111111011100000000000001100000000000000011",  # -9, 6, 3
        "000000000101110100000000000010001111111111110101",  # 93, 8, -11
    ),
    5: (
        "000000000000000011111111111111000000000000000000",  # 0, -4, 0
        _WIDE_ZERO,
        "000000000000000011111111111110000000000000001111",  # 0, -8, 15
        _WIDE_ZERO,
    ),
}
_UNPADDED_HEAD = (
    "#time0row2[msb-lsb],time0row1[msb-lsb],...,time0row0[msb-lsb]#",
    "#time1row2[msb-lsb],time1row1[msb-lst],....,time1row0[msb-lst]#",
    "#............................#",
)

UNPADDED_FILES = (
    {
        "activation.txt": text(
            "//#time0row1[msb-lsb],time0row0[msb-lsb],....,time0row0[msb-lsb]#",
            "//#time1row1[msb-lsb],time1row0[msb-lsb],....,time1row0[msb-lsb]#",
            "//#................#",
            *("01010001", "00000010", "00000011", "11110100"),
        ),
        "psum.txt": text(*_UNPADDED_HEAD, *PSUM_WORDS),
        "psum_relu.txt": text(*_UNPADDED_HEAD, *OUTPUT_WORDS),
    }
    | {
        f"weight_itile0_otile0_kij{kij}_fixed.txt": text(*WEIGHT_WORDS.get(kij, (ZERO,) * 3))
        for kij in range(9)
    }
    | {f"psum_{kij}.txt": text(*_TAP_WORDS.get(kij, (_WIDE_ZERO,) * 4)) for kij in range(9)}
)
