"""Sources made ready for yosys: sizes set, memories left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from tilewright.errors import ToolError
from tilewright.verilog.source_files import named_files
from tilewright.verilog.tokens import Token, tokenize

_PACKAGE = re.compile(r"^\s*package\s+(?:automatic\s+)?(\w+)", re.MULTILINE)
_NAMED = re.compile(r"\b(\w+)::")
_PROCESSES = frozenset(
    (
        "always",
        "always_ff",
        "always_comb",
        "always_latch",
        "assign",
        "initial",
        "module",
        "function",
        "task",
    )
)
_IMPORT = re.compile(r"\bimport\s+(\w+)::\*;")


def module_name(text: str) -> str | None:
    """The name of the first module in a file, or None."""
    return next(iter(module_names(text)), None)


def module_names(text: str) -> list[str]:
    """The names of the modules in a file."""
    tokens = tokenize(text, file="the source")
    return [name.text for word, name in pairwise(tokens) if word.text == "module"]


def module_at(text: str, place: int) -> str | None:
    """The module that holds the character at `place` of a file; None if none does, or an ``initial`` process.

    What holds of a module for every input holds of its registers' first values only if these are the same.
    """
    module, is_initial = None, False
    for token, after in pairwise(tokenize(text, file="the source")):
        if token.start > place:
            break
        if token.text == "module":
            module = after.text
        elif token.text == "endmodule":
            module = None
        if token.text in _PROCESSES:
            is_initial = token.text == "initial"
    off = text.rfind("translate_off", 0, place)
    is_left_out = off > text.rfind("translate_on", 0, place)
    return None if is_initial or is_left_out else module


def parameter_names(sources: Mapping[str, str], top: str) -> list[str]:
    """Integer parameters of module `top`; raises `ToolError` if no file holds it."""
    file, text = _file_of(sources, top)
    return [name.text for name, _ in _parameters(text, file, top)]


def set_parameters(
    sources: Mapping[str, str], top: str, sizes: Mapping[str, int]
) -> dict[str, str]:
    """The sources, with other default values of the parameters of module `top`.

    Raises `ToolError` if no file holds the module, or it has no such parameter.
    """
    file, text = _file_of(sources, top)
    places = {name.text: (start, end) for name, (start, end) in _parameters(text, file, top)}
    missing = [name for name in sizes if name not in places]
    if missing:
        raise ToolError(
            f"module {top} must have the parameter {missing[0]}, but has not: see {file}"
        )
    for name in sorted(sizes, key=places.__getitem__, reverse=True):
        start, end = places[name]
        text = text[:start] + str(sizes[name]) + text[end:]
    return {**sources, file: text}


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


def packages_first(sources: Mapping[str, str]) -> list[str]:
    """The names of files in an order in which tools take them, else as they are.

    A file comes after those with the packages that it names; one that others include or read is left out.
    """
    makers = {name: file for file, text in sources.items() for name in _PACKAGE.findall(text)}
    included = {name for text in sources.values() for name in named_files(text)}
    order: list[str] = []
    seen: set[str] = set()

    def take(file: str) -> None:
        if file in seen:
            return
        seen.add(file)
        for name in _NAMED.findall(sources[file]):
            if name in makers:
                take(makers[name])
        order.append(file)

    for file in sources:
        if file not in included:
            take(file)
    return order


def leave_out(sources: Mapping[str, str], modules: Sequence[str]) -> dict[str, str]:
    """The sources, with these modules as black boxes."""
    return {
        file: f"(* blackbox *)\n{text}" if module_name(text) in modules else text
        for file, text in sources.items()
    }


def _file_of(sources: Mapping[str, str], top: str) -> tuple[str, str]:
    for file, text in sources.items():
        if re.search(rf"\bmodule\s+{top}\b", text) and top in module_names(text):
            return file, text
    raise ToolError(f"there must be a module {top} in {', '.join(sources)}, but there is none")


def _parameters(text: str, file: str, top: str) -> Iterator[tuple[Token, tuple[int, int]]]:
    """Name, and place of the default value, of each ``parameter int`` in the header of `top`."""
    tokens = _header(tokenize(text, file=file), top)
    for index in range(len(tokens)):
        words = [t.text for t in tokens[index : index + 5] if t.text not in ("unsigned", "signed")]
        if words[:2] != ["parameter", "int"] or words[3:4] != ["="]:
            continue
        value = next(i for i in range(index, len(tokens)) if tokens[i].text == "=") + 1
        last = value
        while not _ends_value(tokens[last + 1], tokens[value].depth):
            last += 1
        yield tokens[value - 2], (tokens[value].start, tokens[last].end)


def _ends_value(token: Token, depth: int) -> bool:
    return token.depth < depth or (token.depth == depth and token.text in (",", ";"))


def _header(tokens: list[Token], top: str) -> list[Token]:
    """From ``module top`` to the semicolon after its ports; imports before them have semicolons too."""
    texts = [token.text for token in tokens]
    start = next(i for i in range(len(texts)) if texts[i : i + 2] == ["module", top])
    ports = next((i for i in range(start, len(texts)) if texts[i] == "("), start)
    end = next(i for i in range(ports, len(tokens)) if texts[i] == ";" and tokens[i].depth == 0)
    return tokens[start : end + 1]
