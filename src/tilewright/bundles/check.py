"""Check a bundle against itself: hashes, shapes, ranges, and the convolution of its own files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from tilewright.bundles.geometry import Geometry
from tilewright.bundles.source import OPERANDS, FoundFiles, check_folder, find_files
from tilewright.bundles.streamed import reference_streamed_psums
from tilewright.errors import TilewrightError
from tilewright.spec import ChannelConstants, Codes, ConvShape, Ints
from tilewright.store.artifact import read_bytes, read_json, sha256
from tilewright.tile import TilePlan, tile_psums
from tilewright.vectors import MANIFEST, Bundle, KindLayout, Layout, decode_bundle, encode
from tilewright.vectors.bundle_reader import (
    decode_constants,
    decode_operands,
    decode_tiles,
    seen_pixels,
    why_altered,
)
from tilewright.vectors.manifest import is_manifest, read_manifest
from tilewright.vectors.shared import cuts_of
from tilewright.verify import reference_outputs, reference_tap_psums


@dataclass(frozen=True, slots=True)
class FileMismatch:
    """A number in a file that is not what the convolution of the bundle's own codes gives."""

    file: str
    kij: int | None
    oc: int
    oh: int
    ow: int
    expected: int
    found: int
    is_streamed: bool = False

    def __str__(self) -> str:
        tap = "" if self.kij is None else f"kij={self.kij}, "
        pixel = ("padded_h", "padded_w") if self.is_streamed else ("oh", "ow")
        return (
            f"{self.file} ({tap}oc={self.oc}, {pixel[0]}={self.oh}, {pixel[1]}={self.ow}): "
            f"expected {self.expected}, found {self.found}"
        )


@dataclass(frozen=True, slots=True)
class KindVerdict:
    """How many numbers of one kind of file were compared, and how many differ."""

    kind: str
    compared: int
    mismatches: int
    first: FileMismatch | None

    def __str__(self) -> str:
        text = f"{self.kind}: {self.compared:,} compared, {self.mismatches:,} differ"
        return f"{text}; first at {self.first}" if self.first else text


