"""Folders of vector files: with a manifest, or with the geometry that a manifest would state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tilewright.bundles.geometry import EXAMPLE, Geometry
from tilewright.errors import ArtifactError, ConfigError, counted
from tilewright.store.artifact import read_bytes, sha256
from tilewright.vectors import Bundle, BundleFile, Layout, Scales, read_bundle
from tilewright.vectors.bundle import MANIFEST, planned_count, planned_files
from tilewright.vectors.bundle_reader import reading_notes
from tilewright.vectors.shared import cuts_of

MOST_FILES = 1_000_000
"""A geometry with more files than this is a slip of the pen."""
OPERANDS = ("activation", "weight")


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """What is there of the files that a layout has for a layer.

    bundle: with the kinds of which every file is there, and their files. absent: kind to its first
    file name, where none of its files is there. missing: kind to the names that are not there, where
    others are.
    """

    bundle: Bundle
    absent: dict[str, str]
    missing: dict[str, tuple[str, ...]]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not there, and what was overlooked in reading."""
        bundle = self.bundle
        notes = [f"{kind}: not there ({name})" for kind, name in self.absent.items()]
        for kind in bundle.layout.kind_names:
            notes += reading_notes(bundle, kind)
        return tuple(notes)


def open_bundle(
    folder: Path,
    *,
    layout: Layout | None = None,
    geometry: Geometry | None = None,
    kind: str | None = None,
) -> Bundle:
    """The bundle in `folder`, every hash checked; or foreign files, stated by layout and geometry.

    Where there is a manifest, `layout` is only compared with it. Of foreign files those of `kind` are
    enough where it is given; else all operands, and of the expected numbers what is there. Raises
    `ConfigError` if what is needed is not given, or contradicts the manifest; `ArtifactError` for
    files that are missing or altered.
    """
    check_folder(folder)
    if not (folder / MANIFEST).is_file():
        if layout is None or geometry is None:
            raise ConfigError(
                f"{folder} has no {MANIFEST}: give the layout of its files and their geometry, "
                f"for example --geometry {EXAMPLE}"
            )
        if kind is not None:
            layout.kind(kind)
            layout = layout.only((kind,))
        return read_foreign(folder, layout, geometry)
    if geometry is not None:
        raise ConfigError(f"{folder / MANIFEST} states the geometry: leave --geometry out")
    bundle = read_bundle(folder)
    expect_layout(bundle, layout)
    return bundle


def expect_layout(bundle: Bundle, layout: Layout | None) -> None:
    """Raise `ConfigError` if the manifest of `bundle` states another layout; None: any one is right."""
    if layout is not None and layout != bundle.layout:
        raise ConfigError(
            f"{bundle.folder} must have the layout {layout.name}, but its manifest says "
            f"{bundle.layout.name}{', in another version' * (layout.name == bundle.layout.name)}"
        )


def check_folder(folder: Path) -> None:
    """Raise `ArtifactError` unless `folder` is one."""
    if not folder.is_dir():
        what = "is a file" if folder.is_file() else "there is none"
        raise ArtifactError(f"{folder} must be a folder of vector files: {what}")


def read_foreign(folder: Path, layout: Layout, geometry: Geometry) -> Bundle:
    """Files without manifest as a bundle: sample 0, scales 1, the name of the folder.

    Kinds of expected numbers that are not there at all are left out. Files that the layout does not
    have are left alone. Raises `ArtifactError` that names the first missing file and how many are
    missing.
    """
    found = find_files(folder, layout, geometry)
    stated, there = layout.stating, found.bundle.layout.stating
    has_operands = all(there(tensor) or not stated(tensor) for tensor in OPERANDS)
    if found.bundle.files and has_operands and not found.missing:
        return found.bundle
    planned = list(planned_files(layout, found.bundle.plan, found.bundle.widths))
    names = [name for _, name, _, _ in planned if not (folder / name).is_file()]
    raise ArtifactError(
        f"{folder} must have {counted(len(planned), 'file')} in layout {layout.name} for this geometry, "
        f"but {len(names)} are missing, first {names[0]}"
    )


def find_files(folder: Path, layout: Layout, geometry: Geometry) -> FoundFiles:
    """What is there of the files of `layout`; raises `ArtifactError` for a folder of too many."""
    bundle = Bundle(
        folder=folder,
        layer_name=folder.resolve().name,
        sample=0,
        shape=geometry.shape,
        array=geometry.array,
        act_format=geometry.act_format,
        weight_format=geometry.weight_format,
        scales=Scales(1.0, (1.0,)),
        layout=layout,
        files=(),
        is_foreign=True,
    )
    count = planned_count(layout, bundle.plan)
    if count > MOST_FILES:
        raise ArtifactError(
            f"{folder} would have {count:,} files in layout {layout.name} for this geometry, more than "
            f"{MOST_FILES:,}: check the geometry"
        )
    planned = list(planned_files(layout, bundle.plan, bundle.widths))
    absent: dict[str, str] = {}
    missing: dict[str, tuple[str, ...]] = {}
    for kind in layout.kind_names:
        names = [name for of, name, _, _ in planned if of == kind]
        lost = tuple(name for name in names if not (folder / name).is_file())
        if len(lost) == len(names):
            absent[kind] = names[0]
        elif lost:
            missing[kind] = lost
    cuts = cuts_of(layout, bundle.plan, bundle.widths)

    def content(kind: str, name: str) -> bytes:
        cut, whole = cuts.get((kind, name)), read_bytes(folder / name)
        return whole if cut is None else cut.of(whole, is_foreign=True)

    files = tuple(
        BundleFile(name, kind, indices, lines, sha256(content(kind, name)))
        for kind, name, indices, lines in planned
        if kind not in absent and kind not in missing
    )
    kinds = tuple(kind for kind in layout.kind_names if any(file.kind == kind for file in files))
    there = replace(bundle, files=files, layout=layout.only(kinds) if kinds else layout)
    return FoundFiles(there, absent, missing)
