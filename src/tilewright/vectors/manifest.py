"""The manifest of a bundle: JSON that describes every file of the folder."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tilewright import __version__
from tilewright.errors import ArtifactError, ConfigError, FormatError, TilewrightError
from tilewright.spec import ArrayShape, ConvShape, NumberFormat
from tilewright.store.artifact import read_json
from tilewright.vectors.bundle import (
    MANIFEST,
    Bundle,
    BundleFile,
    Scales,
    planned_count,
    planned_files,
)
from tilewright.vectors.keys import check_keys, check_list
from tilewright.vectors.kinds import FILE_AXES
from tilewright.vectors.layout import Layout

KIND = "vector-bundle"
VERSION = 1
_SHAPE = {
    **dict.fromkeys(("ic", "ih", "iw", "oc", "kh", "kw"), int),
    "stride": list,
    "padding": list,
}
_FORMAT = {"bits": int, "is_signed": bool, "is_narrow": bool}
_TOP = {"kind": str, "version": int, "layer": str, "sample": int, "shape": dict, "array": dict}
_TOP |= {"act_format": dict, "weight_format": dict, "scales": dict, "layout": dict}
_TOP |= {"files": list, "versions": dict}


def manifest_facts(bundle: Bundle) -> dict[str, Any]:
    """The manifest of `bundle` as JSON facts."""
    return {
        "kind": KIND,
        "version": VERSION,
        "layer": bundle.layer_name,
        "sample": bundle.sample,
        "shape": bundle.shape.to_facts(),
        "array": asdict(bundle.array),
        "act_format": bundle.act_format.to_facts(),
        "weight_format": bundle.weight_format.to_facts(),
        "scales": asdict(bundle.scales),
        "layout": bundle.layout.to_facts(),
        "files": [asdict(file) for file in bundle.files],
        "versions": {"tilewright": __version__, "numpy": np.__version__},
    }


def is_manifest(facts: object) -> bool:
    """Whether `facts` claims to be a manifest, of any version."""
    return isinstance(facts, dict) and facts.get("kind") == KIND


def read_manifest(folder: Path) -> Bundle:
    """Read the manifest in `folder` and check it by itself; the files are not opened.

    Raises `ArtifactError` in one line if it is missing, damaged, of another kind or version, or
    states files that its layout, shape and array do not have.
    """
    path = folder / MANIFEST
    facts = read_json(path)
    if not is_manifest(facts) or facts.get("version") != VERSION:
        raise ArtifactError(
            f"{path} must be the manifest of a {KIND}, version {VERSION}: give the folder of a "
            f"bundle, or export it again"
        )
    try:
        bundle = _rebuild(folder, check_keys(facts, "manifest", required=_TOP))
        _check_files(bundle)
    except TilewrightError as error:
        raise ArtifactError(f"{path}: {error}; export the bundle again") from None
    return bundle


def _rebuild(folder: Path, facts: dict[str, Any]) -> Bundle:
    scales = check_keys(facts["scales"], "scales", required={"act": float, "weight": list})
    array = check_keys(
        facts["array"], "array", required=dict.fromkeys(("rows", "cols", "psum_bits"), int)
    )
    check_keys(facts["versions"], "versions", required={"tilewright": str, "numpy": str})
    layout = Layout.from_facts(facts["layout"])
    layout.check_whole()
    made = (name for form in layout.kinds for split in form.split for name in split.names)
    axes = tuple(dict.fromkeys((*FILE_AXES, *made)))  # what a file name can carry
    return Bundle(
        folder=folder,
        layer_name=facts["layer"],
        sample=facts["sample"],
        shape=_shape(facts["shape"]),
        array=ArrayShape(**array),
        act_format=_format(facts["act_format"], "act_format"),
        weight_format=_format(facts["weight_format"], "weight_format"),
        scales=Scales(scales["act"], check_list(scales["weight"], "scales: weight", of=float)),
        layout=layout,
        files=tuple(_file(entry, axes) for entry in facts["files"]),
    )


def _shape(facts: object) -> ConvShape:
    table = dict(check_keys(facts, "shape", required=_SHAPE))
    for key in ("stride", "padding"):
        table[key] = check_list(table[key], f"shape: {key}", of=int)
        if len(table[key]) != 2:
            raise ConfigError(f"shape: {key} must be a pair, not {table[key]}")
    return ConvShape(**table)


def _format(facts: object, where: str) -> NumberFormat:
    is_named = isinstance(facts, dict) and "name" in facts
    table = check_keys(facts, where, required={"name": str} if is_named else _FORMAT)
    return NumberFormat.from_facts(table)


def _file(facts: object, axes: tuple[str, ...]) -> BundleFile:
    types = {"name": str, "kind": str, "indices": dict, "lines": int, "sha256": str}
    table = check_keys(facts, "file", required=types)
    where = f"file {table['name']!r}"
    check_keys(
        table["indices"], f"{where}: indices", required={}, optional=dict.fromkeys(axes, int)
    )
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)*", table["name"], re.ASCII):
        raise FormatError(f"{where} must be a plain name, so that it stays inside the folder")
    if not re.fullmatch("[0-9a-f]{64}", table["sha256"]):
        raise FormatError(f"{where}: sha256 must be 64 hexadecimal digits, not {table['sha256']!r}")
    return BundleFile(**table)


def _check_files(bundle: Bundle) -> None:
    """The files must be those that layout, shape and array ask for."""
    count = planned_count(bundle.layout, bundle.plan)
    if len(bundle.files) != count:
        raise FormatError(
            f"layout {bundle.layout.name} has {count} files for this layer, not {len(bundle.files)}"
        )
    planned = planned_files(bundle.layout, bundle.plan, bundle.widths)
    for (kind, text, indices), file in zip(planned, bundle.files, strict=True):
        expected = (text.name, kind, indices, text.lines)
        found = (file.name, file.kind, file.indices, file.lines)
        if found != expected:
            raise FormatError(f"file {found} must be {expected} (name, kind, indices, lines)")
