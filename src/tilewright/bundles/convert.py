"""Write a bundle in another layout: without loss, or refused with the reason."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilewright.bundles.agreement import agreed_tensors
from tilewright.bundles.streamed import reference_streamed_psums
from tilewright.errors import FormatError, counted
from tilewright.spec import IntegerLayer
from tilewright.tile.windows import window_pixels
from tilewright.vectors import (
    Bundle,
    BundleTensors,
    Layout,
    read_bundle,
    write_bundle,
)
from tilewright.vectors.bundle_reader import decode_constants
from tilewright.vectors.kinds import CONSTANTS
from tilewright.verify import reference_outputs, reference_tap_psums


@dataclass(frozen=True, slots=True)
class Conversion:
    """A bundle written in another layout; `notes` say what did not stand in the source's files."""

    source: Bundle
    target: Bundle
    notes: tuple[str, ...]


def convert_bundle(source: Bundle, folder: Path, *, layout: Layout) -> Conversion:
    """Write what the files of `source` say to `folder`, in `layout`.

    Where only one of the layouts has the psums of every tap, they are computed by the naive
    reference, and must add up to (or be) what the source states. Raises `FormatError` if they do
    not, if a value does not fit the other layout's fields, or if the files written would not give
    back every number; then nothing was written.
    """
    tensors = agreed_tensors(source)
    taps, notes = _taps(source, tensors, layout)
    constants = decode_constants(source)
    notes += _left_out(source, layout)
    streamed = None
    if any(form.is_streamed for form in layout.kinds):
        streamed = reference_streamed_psums(tensors.codes, tensors.weight, source.shape)
    layer = IntegerLayer(
        name=source.layer_name,
        shape=source.shape,
        weight=tensors.weight,
        weight_format=source.weight_format,
        act_format=source.act_format,
        weight_scale=np.array(source.scales.weight),
        act_scale=source.scales.act,
    )

    def write(place: Path) -> Bundle:
        return write_bundle(
            place,
            layer=layer,
            plan=source.plan,
            layout=layout,
            codes=tensors.codes,
            psums=tensors.psums,
            tap_psums=taps,
            outputs=reference_outputs(tensors.psums, layout.output, constants=constants),
            streamed_psums=streamed,
            constants=constants,
            sample=source.sample,
        )

    with tempfile.TemporaryDirectory() as scratch:
        trial = agreed_tensors(read_bundle(write(Path(scratch) / "trial").folder))
    unseen = _left_unseen(source, tensors, trial, layout)
    said = _said_of_psums(source, tensors)
    return Conversion(source, write(Path(folder)), (*said, *notes, *unseen))


def _left_out(source: Bundle, layout: Layout) -> tuple[str, ...]:
    """What is said of constants of the channels that the target has no files for."""
    lost = [name for name in CONSTANTS if source.layout.stating(name) and not layout.stating(name)]
    return tuple(f"the {name} of each channel is left out: its outputs do without" for name in lost)


def _said_of_psums(source: Bundle, tensors: BundleTensors) -> tuple[str, ...]:
    """What there is to say where no file of the source states the psums."""
    if source.layout.has_psums:
        return ()
    judged = bool(source.layout.stating("output"))
    compared = "its outputs follow from them" if judged else "nothing of the source was compared"
    return (
        f"{tensors.psums.size:,} psums are the naive reference's: the source has none; {compared}",
    )


def _taps(
    source: Bundle, tensors: BundleTensors, layout: Layout
) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
    """Tap psums ``kij oc oh ow`` for the target, and what there is to say about them."""
    is_needed, stated = bool(layout.stating("tap_psum")), tensors.tap_psums
    if is_needed == (stated is not None):
        return stated, ()
    taps = reference_tap_psums(tensors.codes[None], tensors.weight, source.shape)[:, 0]
    computed, said = (taps.sum(axis=0), tensors.psums) if stated is None else (taps, stated)
    wrong = np.argwhere(computed != said)
    if len(wrong):
        axes = ("kij", "oc", "oh", "ow")[-said.ndim :]
        place = tuple(int(index) for index in wrong[0])
        where = ", ".join(f"{axis}={index}" for axis, index in zip(axes, place, strict=True))
        raise FormatError(
            f"{source.folder}: a {'psum' if stated is None else 'tap psum'} is {int(said[place])} "
            f"at ({where}), but the reference computes {int(computed[place])} from the bundle's own "
            f"codes, and layout {layout.name} {'needs' if is_needed else 'has no place for'} "
            f"tap psums: it cannot be converted without loss; see 'tilewright verify-bundle'"
        )
    if is_needed:
        return taps, (f"{taps.size:,} tap psums are the naive reference's: the source has none",)
    return None, (f"{taps.size:,} tap psums are left out: the reference computes the same ones",)


def _left_unseen(
    source: Bundle, tensors: BundleTensors, back: BundleTensors, layout: Layout
) -> tuple[str, ...]:
    """What is said of ifmap pixels of which no psum is computed, where windows left them out.

    Raises `FormatError` if anything else did not come back.
    """
    plan = source.plan
    unseen = np.ones(plan.shape.nij, bool)
    unseen[window_pixels(plan.shape)] = False
    inner = unseen.reshape(plan.shape.padded_h, plan.shape.padded_w)
    (top, _), (left, _) = plan.shape.edges
    unseen = inner[top:, left:][: plan.shape.ih, : plan.shape.iw]  # ih iw
    lost = tensors.codes != back.codes
    for name, is_lost in (
        ("weight", tensors.weight != back.weight),
        ("codes", lost & ~unseen),
        ("psums", tensors.psums != back.psums),
    ):
        if is_lost.any():
            raise FormatError(
                f"layout {layout.name} does not give back every number of {name}: it cannot be "
                f"converted without loss"
            )
    if not lost.any():
        return ()
    count = counted(int(unseen.sum()), "ifmap pixel")
    return (f"{count} of each channel left out: no window sees them, and no psum depends on them",)
