"""The manifest of a bundle: JSON that describes every file of the folder."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from tilewright import __version__
from tilewright.errors import ArtifactError, ConfigError, TilewrightError
from tilewright.spec import ArrayShape, ConvShape, NumberFormat
from tilewright.store.artifact import read_json
from tilewright.vectors.bundle import MANIFEST, Bundle, Scales
from tilewright.vectors.keys import check_keys, check_list
from tilewright.vectors.layout import Layout
from tilewright.vectors.listing import list_files, listed_by_file, listed_by_kind

KIND = "vector-bundle"
VERSION, WITH_PADDING_AFTER = 2, 3
"""The second stands where the shape has other padding at the ends than at the beginnings."""
_LISTINGS = {
    1: (list, listed_by_file),
    VERSION: (dict, listed_by_kind),
    WITH_PADDING_AFTER: (dict, listed_by_kind),
}
"""Of each version that is read: the type of ``files``, and what makes the files of it."""
_SHAPE = {
    **dict.fromkeys(("ic", "ih", "iw", "oc", "kh", "kw"), int),
    "stride": list,
    "padding": list,
}
_FORMAT = {"bits": int, "is_signed": bool, "is_narrow": bool}
_TOP = {"kind": str, "version": int, "layer": str, "sample": int, "shape": dict, "array": dict}
_TOP |= {"act_format": dict, "weight_format": dict, "scales": dict, "layout": dict}
_TOP |= {"versions": dict}


def manifest_facts(bundle: Bundle) -> dict[str, Any]:
    """The manifest of `bundle` as JSON facts."""
    return {
        "kind": KIND,
        "version": VERSION if bundle.shape.padding_after is None else WITH_PADDING_AFTER,
        "layer": bundle.layer_name,
        "sample": bundle.sample,
        "shape": bundle.shape.to_facts(),
        "array": asdict(bundle.array),
        "act_format": bundle.act_format.to_facts(),
        "weight_format": bundle.weight_format.to_facts(),
        "scales": asdict(bundle.scales),
        "layout": bundle.layout.to_facts(),
        "files": list_files(bundle),
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
    version = facts.get("version") if is_manifest(facts) else None
    if version not in [*_LISTINGS] or isinstance(version, bool):  # it may be a list
        known = f"1, {VERSION} or {WITH_PADDING_AFTER}"
        raise ArtifactError(
            f"{path} must be the manifest of a {KIND}, version {known}: give the folder of a bundle, or "
            "export it again"
        )
    of, listed = _LISTINGS[version]
    try:
        bundle = _rebuild(folder, check_keys(facts, "manifest", required=_TOP | {"files": of}))
        return replace(bundle, files=listed(bundle, facts["files"]))
    except TilewrightError as error:
        raise ArtifactError(f"{path}: {error}; export the bundle again") from None


def _rebuild(folder: Path, facts: dict[str, Any]) -> Bundle:
    scales = check_keys(facts["scales"], "scales", required={"act": float, "weight": list})
    array = check_keys(
        facts["array"], "array", required=dict.fromkeys(("rows", "cols", "psum_bits"), int)
    )
    check_keys(facts["versions"], "versions", required={"tilewright": str, "numpy": str})
    layout = Layout.from_facts(facts["layout"])
    layout.check_whole()
    return Bundle(
        folder=folder,
        layer_name=facts["layer"],
        sample=facts["sample"],
        shape=_shape(facts["shape"], is_after=facts["version"] == WITH_PADDING_AFTER),
        array=ArrayShape(**array),
        act_format=_format(facts["act_format"], "act_format"),
        weight_format=_format(facts["weight_format"], "weight_format"),
        scales=Scales(scales["act"], check_list(scales["weight"], "scales: weight", of=float)),
        layout=layout,
        files=(),
    )


def _shape(facts: object, *, is_after: bool) -> ConvShape:
    known = _SHAPE | ({"padding_after": list} if is_after else {})
    table = dict(check_keys(facts, "shape", required=known))
    for key in set(table) & {"stride", "padding", "padding_after"}:
        table[key] = check_list(table[key], f"shape: {key}", of=int)
        if len(table[key]) != 2:
            raise ConfigError(f"shape: {key} must be a pair, not {table[key]}")
    if is_after and table["padding_after"] == table["padding"]:
        raise ConfigError(
            "shape: padding_after must differ from padding: leave it out, in version 2"
        )
    return ConvShape(**table)


def _format(facts: object, where: str) -> NumberFormat:
    is_named = isinstance(facts, dict) and "name" in facts
    table = check_keys(facts, where, required={"name": str} if is_named else _FORMAT)
    return NumberFormat.from_facts(table)
