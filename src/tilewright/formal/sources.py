"""Sources made ready for yosys: sizes set, memories left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tilewright.errors import ToolError


def module_name(text: str) -> str | None:
    """The name of the first module in a file, or None."""
    found = re.search(r"^\s*module\s+(\w+)", text, re.MULTILINE)
    return found[1] if found else None


def parameter_names(sources: Mapping[str, str], top: str) -> list[str]:
    """Integer parameters of module `top`; raises `ToolError` if no file holds it."""
    return re.findall(r"parameter\s+int\s+(\w+)", _header(_file_of(sources, top)[1], top))


def set_parameters(
    sources: Mapping[str, str], top: str, sizes: Mapping[str, int]
) -> dict[str, str]:
    """The sources, with other default values of the parameters of module `top`.

    Raises `ToolError` if no file holds the module, or it has no such parameter.
    """
    file, text = _file_of(sources, top)
    header = changed = _header(text, top)
    for name, size in sizes.items():
        changed, count = re.subn(
            rf"(parameter\s+int\s+{name}\s*=\s*)[^,\n]+", rf"\g<1>{size}", changed
        )
        if count != 1:
            raise ToolError(f"module {top} must have the parameter {name}, but has not: see {file}")
    return {**sources, file: text.replace(header, changed)}


def leave_out(sources: Mapping[str, str], modules: Sequence[str]) -> dict[str, str]:
    """The sources, with these modules as black boxes."""
    return {
        file: f"(* blackbox *)\n{text}" if module_name(text) in modules else text
        for file, text in sources.items()
    }


def _file_of(sources: Mapping[str, str], top: str) -> tuple[str, str]:
    for file, text in sources.items():
        if module_name(text) == top:
            return file, text
    raise ToolError(f"there must be a module {top} in {', '.join(sources)}, but there is none")


def _header(text: str, top: str) -> str:
    """From ``module top`` to the end of its ports."""
    start = text.index(f"module {top}")
    return text[start : text.index(");", start)]
