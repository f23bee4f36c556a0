"""A layout as TOML text, with its geometry in a comment."""

from __future__ import annotations

import json

from tilewright.vectors import Layout


def layout_toml(layout: Layout, geometry: str) -> str:
    """The text of a layout file, which `load_layout` reads back.

    >>> from tilewright.vectors import load_layout
    >>> layout_toml(load_layout("readmemb"), "ic=1").splitlines()[0]
    '# geometry: ic=1'
    """
    lines = [f"# geometry: {geometry}"]
    tables: list[str] = []
    for key, value in layout.to_facts().items():
        if not isinstance(value, dict):
            lines.append(f"{key} = {json.dumps(value)}")
            continue
        tables += ["", f"[{key}]"]
        tables += [f"{name} = {json.dumps(entry)}" for name, entry in value.items() if entry != []]
    return "\n".join([*lines, *tables, ""])
