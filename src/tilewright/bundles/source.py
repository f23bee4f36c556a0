"""Folders of vector files: with a manifest, or with the geometry that a manifest would state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tilewright.bundles.geometry import EXAMPLE, Geometry
from tilewright.errors import ArtifactError, ConfigError
from tilewright.store.artifact import sha256
from tilewright.vectors import Bundle, BundleFile, Layout, Scales, read_bundle
from tilewright.vectors.bundle import MANIFEST, planned_count, planned_files

MOST_FILES = 1_000_000
"""A geometry with more files than this is a slip of the pen."""


def open_bundle(
    folder: Path, *, layout: Layout | None = None, geometry: Geometry | None = None
) -> Bundle:
    """The bundle in `folder`, every hash checked; or foreign files, stated by layout and geometry.

    Where there is a manifest, `layout` is only compared with it. Raises `ConfigError` if what is
    needed is not given, or contradicts the manifest; `ArtifactError` for files that are missing or
    altered.
    """
    if not folder.is_dir():
        raise ArtifactError(f"{folder} must be a folder of vector files: there is none")
    if not (folder / MANIFEST).is_file():
        if layout is None or geometry is None:
            raise ConfigError(
                f"{folder} has no {MANIFEST}: give the layout of its files and their geometry, "
                f"for example --geometry {EXAMPLE}"
            )
        return read_foreign(folder, layout, geometry)
    if geometry is not None:
        raise ConfigError(f"{folder / MANIFEST} states the geometry: leave --geometry out")
    bundle = read_bundle(folder)
    if layout is not None and layout != bundle.layout:
        raise ConfigError(
            f"{folder} must have the layout {layout.name}, but its manifest says "
            f"{bundle.layout.name}{', in another version' * (layout.name == bundle.layout.name)}"
        )
    return bundle


def read_foreign(folder: Path, layout: Layout, geometry: Geometry) -> Bundle:
    """Files without manifest as a bundle: sample 0, scales 1, the name of the folder.

    Files that the layout does not have are left alone. Raises `ArtifactError` that names the first
    missing file and how many are missing.
    """
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
    )
    count = planned_count(layout, bundle.plan)
    if count > MOST_FILES:
        raise ArtifactError(
            f"{folder} would have {count:,} files in layout {layout.name} for this geometry, more than "
            f"{MOST_FILES:,}: check the geometry"
        )
    planned = list(planned_files(layout, bundle.plan, bundle.widths))
    missing = [text.name for _, text, _ in planned if not (folder / text.name).is_file()]
    if missing:
        raise ArtifactError(
            f"{folder} must have {len(planned)} files in layout {layout.name} for this geometry, "
            f"but {len(missing)} are missing, first {missing[0]}"
        )
    files = tuple(
        BundleFile(text.name, kind, indices, text.lines, sha256((folder / text.name).read_bytes()))
        for kind, text, indices in planned
    )
    return replace(bundle, files=files)
