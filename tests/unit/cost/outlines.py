"""Small layers for the tests of what they cost."""

from __future__ import annotations

import numpy as np

from tilewright.cost import LayerOutline
from tilewright.spec import ArrayShape, ConvShape, NumberFormat
from tilewright.tile import TilePlan

SHAPE = ConvShape(5, 4, 6, 7, 3, 2, padding=(1, 0))  # 36 words, 4x5 ofmap pixels
ARRAY = ArrayShape(3, 2, psum_bits=12)  # 2 input tiles, 4 output tiles
PLAN = TilePlan(SHAPE, ARRAY)


def outline(shape=SHAPE, *, act_bits=4, weight_bits=4, is_narrow=True, **known):
    """A layer with these sizes and formats."""
    return LayerOutline(
        "conv",
        shape,
        NumberFormat(act_bits, is_signed=False),
        NumberFormat(weight_bits, is_signed=True, is_narrow=is_narrow),
        **known,
    )


def random_weight(shape, seed=0, widest=7):
    """int8 ``oc ic kh kw``."""
    sizes = (shape.oc, shape.ic, shape.kh, shape.kw)
    return np.random.default_rng(seed).integers(-widest, widest + 1, sizes, np.int8)
