"""How a manifest lists the files of a bundle: by kind (version 2), or file by file (version 1).

Layout, shape and array say which files there are, so that version 2 has their hashes alone: for each kind one
text, the sha256 of its files one after the other, in the order of `planned_files`.
"""

from __future__ import annotations

import re

from tilewright.errors import FormatError, counted, printable
from tilewright.vectors.bundle import Bundle, BundleFile, planned_count, planned_files
from tilewright.vectors.codec import file_count
from tilewright.vectors.keys import check_keys
from tilewright.vectors.kinds import FILE_AXES
from tilewright.vectors.templates import LONGEST_NAME

DIGITS = 64
"""Hexadecimal digits of a sha256."""


def list_files(bundle: Bundle) -> dict[str, str]:
    """What a manifest says of the files of `bundle`: kind to hashes."""
    hashes: dict[str, list[str]] = {}
    for file in bundle.files:
        hashes.setdefault(file.kind, []).append(file.sha256)
    return {kind: "".join(of) for kind, of in hashes.items()}


def listed_by_kind(bundle: Bundle, facts: object) -> tuple[BundleFile, ...]:
    """Inverse of `list_files`, for a `bundle` without files; raises `TilewrightError`."""
    layout = bundle.layout
    kinds = check_keys(facts, "files", required=dict.fromkeys(layout.kind_names, str))
    hashes: list[str] = []
    for form in layout.kinds:
        text, count = kinds[form.kind], file_count(form, bundle.plan)
        if len(text) != count * DIGITS or not re.fullmatch("[0-9a-f]*", text):
            raise FormatError(
                f"files: {form.kind} must be {count} sha256 of {DIGITS} hexadecimal digits each, one after "
                f"the other, since layout {layout.name} has {count} such files for this layer, but is "
                f"{len(text)} characters"
            )
        hashes += [text[at : at + DIGITS] for at in range(0, len(text), DIGITS)]
    planned = planned_files(layout, bundle.plan, bundle.widths)
    return tuple(
        BundleFile(name, kind, indices, lines, stated)
        for (kind, name, indices, lines), stated in zip(planned, hashes, strict=True)
    )


def listed_by_file(bundle: Bundle, facts: list[object]) -> tuple[BundleFile, ...]:
    """What version 1 says: a table for each file, which must be those of the layer in its layout."""
    layout = bundle.layout
    made = (name for form in layout.kinds for split in form.split for name in split.names)
    axes = tuple(dict.fromkeys((*FILE_AXES, *made)))  # what a file name can carry
    files = tuple(_file(entry, axes) for entry in facts)
    count = planned_count(layout, bundle.plan)
    if len(files) != count:
        raise FormatError(
            f"layout {layout.name} has {counted(count, 'file')} for this layer, not {len(files)}"
        )
    planned = planned_files(layout, bundle.plan, bundle.widths)
    for (kind, name, indices, lines), file in zip(planned, files, strict=True):
        expected = (name, kind, indices, lines)
        found = (file.name, file.kind, file.indices, file.lines)
        if found != expected:
            raise FormatError(f"file {found} must be {expected} (name, kind, indices, lines)")
    return files


def _file(facts: object, axes: tuple[str, ...]) -> BundleFile:
    types = {"name": str, "kind": str, "indices": dict, "lines": int, "sha256": str}
    table = check_keys(facts, "file", required=types)
    where = f"file {table['name']!r}"
    check_keys(
        table["indices"], f"{where}: indices", required={}, optional=dict.fromkeys(axes, int)
    )
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)*", table["name"], re.ASCII):
        raise FormatError(f"{where} must be a plain name, so that it stays inside the folder")
    if max(map(len, table["name"].split("/"))) > LONGEST_NAME:
        raise FormatError(f"{printable(where, 60)} must have at most {LONGEST_NAME} characters")
    if not re.fullmatch("[0-9a-f]{64}", table["sha256"]):
        raise FormatError(f"{where}: sha256 must be 64 hexadecimal digits, not {table['sha256']!r}")
    return BundleFile(**table)
