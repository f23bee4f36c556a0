"""A testbench as pyslang sees it: parsed, elaborated, with names of unknown modules taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilewright.errors import FormatError, ToolError, printable
from tilewright.verilog.macros import check_growth
from tilewright.verilog.unknown_names import UNKNOWN_MEMORY, take_out_unknown_names

_WAVES = re.compile(r"(\$dumpvars)(\s*\([^();\"]*\))")
"""Its scopes are often of modules that a testbench alone does not bring; no file is read there."""

__all__ = ["UNKNOWN_MEMORY", "Sources", "Testbench", "import_pyslang", "read_testbench"]

_SYSTEM_VERILOG = (".sv", ".svh")
_OLD_KEYWORDS = '`begin_keywords "1364-2005"'
_NEW_WORDS = re.compile(
    r"\b(bind|bit|break|byte|checker|class|const|context|continue|cover|do|expect|extends|final|global|import|"
    r"inside|int|join_any|local|logic|new|null|package|packed|priority|program|property|pure|rand|ref|return|"
    r"sequence|static|string|strong|super|tagged|this|throughout|timeprecision|type|union|unique|until|untyped|"
    r"var|virtual|void|weak|with|within)\b"
)
"""Names that Verilog of 2005 takes, and SystemVerilog does not."""
MAX_TESTBENCH_BYTES = 4 << 20
_RELAXED = (
    "RelaxStringConversions",  # as Icarus: a string is a vector
    "RelaxEnumConversions",
    "IgnoreUnknownModules",  # the design under test is not given
    "AllowUseBeforeDeclare",
)
_PARSER_FAILURES = (RuntimeError, ValueError, MemoryError, RecursionError, IndexError)


@dataclass(frozen=True, slots=True)
class Sources:
    """What a testbench needs besides itself.

    include_folders: where ``include`` looks, after the folder of the testbench. defines: "NAME" or
    "NAME=VALUE". files: further Verilog files, such as packages. plusargs: of the run, "NAME=VALUE" or
    "FLAG". Raises `FormatError` for a define without a name, and for a plusarg without text.
    """

    include_folders: tuple[Path, ...] = ()
    defines: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    plusargs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for plusarg in self.plusargs:
            if not plusarg.isprintable() or plusarg[:1] in ("", "+"):
                raise FormatError(f"a plusarg must be NAME=VALUE or FLAG, but is {plusarg!r}")
        for define in self.defines:
            if not define.partition("=")[0].isidentifier():
                raise FormatError(f"a define must be NAME or NAME=VALUE, but is {define!r}")


@dataclass(frozen=True, slots=True)
class Testbench:
    """An elaborated testbench.

    tops: instance bodies of the top modules. sources: pyslang's source manager. notes: (line,
    message) of what pyslang refused but could go around. connected: names that stand at ports of
    instances. missing: files that it includes and that are not found. tree: of the syntax of its file.
    others: names of further files in which something was found. plusargs: of the run.
    """

    path: Path
    tops: tuple[Any, ...]
    sources: Any
    notes: tuple[tuple[int, str], ...]
    connected: frozenset[str]
    missing: tuple[str, ...]
    compilation: Any  # keeps the tree alive
    tree: Any
    plusargs: tuple[str, ...] = ()
    others: list[str] = field(default_factory=list)

    def line(self, node: Any) -> int:
        """Line of a node of the tree in its file, from 1; in another file, as `place_of` takes it."""
        location = self.sources.getFullyOriginalLoc(node.sourceRange.start)
        location = self.sources.getFullyExpandedLoc(location)
        line, name = int(self.sources.getLineNumber(location)), _file_of(self.sources, location)
        if name in ("", self.path.name):
            return line
        if name not in self.others:
            self.others.append(name)
        return line + _LINES * (self.others.index(name) + 1)

    def place_of(self, line: int) -> tuple[str, int]:
        """File and line of what `line` gave: the testbench, or another source or included file."""
        other, line = divmod(line, _LINES)
        return (self.others[other - 1] if other else self.path.name), line


_OTHER_LANGUAGES = {".vhd": "VHDL", ".vhdl": "VHDL", ".py": "Python", ".c": "C"}
_OTHER_LANGUAGES |= dict.fromkeys((".cpp", ".cc", ".cxx", ".hpp"), "C++")
_LINES = 1 << 24
"""More than a file has."""


def _file_of(sources: Any, location: Any) -> str:
    return Path(str(sources.getFileName(location))).name


def import_pyslang() -> Any:
    """The module pyslang; raises `ToolError` that says how to install it."""
    try:
        import pyslang
    except ImportError:
        raise ToolError(
            "reading a testbench needs pyslang: pip install pyslang; "
            "or check against a layout instead"
        ) from None
    return pyslang


def read_testbench(path: Path, *, given: Sources | None = None) -> Testbench:
    """Parse and elaborate the testbench in `path`.

    Modules that are not given (the design under test) may be missing; what is read from inside them
    counts as unknown. So may files that it includes, as long as the rest parses. Raises `ToolError`
    without pyslang, `FormatError` in one line for text that is no Verilog, or needs a missing file.
    """
    language = _OTHER_LANGUAGES.get(path.suffix.lower())
    if language is not None and path.is_file():
        raise FormatError(
            f"the testbench must be Verilog or SystemVerilog, but {path} is {language}, which lint does not "
            f"follow: check its files against a layout (--layout), or run it on vectors (tilewright try)"
        )
    parser = _Parser(import_pyslang(), path, given or Sources())
    try:
        return parser.read()
    except _PARSER_FAILURES as error:
        raise FormatError(
            f"{path} must be Verilog that the parser can take, but it gave up: "
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from None


@dataclass(frozen=True, slots=True)
class _Parser:
    slang: Any
    path: Path
    given: Sources

    def read(self) -> Testbench:
        text = self._text(self.path)
        sources, tree = self._parse(text, self.path)
        missing = tuple(self._missing_includes(tree))
        self._refuse_syntax_errors(sources, tree, missing)
        others = [self._parse(self._text(file), file, sources)[1] for file in self.given.files]
        for other in others:
            self._refuse_syntax_errors(sources, other, tuple(self._missing_includes(other)))
        closed = take_out_unknown_names(self.slang, text, sources, [tree, *others])
        if closed != text:
            sources, tree = self._parse(closed, self.path)
            others = [self._parse(self._text(file), file, sources)[1] for file in self.given.files]
        return self._elaborate(sources, tree, others, missing)

    def _text(self, path: Path) -> str:
        """The text of a file; marked as older Verilog where it parses only if newer words are names."""
        text = _read_text(path)
        if path.suffix.lower() in _SYSTEM_VERILOG or not _NEW_WORDS.search(text):
            return text
        older = f"{_OLD_KEYWORDS} {text}"
        return older if self._is_wrong(text, path) and not self._is_wrong(older, path) else text

    def _is_wrong(self, text: str, path: Path) -> bool:
        sources, tree = self._parse(text, path)
        return any(code != _NO_INCLUDE for *_, code, _ in self._errors(sources, tree.diagnostics))

    def _elaborate(
        self, sources: Any, tree: Any, others: list[Any], missing: tuple[str, ...]
    ) -> Testbench:
        options = self.slang.ast.CompilationOptions()
        for name in _RELAXED:
            options.flags |= getattr(self.slang.ast.CompilationFlags, name)
        compilation = self.slang.ast.Compilation(self.slang.Bag([options]))
        for each in (*others, tree):
            compilation.addSyntaxTree(each)
        found = [instance.body for instance in compilation.getRoot().topInstances]
        own = {name for name, _ in _modules(self.slang, tree)}
        tops = tuple(body for body in found if body.definition.name in own)
        if not tops:
            raise FormatError(
                f"{self.path} must hold a module that no other one instantiates; it has none"
                + _named(missing)
            )
        errors = list(self._errors(sources, compilation.getAllDiagnostics()))
        notes = tuple((line, message) for _, line, code, message in errors if code != _NO_INCLUDE)
        if missing and notes:
            place = next(name for name, _, code, _ in errors if code != _NO_INCLUDE)
            line, message = notes[0]
            raise FormatError(
                f"the testbench must be complete, but {place}:{line}: {message}{_named(missing)}"
            )
        connected = frozenset(_connected(self.slang, [tree, *others]))
        return Testbench(
            self.path,
            tops,
            sources,
            notes,
            connected,
            missing,
            compilation,
            tree,
            self.given.plusargs,
        )

    def _parse(self, text: str, path: Path, sources: Any = None) -> tuple[Any, Any]:
        check_growth(text, path=str(path))
        slang = self.slang
        if sources is None:
            sources = slang.SourceManager()
        options = slang.parsing.PreprocessorOptions()
        options.predefines = [
            define if "=" in define else f"{define}=1" for define in self.given.defines
        ]
        options.additionalIncludePaths = [
            str(folder) for folder in (path.parent, *self.given.include_folders)
        ]
        bag = slang.Bag([options])
        seen = _WAVES.sub(lambda call: call[1] + re.sub(r"[^\n]", " ", call[2]), text)
        tree = slang.syntax.SyntaxTree.fromText(seen, sources, path.name, str(path), bag)
        return sources, tree

    def _missing_includes(self, tree: Any) -> Iterator[str]:
        for diagnostic in tree.diagnostics:
            if str(diagnostic.code) == _NO_INCLUDE:
                yield str(diagnostic.args[0])

    def _refuse_syntax_errors(self, sources: Any, tree: Any, missing: tuple[str, ...]) -> None:
        for place, line, code, message in self._errors(sources, tree.diagnostics):
            if code != _NO_INCLUDE:
                raise FormatError(
                    f"the testbench must be Verilog that parses, but {place}:{line}: {message}"
                    + _named(missing)
                )

    def _errors(self, sources: Any, diagnostics: Any) -> Iterator[tuple[Path | str, int, str, str]]:
        """File, line, code and text of each error."""
        engine = self.slang.DiagnosticEngine(sources)
        for diagnostic in diagnostics:
            if diagnostic.isError():
                location = sources.getFullyExpandedLoc(diagnostic.location)
                line, name = int(sources.getLineNumber(location)), _file_of(sources, location)
                message = printable(engine.formatMessage(diagnostic).splitlines()[0], 300)
                place = self.path if name in ("", self.path.name) else name
                yield place, line, str(diagnostic.code), message


_NO_INCLUDE = "DiagCode(CouldNotOpenIncludeFile)"


def _named(missing: tuple[str, ...]) -> str:
    if not missing:
        return ""
    return f"; it includes {missing[0]!r}, which is not found: give its folder with -I"


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FormatError(f"cannot read the testbench {path}: {error.strerror or error}") from None
    if len(content) > MAX_TESTBENCH_BYTES or b"\0" in content:
        raise FormatError(
            f"the testbench {path} must be Verilog text of at most {MAX_TESTBENCH_BYTES} bytes, "
            f"but has {len(content)} bytes{', some of them 0' if bytes(1) in content else ''}"
        )
    return content.decode("latin-1").encode("ascii", "replace").decode()  # offsets stay offsets


def _modules(slang: Any, tree: Any) -> Iterable[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []

    def visit(node: Any) -> None:
        if isinstance(node, slang.syntax.ModuleDeclarationSyntax):
            found.append((node.header.name.valueText, node))

    tree.root.visit(visit)
    return found


def _connected(slang: Any, trees: list[Any]) -> set[str]:
    """Names that stand at the ports of instances of the first tree; ``.*`` of a module that no tree has may
    be every name of the module around it."""
    names: set[str] = set()
    modules = {name: node for tree in reversed(trees) for name, node in _modules(slang, tree)}

    def visit_port(node: Any) -> None:
        if isinstance(
            node, slang.syntax.IdentifierNameSyntax | slang.syntax.IdentifierSelectNameSyntax
        ):
            names.add(node.identifier.valueText)

    def visit(node: Any) -> None:
        if isinstance(node, slang.syntax.HierarchyInstantiationSyntax):
            for instance in node.instances:
                instance.visit(visit_port)
        elif isinstance(node, slang.syntax.NamedPortConnectionSyntax) and node.expr is None:
            names.add(node.name.valueText)  # ``.clk`` for ``.clk(clk)``
        elif isinstance(node, slang.syntax.WildcardPortConnectionSyntax):
            module = _around(node, slang.syntax.HierarchyInstantiationSyntax)
            known = modules.get(module.type.valueText) if module is not None else None
            names.update(
                _declared(slang, known or _around(node, slang.syntax.ModuleDeclarationSyntax))
            )

    trees[0].root.visit(visit)
    return names


def _around(node: Any, kind: Any) -> Any:
    """The innermost node of that kind around another one; None if there is none."""
    while node is not None and not isinstance(node, kind):
        node = node.parent
    return node


def _declared(slang: Any, module: Any) -> set[str]:
    """Names of the ports of a module, or, where it has none, of all that is declared in it."""
    names: set[str] = set()
    ports: set[str] = set()

    def visit(node: Any) -> None:
        if isinstance(node, slang.syntax.DeclaratorSyntax):
            names.add(node.name.valueText)
            kinds = (slang.syntax.ImplicitAnsiPortSyntax, slang.syntax.PortDeclarationSyntax)
            if isinstance(node.parent, kinds):
                ports.add(node.name.valueText)

    if module is not None:
        module.visit(visit)
    return ports or names
