"""Writing a bundle: a complete folder or none."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from tilewright.errors import ArtifactError, ConfigError, FormatError, ShapeError
from tilewright.spec import ChannelConstants, ConvShape, IntArray, IntegerLayer, NumberFormat
from tilewright.store.artifact import sha256, write_json
from tilewright.tile import TilePlan, tile_activations, tile_psums, tile_weights
from tilewright.vectors.bundle import MANIFEST, Bundle, BundleFile, Scales, planned_files
from tilewright.vectors.codec import encode
from tilewright.vectors.constants import tile_constants
from tilewright.vectors.kinds import CONSTANTS
from tilewright.vectors.layout import Layout
from tilewright.vectors.manifest import manifest_facts, read_manifest
from tilewright.vectors.planes import accumulate_addresses
from tilewright.vectors.shared import joined

NO_CONSTANTS = ChannelConstants()


def write_bundle(
    folder: Path | str,
    *,
    layer: IntegerLayer,
    plan: TilePlan,
    layout: Layout,
    codes: IntArray,
    psums: IntArray,
    tap_psums: IntArray | None = None,
    outputs: IntArray | None = None,
    streamed_psums: IntArray | None = None,
    constants: ChannelConstants = NO_CONSTANTS,
    sample: int,
) -> Bundle:
    """Write one layer and one sample as a bundle: text files and their manifest.

    codes: ``ic ih iw``. psums: expected ``oc oh ow``, signed, before ReLU. tap_psums ``kij oc oh ow``
    and outputs ``oc oh ow``: needed if the layout has such files; streamed_psums ``kij oc padded_h
    padded_w``, of each tap at each pixel of the padded plane: if its tap psums are of these; constants: of
    its channels, if it has such files. All come
    from a reference, the outputs by the layout's function (`Layout.output`): nothing is computed here.
    An existing bundle is replaced when the new one is complete. Raises `FormatError` naming the place
    of a value that does not fit, `ShapeError` for other sizes than the layer's, `ConfigError` if the
    layout lacks operands or all expected numbers, and `ArtifactError` if the folder holds anything but
    a bundle or the disk refuses; then nothing was changed.
    """
    folder = Path(folder)
    layout.check_whole()
    functions = {form.output for form in layout.stating("output")}
    if len(functions) > 1:
        raise ConfigError(
            f"layout {layout.name}: all outputs that are written must be of one function"
        )
    if plan.shape != layer.shape:
        raise ShapeError(f"layer {layer.name}: the plan must be of {layer.shape}, not {plan.shape}")
    _check_values(layer, plan, codes, psums, tap_psums)
    bundle = Bundle(
        folder=folder,
        layer_name=layer.name,
        sample=int(sample),
        shape=layer.shape,
        array=plan.array,
        act_format=layer.act_format,
        weight_format=layer.weight_format,
        scales=Scales(float(layer.act_scale), tuple(map(float, layer.weight_scale))),
        layout=layout,
        files=(),
    )
    tiles = _tiles(layer, bundle.plan, codes, psums, tap_psums=tap_psums, outputs=outputs)
    tiles["streamed"] = None if streamed_psums is None else _streamed(streamed_psums, bundle.plan)
    contents: dict[tuple[str, str], bytes] = {}
    for form in layout.kinds:
        source = "streamed" if form.is_streamed else form.tensor
        if form.tensor in CONSTANTS:
            tiles[source] = tile_constants(form, constants, plan)
        elif form.biased and form.tensor == "psum":
            tiles[source] = tile_psums(psums + constants.taken("bias")[:, None, None], plan)
        if tiles[source] is None:
            raise ShapeError(f"layout {layout.name} has {form.kind} files: give {_WANTED[source]}")
        files = encode(layout, form.kind, tiles[source], plan=plan, widths=bundle.widths)
        contents |= {(form.kind, name): content for name, content in files.items()}
    bundle = replace(bundle, files=_describe(bundle, contents))
    _replace_folder(folder, joined(contents, layout.kinds), manifest_facts(bundle))
    return bundle


_WANTED = {
    "tap_psum": "tap_psums, kij oc oh ow",
    "output": "outputs, oc oh ow",
    "streamed": "streamed_psums, kij oc padded_h padded_w",
}


def _streamed(psums: IntArray, plan: TilePlan) -> IntArray:
    """Tiles ``kij otile nij col``: those of a layer of 1x1 kernels on the padded plane, tap by tap."""
    shape = plan.shape
    pixel = ConvShape(shape.ic, shape.padded_h, shape.padded_w, shape.oc, kh=1, kw=1)
    return np.stack([tile_psums(tap, TilePlan(pixel, plan.array)) for tap in psums])


def _check_values(
    layer: IntegerLayer,
    plan: TilePlan,
    codes: IntArray,
    psums: IntArray,
    tap_psums: IntArray | None,
) -> None:
    """Raise `FormatError` with the tensor axes, which are easier to find than tile axes."""
    psum_format = NumberFormat(plan.array.psum_bits, is_signed=True)
    layer.act_format.check(codes, what=f"layer {layer.name}: input code", axes="ic ih iw")
    psum_format.check(psums, what=f"layer {layer.name}: psum", axes="oc oh ow")
    if tap_psums is None:
        return
    psum_format.check(tap_psums, what=f"layer {layer.name}: tap psum", axes="kij oc oh ow")
    if not np.array_equal(tap_psums.sum(axis=0), psums):
        raise FormatError(f"layer {layer.name}: psums must be the sum of tap_psums over kij")


def _tiles(
    layer: IntegerLayer,
    plan: TilePlan,
    codes: IntArray,
    psums: IntArray,
    *,
    tap_psums: IntArray | None,
    outputs: IntArray | None,
) -> dict[str, Any]:
    """Tiled tensor of each kind; None for what was not given."""
    taps = None
    if tap_psums is not None:
        taps = np.stack([tile_psums(tap, plan) for tap in tap_psums])
    return {
        "activation": tile_activations(codes, plan),
        "weight": tile_weights(layer.weight, plan),
        "tap_psum": taps,
        "psum": tile_psums(psums, plan),
        "output": None if outputs is None else tile_psums(outputs, plan),
        "address": accumulate_addresses(plan),
    }


def _describe(bundle: Bundle, contents: Mapping[tuple[str, str], bytes]) -> tuple[BundleFile, ...]:
    return tuple(
        BundleFile(name, kind, indices, lines, sha256(contents[kind, name]))
        for kind, name, indices, lines in planned_files(bundle.layout, bundle.plan, bundle.widths)
    )


def _replace_folder(folder: Path, contents: Mapping[str, bytes], manifest: dict[str, Any]) -> None:
    """Write beside `folder`, then rename: a reader sees the old bundle, the new one, or none."""
    check_replaceable(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=folder.parent, prefix=f".{folder.name}.", ignore_cleanup_errors=True
        ) as scratch:
            fresh, retired = Path(scratch) / "new", Path(scratch) / "old"
            fresh.mkdir()
            for name, content in contents.items():
                (fresh / name).parent.mkdir(parents=True, exist_ok=True)
                (fresh / name).write_bytes(content)
            write_json(fresh / MANIFEST, manifest)
            _swap(folder, fresh, retired)
    except OSError as error:
        raise ArtifactError(
            f"cannot write the bundle {folder}: {error.strerror or error}; nothing was changed"
        ) from None


def _swap(folder: Path, fresh: Path, retired: Path) -> None:
    """Put `fresh` in the place of `folder`; if that fails, put the old one back."""
    if folder.exists():
        folder.rename(retired)
    try:
        fresh.rename(folder)
    except OSError:
        if retired.exists():
            retired.rename(folder)
        raise


def check_replaceable(folder: Path) -> None:
    """Raise `ArtifactError` unless `folder` is absent, empty, or a bundle and nothing else."""
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        kind = "a link" if folder.is_symlink() else "a file"
        raise ArtifactError(f"{folder} must be a folder or absent, but is {kind}: give another one")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    foreign = found - owned_names(folder) if MANIFEST in found else found
    if foreign:
        raise ArtifactError(
            f"{folder} must be empty or hold a bundle, but holds {sorted(foreign)[0]!r}"
            f"{' and more' if len(foreign) > 1 else ''}: give another folder, or remove it"
        )


def owned_names(folder: Path) -> set[str]:
    """Names that the manifest in `folder` lists, and its own; none if it is not a manifest."""
    try:
        owned = {file.name for file in read_manifest(folder).files}
    except ArtifactError:
        return set()
    folders = {
        str(parent) for name in owned if "/" in name for parent in PurePosixPath(name).parents
    }
    return {MANIFEST} | owned | folders
