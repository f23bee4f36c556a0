"""Write the golden bundle anew, on purpose: ``python -m tests.golden.regenerate``.

Do so only for a decided change of the format, and say so in the changelog: bundles that users keep are
then read differently. Two input tiles, two output tiles, two taps, stride 2 down, padding across.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tilewright.spec import ArrayShape, ConvShape, IntegerLayer, NumberFormat, OutputFunction
from tilewright.tile import TilePlan
from tilewright.vectors import Bundle, load_layout, write_bundle
from tilewright.verify import reference_outputs

FOLDER = Path(__file__).parent / "bundle"
VERSION_1 = Path(__file__).parent / "manifest.v1.json"
"""What stood there before version 2: read for ever, never written."""
SHAPE = ConvShape(ic=3, ih=3, iw=2, oc=4, kh=1, kw=2, stride=(2, 1), padding=(0, 1))
PLAN = TilePlan(SHAPE, ArrayShape(rows=2, cols=3, psum_bits=12))
_COUNT = np.arange(24)
WEIGHT = ((_COUNT**3 + 5 * _COUNT) % 15 - 7).astype(np.int8).reshape(4, 3, 1, 2)  # oc ic kh kw
CODES = (np.arange(18).reshape(3, 3, 2) * 7 % 16).astype(np.uint8)  # ic ih iw


def psums() -> np.ndarray:
    """Sums ``oc oh ow`` in plain integers."""
    sums = np.zeros((SHAPE.oc, SHAPE.oh, SHAPE.ow), np.int64)
    for oc, oh, ow in np.ndindex(sums.shape):
        for ic, kw in np.ndindex(SHAPE.ic, SHAPE.kw):
            if 0 <= ow + kw - 1 < SHAPE.iw:
                code = int(CODES[ic, oh * 2, ow + kw - 1])
                sums[oc, oh, ow] += int(WEIGHT[oc, ic, 0, kw]) * code
    return sums


def write_golden(folder: Path) -> Bundle:
    """Write the golden bundle to `folder`."""
    layer = IntegerLayer(
        name="golden",
        shape=SHAPE,
        weight=WEIGHT,
        weight_format=NumberFormat(4, is_signed=True, is_narrow=True),
        act_format=NumberFormat(4, is_signed=False),
        weight_scale=np.array([0.5, 0.25, 0.125, 0.0625]),
        act_scale=0.1,
    )
    return write_bundle(
        folder,
        layer=layer,
        plan=PLAN,
        layout=load_layout("ece284-ws"),
        codes=CODES,
        psums=psums(),
        outputs=reference_outputs(psums(), OutputFunction()),
        sample=5,
    )


if __name__ == "__main__":
    write_golden(FOLDER)
