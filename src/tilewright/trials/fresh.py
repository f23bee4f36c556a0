"""Vectors for a core of one's own without a training: a layer of random codes, and its corner cases."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilewright.bundles import Geometry, convert_bundle
from tilewright.corners import VectorSet, layer_sets, write_covering
from tilewright.errors import ArtifactError, ConfigError, FormatError
from tilewright.spec import ArrayShape, Codes, IntegerLayer, NumberFormat, signed_bits_needed
from tilewright.tile import TilePlan
from tilewright.vectors import MANIFEST, Bundle, Layout, read_bundle, write_bundle
from tilewright.vectors.bundle_writer import check_replaceable
from tilewright.vectors.constants import example_constants
from tilewright.vectors.manifest import read_manifest
from tilewright.verify import reference_outputs, reference_tap_psums

NAME = "random"
"""Of the layer."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """Bundles that were written, and why some were not."""

    bundles: tuple[Bundle, ...]
    notes: tuple[str, ...] = ()


def write_random(folder: Path, geometry: Geometry, *, layout: Layout, seed: int) -> Fresh:
    """Write a layer of `geometry` with random codes and weights as a bundle.

    Codes and weights are drawn evenly from their whole ranges; the seed decides them. Expected values are
    the naive reference's. Raises what `write_bundle` raises.
    """
    layer, codes = _draw(geometry, seed)
    try:
        bundle = write_answered(folder, layer, codes, array=geometry.array, layout=layout)
    except FormatError as error:
        raise FormatError(f"{error}{_wider(geometry, layer, codes)}") from None
    return Fresh((bundle,))


def write_corners(
    folder: Path, geometry: Geometry, *, layout: Layout, seed: int, has_other_sizes: bool
) -> Fresh:
    """Write a random layer and its corner cases, each a bundle ``SET/NUMBER`` in `folder`.

    has_other_sizes: also a layer of other sizes than those of `geometry`, for a core that takes any; the
    array stays. A set whose psums do not fit is left out, and the notes say so. Of an earlier call, no bundle
    is left. Raises what `write_bundle` raises.
    """
    with tempfile.TemporaryDirectory(prefix="tilewright-fresh-") as name:
        scratch = Path(name)
        given = write_random(scratch / "given", geometry, layout=layout, seed=seed).bundles[0]
        sets, notes = layer_sets(given, scratch, seed=seed)
        fits = fitting(sets, given, has_other_sizes=has_other_sizes)
        chosen = [path for one in fits for path in one.folders]
        folders = [(path, folder / path.relative_to(scratch)) for path in (given.folder, *chosen)]
        _remove_earlier(folder, {target for _, target in folders})
        for source, target in folders:
            convert_bundle(read_bundle(source), target, layout=layout)
    return Fresh(tuple(read_bundle(target) for _, target in folders), tuple(notes))


def _remove_earlier(folder: Path, wanted: set[Path]) -> None:
    """Remove bundles ``SET/NUMBER`` of an earlier call that this one does not write: they are of other sizes.

    Raises `ArtifactError`, before anything is removed, if one of them holds more than its files.
    """
    found = [path.parent for path in folder.glob(f"*/*/{MANIFEST}") if path.parent.name.isdigit()]
    earlier = [path for path in found if path not in wanted and _is_fresh(path)]
    for path in earlier:
        check_replaceable(path)
    for path in earlier:
        shutil.rmtree(path)


def _is_fresh(folder: Path) -> bool:
    try:
        return read_manifest(folder).layer_name == NAME
    except ArtifactError:  # of another program
        return False


def write_fewest(folder: Path, size: str) -> Fresh:
    """Write the fewest runs of our array that show each fault of a PE that can show, as layers of one tap.

    size: rows and columns, for example "8x8"; there are as many runs at any size. Raises `ConfigError` if
    it is none.
    """
    found = re.fullmatch(r"([1-9]\d?)x([1-9]\d?)", size)
    if found is None:
        raise ConfigError(f"an array must be RxC with numbers from 1 to 99, not {size!r}")
    sets = write_covering(folder, int(found[1]), int(found[2]))
    bundles = tuple(read_bundle(path) for one in sets for path in one.folders)
    return Fresh(
        bundles,
        (
            "all as one job of the whole layer, folds overlapped; those that are saturated: sums in the PEs "
            "of 8 bits that saturate (array.column_bits = 8, array.overflow = saturate), under stalls",
        ),
    )


def write_answered(
    folder: Path,
    layer: IntegerLayer,
    codes: Codes,
    *,
    array: ArrayShape,
    layout: Layout,
    sample: int = 0,
) -> Bundle:
    """Write `layer` on ``ic ih iw`` codes as a bundle, with the answers of the naive reference.

    Raises what `write_bundle` raises.
    """
    taps = reference_tap_psums(codes[None], layer.weight, layer.shape)[:, 0]  # kij oc oh ow
    psums = taps.sum(axis=0)
    constants = example_constants(layout, layer.shape.oc)
    return write_bundle(
        folder,
        layer=layer,
        plan=TilePlan(layer.shape, array),
        layout=layout,
        codes=codes,
        psums=psums,
        tap_psums=taps if "tap_psum" in layout.kind_names else None,
        outputs=reference_outputs(psums, layout.output, constants=constants),
        constants=constants,
        sample=sample,
    )


def _wider(geometry: Geometry, layer: IntegerLayer, codes: Codes) -> str:
    """What to say instead, if it is the psums that do not fit into those of `geometry`."""
    taps = reference_tap_psums(codes[None], layer.weight, layer.shape)
    sums = np.append(taps, taps.sum(axis=0))
    needed = signed_bits_needed(int(sums.min()), int(sums.max()))
    if needed <= geometry.array.psum_bits:
        return ""
    sign = "s" * geometry.act_format.is_signed
    bits = f"{sign}{geometry.act_format.bits}/{geometry.weight_format.bits}/{needed}"
    return f": give the geometry wider psums (bits={bits})"


def _draw(geometry: Geometry, seed: int) -> tuple[IntegerLayer, Codes]:
    rng, shape = np.random.default_rng(seed), geometry.shape

    def draw(form: NumberFormat, sizes: tuple[int, ...]) -> npt.NDArray[np.int64]:
        return rng.integers(form.min_code, form.max_code, sizes, endpoint=True)

    layer = IntegerLayer(
        name=NAME,
        shape=shape,
        weight=draw(geometry.weight_format, shape.weight_sizes).astype(np.int8),
        weight_format=geometry.weight_format,
        act_format=geometry.act_format,
        weight_scale=np.ones(1),
        act_scale=1.0,
    )
    codes = draw(geometry.act_format, (shape.ic, shape.ih, shape.iw))
    return layer, codes.astype(geometry.act_format.dtype)


def fitting(
    sets: list[VectorSet], given: Bundle, *, has_other_sizes: bool = False
) -> list[VectorSet]:
    """The sets for the array of `given`, and of its layer's sizes unless others are wanted."""

    def fits(folder: Path) -> bool:
        found = read_manifest(folder)
        return found.array == given.array and (has_other_sizes or found.shape == given.shape)

    kept = [replace(one, folders=tuple(filter(fits, one.folders))) for one in sets]
    return [one for one in kept if one.folders]
