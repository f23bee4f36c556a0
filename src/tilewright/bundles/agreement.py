"""A bundle's tensors, after a check that its outputs follow from its psums."""

from __future__ import annotations

from tilewright.errors import FormatError
from tilewright.spec import AnyOutput, Ints
from tilewright.tile import tile_psums, untile_psums
from tilewright.vectors import Bundle, BundleTensors, KindLayout, decode_bundle
from tilewright.vectors.bundle_reader import (
    decode_constants,
    decode_operands,
    decode_tiles,
    seen_pixels,
)
from tilewright.verify import compare, reference_outputs, reference_tap_psums


def agreed_tensors(bundle: Bundle) -> BundleTensors:
    """The tensors that the files hold, as `decode_bundle`; outputs and numbers stated twice must agree.

    Where no file states the psums, they are those that the reference computes from the operands. Raises
    what `decode_bundle` raises, and `FormatError` naming the first output that is not the reference's
    function of its psum; outputs of pixels that the file leaves out are not compared.
    """
    if bundle.layout.has_psums or seen_pixels(bundle.layout):
        tensors = decode_bundle(bundle)
    else:
        weight, codes = decode_operands(bundle)
        taps = reference_tap_psums(codes[None], weight, bundle.shape)[:, 0]
        tensors = BundleTensors(weight, codes, taps.sum(axis=0))
    biased = [form for form in bundle.layout.stating("psum") if form.biased]
    for form in (*biased, *bundle.layout.stating("output")) if bundle.hashes_checked else ():
        _check_outputs(bundle, form, tensors.psums)
    return tensors


def _check_outputs(bundle: Bundle, form: KindLayout, psums: Ints) -> None:
    constants = decode_constants(bundle)
    expected = reference_outputs(psums, form.output, constants=constants)  # oc oh ow
    stated, tiles = decode_tiles(bundle, form.kind), tile_psums(expected, bundle.plan)
    tiles[:, : stated.shape[1]] = stated
    outputs = untile_psums(tiles, bundle.plan)
    found = compare(expected[None], outputs[None], what="outputs", layer=bundle.layer_name)
    for first in found.first[:1]:
        raise FormatError(
            f"an output must be {_formula(form.output)} = {first.expected}, but is "
            f"{first.actual} at (oc={first.oc}, oh={first.oh}, ow={first.ow}); "
            f"{found.mismatches} differ: not written together?"
        )


def _formula(output: AnyOutput) -> str:
    return {
        "relu": "max(0, psum)",
        "signed": "the psum",
        "requantized": "the psum, requantized,",
        "thresholds": "the number of thresholds that the psum reaches,",
    }.get(output.function, f"psum, or psum >> {output.shift} where negative,")
