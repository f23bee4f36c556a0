"""A testbench as pyslang sees it: parsed, elaborated, with names of unknown modules taken out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.errors import FormatError, ToolError

MAX_TESTBENCH_BYTES = 4 << 20
UNKNOWN_NAME = "tilewright_unknown"
_RELAXED = (
    "RelaxStringConversions",  # as Icarus: a string is a vector
    "RelaxEnumConversions",
    "IgnoreUnknownModules",  # the design under test is not given
    "AllowUseBeforeDeclare",
)


@dataclass(frozen=True, slots=True)
class Testbench:
    """An elaborated testbench.

    tops: instance bodies of the top modules. sources: pyslang's source manager. notes: (line,
    message) of what pyslang refused but could go around.
    """

    path: Path
    tops: tuple[Any, ...]
    sources: Any
    notes: tuple[tuple[int, str], ...]
    compilation: Any  # keeps the tree alive

    def line(self, node: Any) -> int:
        """Line of a node of the tree in the testbench, from 1."""
        location = self.sources.getFullyOriginalLoc(node.sourceRange.start)
        return int(self.sources.getLineNumber(self.sources.getFullyExpandedLoc(location)))


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


def read_testbench(path: Path) -> Testbench:
    """Parse and elaborate the testbench in `path`.

    Modules that are not in it (the design under test) may be missing; what is read from inside them
    counts as unknown. Raises `ToolError` without pyslang, `FormatError` in one line for text that
    is no Verilog.
    """
    slang = import_pyslang()
    text = _read_text(path)
    sources, tree = _parse(slang, text, path)
    _refuse_syntax_errors(slang, path, sources, tree)
    closed = _take_out_unknown_names(slang, text, sources, tree)
    if closed != text:
        sources, tree = _parse(slang, closed, path)
    options = slang.ast.CompilationOptions()
    for name in _RELAXED:
        options.flags |= getattr(slang.ast.CompilationFlags, name)
    compilation = slang.ast.Compilation(slang.Bag([options]))
    compilation.addSyntaxTree(tree)
    tops = tuple(instance.body for instance in compilation.getRoot().topInstances)
    if not tops:
        raise FormatError(f"{path} must hold a module that no other one instantiates; it has none")
    notes = tuple(_errors(slang, sources, compilation.getAllDiagnostics()))
    return Testbench(path, tops, sources, notes, compilation)


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


def _parse(slang: Any, text: str, path: Path) -> tuple[Any, Any]:
    sources = slang.SourceManager()
    return sources, slang.syntax.SyntaxTree.fromText(text, sources, path.name, str(path))


def _refuse_syntax_errors(slang: Any, path: Path, sources: Any, tree: Any) -> None:
    for line, message in _errors(slang, sources, tree.diagnostics):
        if "no such file" in message:
            continue  # an include of the design under test
        raise FormatError(
            f"the testbench must be Verilog that parses, but {path}:{line}: {message}"
        )


def _errors(slang: Any, sources: Any, diagnostics: Any) -> Iterator[tuple[int, str]]:
    engine = slang.DiagnosticEngine(sources)
    for diagnostic in diagnostics:
        if diagnostic.isError():
            line = int(sources.getLineNumber(diagnostic.location))
            yield line, engine.formatMessage(diagnostic).splitlines()[0]


def _take_out_unknown_names(slang: Any, text: str, sources: Any, tree: Any) -> str:
    """Replace ``dut.name``, where dut is of a module that is not given, by one unknown variable.

    pyslang would drop the whole block that holds such a name. Lines stay where they are.
    """
    syntax = slang.syntax
    instances: dict[str, str] = {}
    modules: dict[str, int] = {}
    names: list[tuple[str, int, int]] = []

    def visit(node: Any) -> None:
        if isinstance(node, syntax.ModuleDeclarationSyntax):
            modules[node.header.name.valueText] = node.endmodule.location.offset
        elif isinstance(node, syntax.HierarchyInstantiationSyntax):
            for instance in node.instances:
                if instance.decl is not None:
                    instances[instance.decl.name.valueText] = node.type.valueText
        elif isinstance(node, syntax.ScopedNameSyntax):
            names.append((_root_name(syntax, node), *_offsets(sources, node)))

    tree.root.visit(visit)
    unknown = {name for name, module in instances.items() if module not in modules}
    cuts = [(start, end) for root, start, end in names if root in unknown and end > start]
    outermost = [c for c in cuts if not any(o != c and o[0] <= c[0] and c[1] <= o[1] for o in cuts)]
    if not outermost:
        return text
    edits = [(start, end, UNKNOWN_NAME) for start, end in outermost]
    edits += [(offset, offset, f" integer {UNKNOWN_NAME}; ") for offset in modules.values()]
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _root_name(syntax: Any, node: Any) -> str:
    while isinstance(node, syntax.ScopedNameSyntax):
        node = node.left
    return str(getattr(getattr(node, "identifier", None), "valueText", ""))


def _offsets(sources: Any, node: Any) -> tuple[int, int]:
    """Where a node stands in the text; (0, 0) within a macro."""
    span = node.sourceRange
    if sources.isMacroLoc(span.start) or sources.isMacroLoc(span.end):
        return 0, 0
    return span.start.offset, span.end.offset
