"""Names within modules that are not given, taken out of a testbench before it is elaborated.

pyslang would drop the whole block that holds such a name. Lines stay where they are.
"""

from __future__ import annotations

from typing import Any

UNKNOWN_NAME = "tilewright_unknown"
UNKNOWN_MEMORY = "tilewright_memory"
_MEMORY_CALLS = ("$readmemh", "$readmemb", "$writememh", "$writememb")


class _Names:
    """Modules, instances and names within them, of all files; calls and cuts of the first."""

    def __init__(self, slang: Any, sources: Any) -> None:
        self.syntax, self.sources = slang.syntax, sources
        self.instances: dict[str, str] = {}
        self.modules: dict[str, int] = {}
        self.scoped: list[tuple[str, Any]] = []
        self.calls: list[Any] = []

    def visit(self, node: Any) -> None:
        syntax = self.syntax
        if isinstance(node, syntax.ModuleDeclarationSyntax):
            self.modules[node.header.name.valueText] = node.endmodule.location.offset
        elif isinstance(node, syntax.HierarchyInstantiationSyntax):
            for instance in node.instances:
                if instance.decl is not None:
                    self.instances[instance.decl.name.valueText] = node.type.valueText
        elif isinstance(node, syntax.ScopedNameSyntax):
            self.scoped.append((_root_name(syntax, node), node))
        elif isinstance(node, syntax.InvocationExpressionSyntax):
            self.calls.append(node)


def take_out_unknown_names(slang: Any, text: str, sources: Any, trees: list[Any]) -> str:
    """The text of the first tree with ``dut.name``, where dut is of a module that is not given, replaced.

    A value becomes an unknown variable, a memory that `$readmem` fills an unknown memory, a call of a
    task a look at its arguments, a call of a function an unknown variable.
    """
    names = _Names(slang, sources)
    trees[0].root.visit(names.visit)
    own_modules = list(names.modules.values())
    scoped, calls = list(names.scoped), list(names.calls)
    for tree in trees[1:]:
        tree.root.visit(names.visit)
    unknown = {name for name, module in names.instances.items() if module not in names.modules}
    cuts = [_cut_call(names, call, unknown) for call in calls]
    cuts += [_cut_name(names, root, node, unknown) for root, node in scoped]
    edits = [cut for cut in cuts if cut is not None and cut[1] > cut[0]]
    outermost = [
        e for e in edits if not any(o[:2] != e[:2] and o[0] <= e[0] and e[1] <= o[1] for o in edits)
    ]
    if not outermost:
        return text
    declared = f" integer {UNKNOWN_NAME}; reg [7:0] {UNKNOWN_MEMORY} [0:1]; "
    outermost += [(offset, offset, declared) for offset in own_modules]
    for start, end, new in sorted(dict.fromkeys(outermost), reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _cut_call(names: _Names, call: Any, unknown: set[str]) -> tuple[int, int, str] | None:
    """``dut.task(a, b);`` becomes a look at a and b; ``x = dut.function(a)`` an unknown value."""
    is_scoped = isinstance(call.left, names.syntax.ScopedNameSyntax)
    if not is_scoped or _root_name(names.syntax, call.left) not in unknown:
        return None
    if isinstance(call.parent, names.syntax.ExpressionStatementSyntax):
        start, end = _offsets(names.sources, call.left)
        return start, end, "$strobe"
    return (*_offsets(names.sources, call), UNKNOWN_NAME)


def _cut_name(
    names: _Names, root: str, node: Any, unknown: set[str]
) -> tuple[int, int, str] | None:
    if root not in unknown:
        return None
    above = node.parent
    while above is not None and type(above).__name__ in _WRAPPERS:
        above = above.parent
    if isinstance(above, names.syntax.InvocationExpressionSyntax):
        if above.left == node:
            return None
        if str(above.left).strip() in _MEMORY_CALLS:
            return (*_offsets(names.sources, node), UNKNOWN_MEMORY)
    return (*_offsets(names.sources, node), UNKNOWN_NAME)


_WRAPPERS = (
    *("SimpleSequenceExprSyntax", "SimplePropertyExprSyntax", "OrderedArgumentSyntax"),
    *("ArgumentListSyntax", "SyntaxListSyntax", "SeparatedListSyntax"),
)


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
