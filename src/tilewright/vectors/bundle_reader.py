"""Reading a bundle: the manifest, every hash, and the tensors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ArtifactError, ConfigError, FormatError
from tilewright.spec import ChannelConstants, Codes
from tilewright.store.artifact import read_bytes, sha256
from tilewright.tile import (
    TilePlan,
    tile_activations,
    tile_psums,
    tile_weights,
    untile_activations,
    untile_psums,
    untile_weights,
)
from tilewright.vectors.bundle import Bundle, BundleFile, BundleTensors
from tilewright.vectors.codec import decode, text_set
from tilewright.vectors.constants import untile_constants
from tilewright.vectors.kind_layout import KindLayout
from tilewright.vectors.kinds import AXES, CONSTANTS, tensor_of
from tilewright.vectors.layout import Layout
from tilewright.vectors.manifest import read_manifest
from tilewright.vectors.planes import window_pixels
from tilewright.vectors.shared import Cut, cuts_of
from tilewright.vectors.tolerance import tolerated

OPERANDS = ("activation", "weight")
Tensor = npt.NDArray[Any]
Tiling = Callable[[Tensor, TilePlan], Tensor]
_TENSORS: dict[str, tuple[Tiling, Tiling]] = {
    "weight": (untile_weights, tile_weights),
    "activation": (untile_activations, tile_activations),
    "psum": (untile_psums, tile_psums),
    "output": (untile_psums, tile_psums),
}
"""How the tiles of a kind become a tensor, and the inverse."""


def read_bundle(folder: Path | str, *, check_hashes: bool = True) -> Bundle:
    """Read the manifest of the bundle in `folder` and check its files.

    `check_hashes=False` takes the files as they are, faulty or not: for tests that must see a fault
    found by a later check. Raises `ArtifactError` in one line if the manifest is not valid, a file
    is missing or lies outside the folder, or its sha256 differs.
    """
    folder = Path(folder)
    bundle = read_manifest(folder)
    cuts = cuts_of(bundle.layout, bundle.plan, bundle.widths)
    for file in bundle.files:
        content = _part(bundle, file, cuts)
        if check_hashes and (found := sha256(content)) != file.sha256:
            raise ArtifactError(
                f"{folder / file.name} must have sha256 {file.sha256}, as the manifest says, but "
                f"has {found}: {why_altered(content, file.sha256)}"
            )
    return replace(bundle, hashes_checked=check_hashes)


def why_altered(content: bytes, wanted: str) -> str:
    """What has become of a file whose sha256 was `wanted`, and what to do.

    >>> why_altered(b"1\\r\\n", sha256(b"1\\n"))[:29]
    'its line ends were converted:'
    """
    if content.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS: fetch the file itself (git lfs pull)"
    if sha256(content.replace(b"\r\n", b"\n")) == wanted:
        return "its line ends were converted: mark the folder -text in .gitattributes, and check it out again"
    return "it was edited or damaged; export the bundle again"


def decode_bundle(bundle: Bundle) -> BundleTensors:
    """The tensors that the files of `bundle` hold.

    Raises `FormatError` naming the place for a file that does not follow the layout, a code outside
    its number format, or a value where there is no channel or pixel. Tap psums and their sum must
    agree, unless the bundle was read with `check_hashes=False`; outputs are judged elsewhere
    (`tilewright.bundles.agreed_tensors`). A kind that has the first ofmap pixels only is compared
    as far as it goes, and gives no tensor.
    """
    plan, layout, taps = bundle.plan, bundle.layout, None
    if seen_pixels(layout):
        raise ConfigError(
            f"layout {layout.name} states the windows of the first {seen_pixels(layout)} ofmap pixels "
            f"only, so the activations cannot be read back as a whole"
        )
    source = layout.psum_source
    weight, codes = decode_operands(bundle)
    forms = [form for form in layout.kinds if form.tensor not in (*OPERANDS, *CONSTANTS)]
    tiles = {form.kind: decode_tiles(bundle, form.kind) for form in forms}
    for form in layout.stating("tap_psum")[:1]:
        if form.is_complete():
            taps = _untile_taps(_at_outputs(form, tiles[form.kind], plan), plan)
    if tensor_of(source) == "tap_psum" and taps is not None:
        psums = taps.sum(axis=0)
    else:
        psums = _untile(tiles[source], plan, source).astype(np.int64)
    tensors = BundleTensors(weight, codes, psums, taps)
    decode_constants(bundle)
    for form in layout.stating("output"):
        _untile(_filled(tiles[form.kind], plan, np.zeros_like(psums)), plan, form.kind)
    if bundle.hashes_checked:
        if taps is not None:
            _expect(psums, taps.sum(axis=0), "a psum", "the sum of its tap psums")
        _check_parts(bundle, tiles, psums)
    return tensors


def decode_operands(bundle: Bundle) -> tuple[npt.NDArray[np.int8], Codes]:
    """Weight ``oc ic kh kw`` and codes ``ic ih iw`` that the files hold; raises as `decode_bundle`."""
    weight, codes = (_operand(bundle, tensor) for tensor in ("weight", "activation"))
    bundle.weight_format.check(weight, what="weight code", axes="oc ic kh kw")
    bundle.act_format.check(codes, what="activation code", axes="ic ih iw")
    return weight.astype(np.int8), codes.astype(bundle.act_format.dtype)


def decode_constants(bundle: Bundle) -> ChannelConstants:
    """Biases, multipliers and thresholds of each channel, as far as there are files; raises `FormatError`."""
    found = {}
    for tensor in CONSTANTS:
        for form in bundle.layout.stating(tensor)[:1]:
            tiles = decode_tiles(bundle, form.kind)
            found[tensor] = untile_constants(form, tiles, bundle.plan)
    return ChannelConstants(**found)


def seen_pixels(layout: Layout) -> int:
    """The number of ofmap pixels whose windows the activation files have; 0 for all of them."""
    forms = layout.stating("activation")
    return 0 if any(form.is_complete() for form in forms) else max(f.first for f in forms)


def _operand(bundle: Bundle, tensor: str) -> Tensor:
    """An operand; files that state it once more must agree as far as they go."""
    forms = bundle.layout.stating(tensor)
    if not forms:
        bundle.layout.kind(tensor)
    first, *others = (decode_tiles(bundle, form.kind) for form in forms)
    for form, tiles in zip(forms[1:], others, strict=True):
        known = tiles if form.is_complete() else np.where(tiles != 0, tiles, first)
        different = np.argwhere(known != first)
        if len(different) and bundle.hashes_checked:
            place = tuple(int(index) for index in different[0])
            axes = ", ".join(f"{axis}={i}" for axis, i in zip(AXES[tensor], place, strict=True))
            raise FormatError(
                f"{form.kind} files must say what the {forms[0].kind} files say, {int(first[place])} at "
                f"({axes}), but say {int(tiles[place])}; {len(different)} differ"
            )
    return _untile(first, bundle.plan, tensor)


def decode_tiles(bundle: Bundle, kind: str) -> Tensor:
    """The tiles that the files of `kind` hold, with the axes `tilewright.vectors.kinds.AXES`."""
    cuts = cuts_of(bundle.layout, bundle.plan, bundle.widths)
    files = {file.name: _part(bundle, file, cuts) for file in bundle.files if file.kind == kind}
    if bundle.is_foreign:
        form = bundle.layout.kind(kind)
        texts = text_set(form, bundle.plan, bundle.widths)
        files = {
            name: tolerated(form, content, texts.called(name))[0] for name, content in files.items()
        }
    try:
        return decode(bundle.layout, kind, files, plan=bundle.plan, widths=bundle.widths)
    except FormatError as error:
        if not cuts:
            raise
        first = next((cut for (of, _), cut in cuts.items() if of == kind and cut.before), None)
        where = f" (lines are counted from line {first.before + 1} of the file on)" if first else ""
        raise FormatError(f"{error}{where}") from None


def reading_notes(bundle: Bundle, kind: str) -> Iterator[str]:
    """What was overlooked in the files of `kind`, which others wrote: blanks, line ends."""
    found: dict[str, list[str]] = {}
    form = bundle.layout.kind(kind)
    texts = text_set(form, bundle.plan, bundle.widths)
    cuts = cuts_of(bundle.layout, bundle.plan, bundle.widths)
    for file in bundle.files:
        if not bundle.is_foreign or file.kind != kind:
            continue
        with suppress(FormatError, ArtifactError):  # who decodes it is told
            own = texts.called(file.name)
            for note in tolerated(form, _part(bundle, file, cuts), own)[1]:
                found.setdefault(note, []).append(file.name)
    for note, names in found.items():
        yield f"{names[0]}{f' and {len(names) - 1} more' * (len(names) > 1)}: {note}"


def _part(bundle: Bundle, file: BundleFile, cuts: Mapping[tuple[str, str], Cut]) -> bytes:
    """What the file has of its kind: all of it, unless several kinds share it."""
    content, cut = _read(bundle, file), cuts.get((file.kind, file.name))
    return content if cut is None else cut.of(content, is_foreign=bundle.is_foreign)


def _read(bundle: Bundle, file: BundleFile) -> bytes:
    """The content of a file; thousands of them are small, so that one that is no link is opened at once."""
    if "/" not in file.name:
        with suppress(OSError):
            name = f"{bundle.folder}/{file.name}"
            with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW), "rb", 0) as plain:
                return plain.read()
    path, folder = bundle.folder / file.name, bundle.folder.resolve()
    is_plain = "/" not in file.name and not path.is_symlink()
    if not is_plain and path.resolve().parent != (folder / file.name).parent:
        raise ArtifactError(f"{path} must lie inside its bundle, but is a link to {path.resolve()}")
    return read_bytes(path)


def _untile(tiles: Tensor, plan: TilePlan, kind: str, where: str = "") -> Tensor:
    """Untile, and demand 0 in lanes without a channel and in the padding: nothing is dropped."""
    untile, tile = _TENSORS[tensor_of(kind)]
    tensor = untile(tiles, plan)
    dropped = np.argwhere(tile(tensor, plan) != tiles)
    if len(dropped):
        place = tuple(int(index) for index in dropped[0])
        axes = ", ".join(
            f"{axis}={i}" for axis, i in zip(AXES[tensor_of(kind)], place, strict=True)
        )
        raise FormatError(
            f"{kind} must be 0 where there is no channel or pixel, but is {int(tiles[place])} at "
            f"({where}{axes}): written for another shape?"
        )
    return tensor


def _at_outputs(form: KindLayout, tiles: Tensor, plan: TilePlan) -> Tensor:
    """Tap psums at the ofmap pixels, ``kij otile onij col``, of those of every streamed pixel."""
    if not form.is_streamed:
        return tiles
    pixels = window_pixels(plan)  # kij onij
    return np.stack([tap[:, pixels[kij]] for kij, tap in enumerate(tiles)])


def _untile_taps(tiles: Tensor, plan: TilePlan) -> npt.NDArray[np.int64]:
    """Tap psums ``kij otile onij col`` to ``kij oc oh ow``."""
    taps = [_untile(tap, plan, "psum", f"kij={kij}, ") for kij, tap in enumerate(tiles)]
    return np.stack(taps).astype(np.int64)


def _filled(tiles: Tensor, plan: TilePlan, others: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Tiles ``otile onij col`` with the pixels that the file leaves out taken from `others`, ``oc oh ow``."""
    filled = tile_psums(others, plan)
    filled[:, : tiles.shape[1]] = tiles
    return filled


def _check_parts(bundle: Bundle, tiles: dict[str, Tensor], psums: npt.NDArray[np.int64]) -> None:
    """Kinds with the first ofmap pixels only must agree with `psums` there."""
    for form in bundle.layout.kinds:
        what = {"psum": "a psum", "tap_psum": "the sum of tap psums"}.get(form.tensor, "")
        what *= not form.biased
        is_source = form.is_complete() and form == bundle.layout.stating(form.tensor)[0]
        if what and not is_source:
            part = _at_outputs(form, tiles[form.kind], bundle.plan).astype(np.int64)
            stated = part.sum(axis=0) if form.tensor == "tap_psum" else part  # otile onij col
            filled = _untile(_filled(stated, bundle.plan, psums), bundle.plan, "psum")
            _expect(filled, psums, what, "the psum")


def _expect(stated: Tensor, derived: Tensor, what: str, source: str) -> None:
    different = np.argwhere(stated != derived)
    if len(different):
        oc, oh, ow = place = tuple(int(index) for index in different[0])
        raise FormatError(
            f"{what} must be {source} = {int(derived[place])}, but is {int(stated[place])} at "
            f"(oc={oc}, oh={oh}, ow={ow}); {len(different)} differ: not written together?"
        )
