"""A bundle of random numbers in a layout: under any other one its convolution is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tilewright.bundles import Geometry, reference_streamed_psums
from tilewright.spec import IntegerLayer
from tilewright.tile import TilePlan
from tilewright.vectors import Layout, write_bundle
from tilewright.vectors.constants import example_constants
from tilewright.verify import reference_outputs, reference_tap_psums

SEED = 284


def write_probe(layout: Layout, geometry: Geometry, folder: Path, *, seed: int = SEED) -> None:
    """Random codes and weights over their whole range, or as much of it as the psums' fields hold.

    Raises what `write_bundle` raises.
    """
    rng = np.random.default_rng(seed)
    shape, plan = geometry.shape, TilePlan(geometry.shape, geometry.array)
    most_act = min(geometry.act_format.max_code, 255)
    most_weight = geometry.weight_format.max_code
    while True:
        least_act = -most_act if geometry.act_format.is_signed else 0
        codes = rng.integers(least_act, most_act, (shape.ic, shape.ih, shape.iw), endpoint=True)
        weight = rng.integers(-most_weight, most_weight, shape.weight_sizes, endpoint=True)
        taps = reference_tap_psums(codes[None], weight, shape)[:, 0]  # kij oc oh ow
        psums = taps.sum(axis=0)
        limit = 1 << _fewest_bits(layout, geometry) - 1
        if max(abs(int(taps.max())), abs(int(taps.min())), int(np.abs(psums).max())) < limit:
            break
        most_act, most_weight = max(most_act // 2, 1), max(most_weight // 2, 1)
        if (most_act, most_weight) == (1, 1):
            codes[rng.random(codes.shape) < 0.5] = 0
            break
    layer = IntegerLayer(
        name="probe",
        shape=shape,
        weight=weight.astype(np.int8),
        weight_format=geometry.weight_format,
        act_format=geometry.act_format,
        weight_scale=np.ones(1),
        act_scale=1.0,
    )
    constants = example_constants(layout, shape.oc)
    streamed = any(form.is_streamed for form in layout.kinds)
    write_bundle(
        folder,
        layer=layer,
        plan=plan,
        layout=layout,
        codes=codes.astype(geometry.act_format.dtype),
        psums=psums,
        tap_psums=taps,
        outputs=reference_outputs(psums, layout.output, constants=constants),
        constants=constants,
        streamed_psums=reference_streamed_psums(codes, weight, shape) if streamed else None,
        sample=0,
    )


def _fewest_bits(layout: Layout, geometry: Geometry) -> int:
    """Bits of the narrowest field that a psum must fit."""
    fields = [f.bits for f in layout.kinds if f.tensor in ("psum", "tap_psum", "output")]
    widths = [bits if isinstance(bits, int) else geometry.array.psum_bits for bits in fields]
    return min([*widths, geometry.array.psum_bits])
