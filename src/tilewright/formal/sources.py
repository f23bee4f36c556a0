"""Sources made ready for yosys: sizes set, memories left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tilewright.errors import ToolError

_PACKAGE = re.compile(r"^package\s+(\w+)", re.MULTILINE)
_IMPORT = re.compile(r"\bimport\s+(\w+)::\*;")


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


def without_imports(sources: Mapping[str, str]) -> dict[str, str]:
    """The sources with each imported name of a package written in full, packages first.

    yosys knows a package's types only as ``package::type``; Icarus 11 knows them only as imported.
    """
    packages = {file: text for file, text in sources.items() if _PACKAGE.search(text)}
    known = {_PACKAGE.findall(text)[0]: _names(text) for text in packages.values()}
    modules = {file: text for file, text in sources.items() if file not in packages}
    return packages | {file: _in_full(text, known) for file, text in modules.items()}


def _names(package: str) -> list[str]:
    """Types, constants and enumerated values of a package."""
    text = re.sub(r"//.*", "", package)
    enums = re.findall(r"enum[^{]*\{([^}]*)\}", text)
    values = [name for body in enums for name in re.findall(r"(\w+)\s*=", body)]
    types = re.findall(r"\}\s*(\w+)\s*;", text)
    return [*types, *values, *re.findall(r"localparam\s+int\s+(\w+)", text)]


def _in_full(text: str, packages: Mapping[str, Sequence[str]]) -> str:
    for package in re.findall(_IMPORT, text):
        text = re.sub(rf"\s*import\s+{package}::\*;", " ", text)
        names = "|".join(packages.get(package, ()))
        text = re.sub(rf"(?<![.\w:])({names})\b(?!\s*\()", rf"{package}::\1", text)
    return text


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