@dataclass(frozen=True, slots=True)
class BundleVerdict:
    """The judgement on a bundle. `faults` name files that are not whole; `kinds` is empty then.

    Of a folder without manifest, `kinds` has what could be compared nevertheless. `notes` say what was
    not there, and what was overlooked.
    """

    bundle: Bundle
    faults: tuple[str, ...]
    kinds: tuple[KindVerdict, ...]
    notes: tuple[str, ...] = ()

    @property
    def compared(self) -> int:
        """Expected numbers that were recomputed."""
        return sum(kind.compared for kind in self.kinds)

    @property
    def mismatches(self) -> int:
        """How many of them differ."""
        return sum(kind.mismatches for kind in self.kinds)

    @property
    def passed(self) -> bool:
        """Whether every file is whole and no number differs: False where nothing was compared."""
        return not self.faults and self.compared > 0 and self.mismatches == 0

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON facts."""
        return {
            "passed": self.passed,
            "folder": str(self.bundle.folder),
            "layer": self.bundle.layer_name,
            "sample": self.bundle.sample,
            "layout": self.bundle.layout.name,
            "files": len(self.bundle.files),
            "compared": self.compared,
            "mismatches": self.mismatches,
            "faults": list(self.faults),
            "kinds": [asdict(kind) for kind in self.kinds],
            "notes": list(self.notes),
        }


def check_bundle(folder: Path | str) -> BundleVerdict:
    """Judge the bundle in `folder` by itself, with numpy alone.

    Every file must be there and have its hash, follow the layout and hold values in their ranges;
    then the psums of every tap, their sums and the outputs must be those of the naive int64
    reference, computed from the weights and codes that the files hold. Raises `ArtifactError` if
    there is no valid manifest.
    """
    check_folder(Path(folder))
    bundle = read_manifest(Path(folder))
    faults = list(_damaged(bundle))
    kinds: tuple[KindVerdict, ...] = ()
    if not faults:
        try:
            if bundle.layout.has_psums and not seen_pixels(bundle.layout):
                decode_bundle(replace(bundle, hashes_checked=False))  # psums are judged below
            computed = _Computed.of(bundle)
            kinds = tuple(_judge(bundle, form, computed) for form in _expected_kinds(bundle))
        except TilewrightError as error:
            faults.append(str(error))
    return BundleVerdict(bundle, tuple(faults), kinds)


def check_foreign(folder: Path, layout: Layout, geometry: Geometry) -> BundleVerdict:
    """Judge files without manifest by themselves: whatever of the expected numbers is there is compared.

    They must be what the naive reference computes from the codes and weights that the files hold.
    """
    check_folder(Path(folder))
    found = find_files(Path(folder), layout, geometry)
    bundle, faults, kinds = found.bundle, list(_missing(found)), []
    try:
        if set(OPERANDS) <= {form.tensor for form in bundle.layout.kinds} and bundle.files:
            kinds = list(_judge_each(bundle, _Computed.of(bundle), faults))
            if not kinds and not faults:
                faults.append("there are no psums or outputs to compare with what is computed")
    except TilewrightError as error:
        faults.append(str(error))
    return BundleVerdict(bundle, tuple(faults), tuple(kinds), found.notes)


def _judge_each(bundle: Bundle, computed: _Computed, faults: list[str]) -> Iterator[KindVerdict]:
    """The verdict on each kind that can be read; what cannot be read becomes a fault."""
    for form in _expected_kinds(bundle):
        try:
            yield _judge(bundle, form, computed)
        except TilewrightError as error:
            faults.append(str(error))


def _missing(found: FoundFiles) -> Iterator[str]:
    """What hinders the comparison: operands that are not there, kinds of which a part is."""
    for tensor in OPERANDS:
        if found.bundle.files and found.bundle.layout.stating(tensor):
            continue
        if tensor in found.absent:
            yield f"{found.absent[tensor]} is missing: without {tensor} files nothing can be computed"
        elif tensor not in found.missing:
            yield f"layout {found.bundle.layout.name} has no {tensor} files: nothing can be computed"
    for kind, names in found.missing.items():
        more = f", and {len(names) - 1} more files of kind {kind}" * (len(names) > 1)
        yield f"{names[0]} is missing{more}"


def bundles_below(folder: Path) -> tuple[Path, ...]:
    """The folder itself if it has a manifest, else every folder below it that has one, sorted."""
    check_folder(folder)
    if (folder / MANIFEST).is_file():
        return (folder,)
    return tuple(sorted(path.parent for path in folder.rglob(MANIFEST) if _is_bundle(path)))


def _is_bundle(path: Path) -> bool:
    """Whether a file called as a manifest is that of a bundle: other artifacts have one too."""
    try:
        return is_manifest(read_json(path))
    except TilewrightError:
        return False


def _damaged(bundle: Bundle) -> Iterator[str]:
    """The files that are missing or were altered since they were written."""
    cuts = cuts_of(bundle.layout, bundle.plan, bundle.widths)
    for file in bundle.files:
        path = bundle.folder / file.name
        if path.is_symlink() or not path.is_file():
            yield f"{file.name} {'is a link' if path.is_symlink() else 'is missing'}"
            continue
        cut, content = cuts.get((file.kind, file.name)), read_bytes(path)
        found = sha256(content if cut is None else cut.of(content))
        if found != file.sha256:
            why = why_altered(content, file.sha256)
            yield f"{file.name} must have sha256 {file.sha256}, but has {found}: {why}"


def _expected_kinds(bundle: Bundle) -> tuple[KindLayout, ...]:
    """The kinds of expected numbers that the bundle has."""
    return tuple(f for f in bundle.layout.kinds if f.tensor in ("tap_psum", "psum", "output"))


@dataclass(frozen=True, slots=True, eq=False)
class _Computed:
    """What the reference makes of the operands that the files hold, as far as the files go.

    pixels: how many ofmap pixels can be computed. constants: of the channels, as far as there are files.
    """

    weight: npt.NDArray[np.int8]
    codes: Codes
    taps: Ints
    pixels: int
    constants: ChannelConstants

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        """Raises what `decode_operands` raises."""
        weight, codes = decode_operands(bundle)
        taps = reference_tap_psums(codes[None], weight, bundle.shape)[:, 0]  # kij oc oh ow
        pixels = seen_pixels(bundle.layout) or bundle.shape.onij
        return cls(weight, codes, taps, pixels, decode_constants(bundle))

    def expected(self, bundle: Bundle, form: KindLayout) -> Ints:
        """Tiles ``kij otile pixel col``; one kij for kinds without taps, pixel as the files have it."""
        plan = bundle.plan
        if form.is_streamed:
            streamed = reference_streamed_psums(self.codes, self.weight, bundle.shape)
            pixel = ConvShape(
                plan.shape.ic, plan.shape.padded_h, plan.shape.padded_w, plan.shape.oc, kh=1, kw=1
            )
            plan, planes = TilePlan(pixel, plan.array), streamed
        elif form.tensor == "tap_psum":
            planes = self.taps
        else:
            psums = self.taps.sum(axis=0)  # oc oh ow
            if form.tensor == "output" or form.biased:
                psums = reference_outputs(psums, form.output, constants=self.constants)
            planes = psums[None]
        return np.stack([tile_psums(plane, plan) for plane in planes])


def _judge(bundle: Bundle, form: KindLayout, computed: _Computed) -> KindVerdict:
    wanted = computed.expected(bundle, form)
    has_taps = "kij" in form.axes
    stated = decode_tiles(bundle, form.kind)  # [kij] otile pixel col
    found = wanted.copy()
    pixels = stated.shape[-2]
    if not form.is_streamed:
        pixels = min(pixels, computed.pixels)
    found[:, :, :pixels] = stated[..., :pixels, :]
    compared = len(wanted) * bundle.shape.oc * pixels
    places = np.argwhere(found != wanted)
    if not len(places):
        return KindVerdict(form.kind, compared, 0, None)
    kij, otile, pixel, col = place = tuple(int(index) for index in places[0])
    width = bundle.shape.padded_w if form.is_streamed else bundle.shape.ow
    first = FileMismatch(
        file=_file_of(bundle, form, *((found, place) if has_taps else (found[0], place[1:]))),
        kij=kij if has_taps else None,
        oc=otile * bundle.array.cols + col,
        oh=pixel // width,
        ow=pixel % width,
        expected=int(wanted[place]),
        found=int(found[place]),
        is_streamed=form.is_streamed,
    )
    return KindVerdict(form.kind, compared, len(places), first)


def _file_of(bundle: Bundle, form: KindLayout, tiles: Ints, place: tuple[int, ...]) -> str:
    """Name of the file that changes when the number at `place` does, and of the array in it."""
    changed = tiles.copy()
    changed[place] ^= 1
    before, after = (
        encode(bundle.layout, form.kind, version, plan=bundle.plan, widths=bundle.widths)
        for version in (tiles, changed)
    )
    changed_file = next(name for name, content in before.items() if after[name] != content)
    return f"{changed_file}: {form.array}" if form.array else changed_file
