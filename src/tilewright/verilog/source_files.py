"""Which Verilog files of a folder a module needs: found by what they define, with what they include and read.

A folder of somebody's core has testbenches, older versions and other tops beside what is wanted, packages
in any order, headers in a folder of their own. So files are taken by need: those that define a name which a
file that is taken has in its text, and nothing else.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath

from tilewright.errors import ToolError

SOURCES = (".v", ".sv")
"""Files that are compiled, unless others include them."""
HEADERS = (".vh", ".svh")
"""Files that others include."""
CONTROL = (".vlt",)
"""Files that tell Verilator how to take sources: compiled with them."""
VHDL = (".vhd", ".vhdl")
_MOST_FILES = 20_000
_UNITS = re.compile(
    r"\b(?:macromodule|module|primitive|(?<!virtual\s)interface(?!\s+class\b)|program|package)\s+"
    r"(?:automatic\s+|static\s+)?(\w+)"
)
_PACKAGE = re.compile(r"\bpackage\s+(?:automatic\s+|static\s+)?(\w+)")
_QUALIFIED = re.compile(r"\b(\w+)\s*::")
_DEFINE = re.compile(r"`define\s+(\w+)")
_SHARED = re.compile(r"`define\b|\btypedef\b")
_ASIDE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_TEXT = re.compile(r'"([^"\\\n]+)"')
_ENTITY = re.compile(r"^\s*entity\s+(\w+)\s+is\b", re.MULTILINE | re.IGNORECASE)


def read_source(path: Path) -> str:
    """The text of a source: UTF-8 without its mark; else each byte is a character, as of old comments.

    Raises `ToolError` if it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ToolError(f"cannot read {path}: {error.strerror or error}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def is_source(file: str) -> bool:
    """Whether a file is compiled, by its name."""
    return file.lower().endswith(SOURCES)


def compiled(sources: Mapping[str, str]) -> list[str]:
    """The files that are compiled: all sources that no other file includes, and control files."""
    included = {one for file in sources for one in _mentioned(file, sources, sources)}
    kinds = (*SOURCES, *CONTROL)
    return [one for one in sources if one.lower().endswith(kinds) and one not in included]


def is_data(file: str) -> bool:
    """Whether a file is read when a simulation runs, by its name."""
    return not file.lower().endswith((*SOURCES, *HEADERS, *CONTROL))


def packages_of(text: str) -> list[str]:
    """The names of the packages that a source defines."""
    return _PACKAGE.findall(_ASIDE.sub(" ", text))


def named_files(text: str) -> list[str]:
    """What stands in quotes in a source: names of files that it includes or reads, and other text."""
    return _TEXT.findall(text)


def with_plain_names(texts: Mapping[str, str]) -> dict[str, str]:
    """The texts, in which files that stand in quotes have the names that they have here."""

    def named(found: re.Match[str]) -> str:
        name = PurePosixPath(found[1]).name
        return f'"{name}"' if name in texts and found[1] not in texts else found[0]

    return {file: _TEXT.sub(named, text) for file, text in texts.items()}


def needed(folder: Path, tops: Collection[str]) -> dict[str, str]:
    """The files that modules or packages `tops` need, as if in one folder; none if it has none of them.

    First sources in an order in which tools take them: a file comes after those with the macros and packages
    that it names. Then headers, and files that a source names in quotes (``$readmemh``). Tools look for such
    files in different places, so all have their plain names, or paths without slashes where two share one,
    in the texts too. Of several files that define a name the one that is least deep in folders counts. Raises
    `ToolError` if two are as deep, or one cannot be read.
    """
    names = list(_files_below(folder))
    kinds = (*SOURCES, *HEADERS)
    texts = {one: read_source(folder / one) for one in names if one.lower().endswith(kinds)}
    order = _closure(texts, tops)
    if not order:
        return {}
    headers = {file for file in texts if file.lower().endswith(HEADERS)}
    headers |= {one for file in order for one in _all_included(file, texts)}
    taken = [*order, *sorted(headers - set(order))]
    others = set(names) - texts.keys()
    data = {one for file in taken for one in _mentioned(file, texts, others)}
    plain = _plain_names([*taken, *sorted(data)])
    found = {plain[file]: _renamed(file, texts, plain) for file in taken}
    return found | {plain[one]: read_source(folder / one) for one in sorted(data)}


def _plain_names(files: Collection[str]) -> dict[str, str]:
    counts = Counter(PurePosixPath(file).name for file in files)
    names = {file: PurePosixPath(file).name for file in files}
    return {
        file: name if counts[name] == 1 else file.replace("/", "__") for file, name in names.items()
    }


def find_vhdl(folder: Path, names: Collection[str] | None = None) -> Path | None:
    """The first VHDL file in a folder and below; of those that have an entity of these names, if given."""
    for one in _files_below(folder):
        if one.lower().endswith(VHDL):
            entities = {name.lower() for name in _ENTITY.findall(read_source(folder / one))}
            if names is None or entities & {name.lower() for name in names}:
                return folder / one
    return None


def _files_below(folder: Path) -> Iterator[str]:
    """Paths within the folder, sorted, without hidden ones; raises `ToolError` if there are too many."""
    found = []
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        within = PurePosixPath(Path(here).relative_to(folder).as_posix())
        found += [str(within / name) for name in names if not name.startswith(".")]
        if len(found) > _MOST_FILES:
            raise ToolError(
                f"{folder} must be the folder of a core, but holds more than {_MOST_FILES:,} files"
            )
    return iter(sorted(found))


# -- by need --------------------------------------------------------------------------------------------


def _closure(texts: Mapping[str, str], tops: Collection[str]) -> list[str]:
    """The sources that `tops` need, in order."""
    plain = {file: _ASIDE.sub(" ", text) for file, text in texts.items()}
    included = {one for file in texts for one in _mentioned(file, texts, texts)}
    sources = [file for file in sorted(texts) if is_source(file) and file not in included]
    units = _makers(_UNITS, plain, sources)
    if units.keys().isdisjoint(tops):
        return []
    taken = [one for one in sources if not _UNITS.search(plain[one]) and _SHARED.search(plain[one])]
    words = {name for file in taken for name in _words(file, texts, plain)} | set(tops)
    while names := sorted(words & units.keys()):
        for name in names:
            file, *others = sorted(units.pop(name), key=lambda one: (one.count("/"), one))
            if others and others[0].count("/") == file.count("/"):
                raise ToolError(
                    f"{name} must be defined once, but {file} and {others[0]} both define it: give a folder "
                    "with one of them"
                )
            if file not in taken:
                taken.append(file)
                words |= _words(file, texts, plain)
    return _in_order(taken, plain)


def _words(file: str, texts: Mapping[str, str], plain: Mapping[str, str]) -> set[str]:
    """All names in a file and in what it includes."""
    closure = (file, *_all_included(file, texts))
    return {word for one in closure for word in re.findall(r"\w+", plain[one])}


def _makers(
    pattern: re.Pattern[str], plain: Mapping[str, str], files: Collection[str]
) -> dict[str, list[str]]:
    """Which files define which names."""
    found: dict[str, list[str]] = {}
    for file in files:
        for name in dict.fromkeys(pattern.findall(plain[file])):
            found.setdefault(name, []).append(file)
    return found


def _in_order(files: Collection[str], plain: Mapping[str, str]) -> list[str]:
    """Packages before modules, and before each file what defines its packages and macros."""
    packages, macros = _makers(_PACKAGE, plain, files), _makers(_DEFINE, plain, files)
    order: dict[str, None] = {}
    seen: set[str] = set()

    def put(file: str) -> None:
        if file in seen:
            return
        seen.add(file)
        before = [packages.get(name, []) for name in _QUALIFIED.findall(plain[file])]
        before += [macros.get(name, []) for name in re.findall(r"`(\w+)", plain[file])]
        for makers in before:
            if len(makers) == 1:
                put(makers[0])
        order[file] = None

    for file in sorted(files, key=lambda file: (not _PACKAGE.search(plain[file]), file)):
        put(file)
    return list(order)


# -- files that a text names ----------------------------------------------------------------------------


def _mentioned(file: str, texts: Mapping[str, str], files: Collection[str]) -> set[str]:
    """Those of `files` that stand in quotes in a source."""
    found = (_resolved(file, written, files) for written in _TEXT.findall(texts[file]))
    return {one for one in found if one is not None and one != file}


def _resolved(file: str, written: str, files: Collection[str]) -> str | None:
    """Beside the file that names it, from the folder itself, or the only one whose path ends so."""
    beside = os.path.normpath(PurePosixPath(file).parent / written)
    for one in (beside, os.path.normpath(written)):
        if one in files:
            return one
    steps = [part for part in PurePosixPath(written).parts if part not in ("..", ".")]
    tail = "/".join(("", *steps))
    is_name = "." in tail  # and no text for people, of which there are many
    ends = [one for one in files if is_name and f"/{one}".endswith(tail)]
    return ends[0] if len(ends) == 1 else None


def _all_included(file: str, texts: Mapping[str, str]) -> Iterator[str]:
    todo, seen = [file], {file}
    for one in todo:  # grows while it is walked
        for target in sorted(_mentioned(one, texts, texts)):
            if target not in seen:
                seen.add(target)
                todo.append(target)
                yield target


def _renamed(file: str, texts: Mapping[str, str], names: Mapping[str, str]) -> str:
    """The text, in which files have other names."""

    def named(found: re.Match[str]) -> str:
        target = _resolved(file, found[1], names)
        return found[0] if target is None else f'"{names[target]}"'

    return _TEXT.sub(named, texts[file])
