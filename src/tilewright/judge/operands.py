"""The codes and weights of a bundle, from their files alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tilewright.errors import ArtifactError
from tilewright.spec import Ints
from tilewright.store.artifact import read_bytes, sha256
from tilewright.tile import untile_activations, untile_weights
from tilewright.vectors import Bundle, decode
from tilewright.vectors.bundle_reader import decode_constants
from tilewright.vectors.shared import cuts_of
from tilewright.verify import reference_outputs, reference_tap_psums


@dataclass(frozen=True, slots=True, eq=False)
class Operands:
    """Weights int64 ``oc ic kh kw`` and codes int64 ``ic ih iw`` of one layer and sample."""

    weight: Ints
    codes: Ints


def read_operands(bundle: Bundle) -> Operands:
    """Weights and codes that the files of `bundle` hold; no other file is looked at.

    Raises `ArtifactError` for a file that was altered since the bundle was written, and what `decode` raises.
    """
    weight = untile_weights(_tiles(bundle, "weight"), bundle.plan)
    codes = untile_activations(_tiles(bundle, "activation"), bundle.plan)
    bundle.weight_format.check(weight, what="weight code", axes="oc ic kh kw")
    bundle.act_format.check(codes, what="activation code", axes="ic ih iw")
    return Operands(weight.astype(np.int64), codes.astype(np.int64))


def expected_numbers(bundle: Bundle, kind: str, operands: Operands) -> Ints:
    """What the naive reference computes of the operands, with the axes of `kind` (`DUMP_AXES`)."""
    if kind == "tile_psum":
        lanes, parts = bundle.plan.lanes, []
        for first in range(0, bundle.shape.ic, lanes):
            codes = operands.codes.copy()
            codes[:first], codes[first + lanes :] = 0, 0
            parts.append(reference_tap_psums(codes[None], operands.weight, bundle.shape)[:, 0])
        return np.stack(parts)
    taps = reference_tap_psums(operands.codes[None], operands.weight, bundle.shape)[:, 0]
    if kind == "tap_psum":
        return taps
    psums: Ints = taps.sum(axis=0)
    if kind != "output":
        return psums
    return reference_outputs(psums, bundle.layout.output, constants=decode_constants(bundle))


def _tiles(bundle: Bundle, kind: str) -> Ints:
    contents = {}
    cuts = cuts_of(bundle.layout, bundle.plan, bundle.widths)
    for file in bundle.files:
        if file.kind == kind:
            content, cut = read_bytes(bundle.folder / file.name), cuts.get((kind, file.name))
            contents[file.name] = content = content if cut is None else cut.of(content)
            if sha256(content) != file.sha256:
                raise ArtifactError(
                    f"{bundle.folder / file.name} must be as it was written, but was altered: what is "
                    f"expected of a core is computed from it; export the bundle again"
                )
    return decode(bundle.layout, kind, contents, plan=bundle.plan, widths=bundle.widths)
