"""Corner cases of one layer: its codes and weights at their extremes, and made-up layers beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.corners.vector_set import VectorSet
from tilewright.errors import FormatError
from tilewright.spec import (
    ArrayShape,
    Codes,
    ConvShape,
    IntegerLayer,
    NumberFormat,
    Plane,
    Schedule,
    signed_bits_needed,
)
from tilewright.tile import WIDEST_PAIR, TilePlan
from tilewright.vectors import Bundle, dataflow_of, decode_bundle, read_bundle, write_bundle
from tilewright.vectors.bundle_reader import decode_constants
from tilewright.vectors.constants import example_constants
from tilewright.verify import (
    extreme_planes,
    extreme_weights,
    reference_outputs,
    reference_tap_psums,
)

MOST_PLANES = 8
"""Planes of one corner case that are run; more of them repeat the same for other channels."""


@dataclass(frozen=True, slots=True)
class _Corner:
    name: str
    how: str
    layer: IntegerLayer
    planes: tuple[Codes, ...]
    array: ArrayShape | None = None


def layer_sets(bundle: Bundle, folder: Path, *, seed: int) -> tuple[list[VectorSet], list[str]]:
    """Corner cases of the layer in `bundle`, and small layers with broken tiles, written to `folder`.

    Expected values are the naive reference's. Also returns why a set was left out: its psums do not
    fit the array's psum register.
    """
    sets, notes = [], []
    for corner in _corners(bundle, seed):
        try:
            folders = _write(corner, bundle, folder / corner.name)
        except FormatError as error:
            notes.append(f"{corner.name} vectors are left out: {error}")
        else:
            sets.append(VectorSet(corner.name, corner.how, folders))
    return sets, notes


def _corners(bundle: Bundle, seed: int) -> Iterator[_Corner]:
    layer, rng = _layer(bundle), np.random.default_rng(seed)
    sizes = (layer.shape.ic, layer.shape.ih, layer.shape.iw)
    form = layer.act_format
    ends = (form.max_code, form.min_code) if form.is_signed else (form.max_code,)
    full = tuple(np.full(sizes, end, form.dtype) for end in ends)
    noise = _random_codes(layer, sizes, rng)
    bound = tuple(plane.codes for plane in extreme_planes(layer))[:MOST_PLANES]
    heaviest = extreme_weights(layer)
    yield _Corner("random", "export RUN --stimulus random", layer, (noise,))
    yield _Corner("max", "export RUN --stimulus max", layer, full)
    yield _Corner("bound", "export RUN --stimulus bound", layer, bound)
    yield _Corner(
        "extreme",
        "export RUN --stimulus max --set vectors.weights=extreme",
        heaviest,
        (*full, noise),
    )
    narrow = replace(bundle.array, psum_bits=_bits_needed(heaviest, (*full, noise)))
    yield _Corner("narrow", NARROW, heaviest, (*full, noise), narrow)
    yield _Corner("geometry", GEOMETRY, *_random_layer(layer, bundle.array, rng))
    dataflow = dataflow_of(bundle.layout)
    widest = 8 if dataflow is None else WIDEST_PAIR // dataflow.channels_per_pe
    for array, act_bits, weight_bits in ARRAYS:
        other = replace(
            layer,
            weight=np.zeros_like(layer.weight),
            act_format=NumberFormat(min(act_bits, widest), is_signed=layer.act_format.is_signed),
            weight_format=NumberFormat(weight_bits, is_signed=True),
        )
        name = f"{array.rows}x{array.cols}"
        yield _Corner(name, OTHER, *_random_layer(other, array, rng), array)


NARROW = "extreme vectors on psums of just the bits that they need (--set array.psum_bits=...)"
GEOMETRY = (
    "a layer with several input and output tiles, stride 2, unequal kernel and padding, random codes "
    "and weights (examples/layer_to_testbench_files.py writes layers of your own)"
)
OTHER = (
    "the same on another array, with other widths of codes (--set array.rows=... array.cols=...)"
)
ARRAYS = ((ArrayShape(3, 5, 20), 8, 3), (ArrayShape(1, 2, 17), 2, 6))
"""Arrays, and bits of activations (two in a PE: at most `WIDEST_PAIR` together) and weights: odd sizes, a
single row, one code wider than the other."""


def _bits_needed(layer: IntegerLayer, planes: tuple[Codes, ...]) -> int:
    """Bits that hold the psums of these planes, and those of each tap."""
    codes = np.stack(planes).astype(np.int64)
    taps = reference_tap_psums(codes, layer.weight, layer.shape)  # kij n oc oh ow
    psums = taps.sum(axis=0)
    low, high = min(taps.min(), psums.min()), max(taps.max(), psums.max())
    return max(4, signed_bits_needed(int(low), int(high)))


def _random_layer(
    layer: IntegerLayer, array: ArrayShape, rng: np.random.Generator
) -> tuple[IntegerLayer, tuple[Codes, ...]]:
    """A layer with one channel more than two row tiles and one column tile hold: lanes stay empty."""
    shape = ConvShape(
        ic=2 * array.rows + 1,
        ih=4,
        iw=5,
        oc=array.cols + 1,
        kh=2,
        kw=3,
        stride=(2, 1),
        padding=(1, 2),
    )
    form = layer.weight_format
    sizes = (shape.oc, shape.ic, 2, 3)
    weight = rng.integers(form.min_code, form.max_code, sizes, np.int8, endpoint=True)
    weight[~form.allowed(weight)] = form.max_code  # a format may leave codes out
    codes = _random_codes(layer, (shape.ic, shape.ih, shape.iw), rng)
    odd = replace(layer, shape=shape, weight=weight, weight_scale=layer.weight_scale[:1])
    return odd, (codes,)


def _random_codes(layer: IntegerLayer, sizes: Plane, rng: np.random.Generator) -> Codes:
    form = layer.act_format
    return rng.integers(form.min_code, form.max_code, sizes, form.dtype, endpoint=True)


def _layer(bundle: Bundle) -> IntegerLayer:
    return IntegerLayer(
        name=bundle.layer_name,
        shape=bundle.shape,
        weight=decode_bundle(bundle).weight,
        weight_format=bundle.weight_format,
        act_format=bundle.act_format,
        weight_scale=np.array(bundle.scales.weight),
        act_scale=bundle.scales.act,
    )


def _write(corner: _Corner, bundle: Bundle, folder: Path) -> tuple[Path, ...]:
    layer = corner.layer
    plan = TilePlan(layer.shape, corner.array or bundle.array)
    constants = decode_constants(bundle)
    if layer.shape.oc != bundle.shape.oc:
        constants = example_constants(bundle.layout, layer.shape.oc)
    folders = []
    for number, codes in enumerate(corner.planes):
        taps: npt.NDArray[Any] = reference_tap_psums(codes[None], layer.weight, layer.shape)[:, 0]
        written = write_bundle(
            folder / str(number),
            layer=layer,
            plan=plan,
            layout=bundle.layout,
            codes=codes,
            psums=taps.sum(axis=0),
            tap_psums=taps,
            outputs=reference_outputs(taps.sum(axis=0), bundle.layout.output, constants=constants),
            constants=constants,
            sample=number,
        )
        folders.append(written.folder)
    return tuple(folders)


def smallest_first(folders: Sequence[Path]) -> list[Bundle]:
    """The bundles, those with the fewest words to stream first."""
    bundles = [read_bundle(folder) for folder in folders]
    return sorted(bundles, key=lambda bundle: words_to_stream(bundle.plan))


def words_to_stream(plan: TilePlan) -> int:
    """Words of activations that an array reads for a layer, fold after fold: how long it takes to run."""
    folds = plan.otiles * plan.folds_per_otile
    return folds * plan.dataflow.words_streamed(plan, Schedule())
